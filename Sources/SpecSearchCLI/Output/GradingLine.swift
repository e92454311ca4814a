internal import Foundation
package import MathGrading

/// Grades one JSON object of `{"gold", "answer"}`.
package struct GradingLine: Sendable {
    private let grader: AnswerGrader

    package init(mode: GradingMode) { grader = AnswerGrader(mode: mode) }

    private struct Pair: Decodable {
        /// A text; a number or a truth value is taken as it is written.
        struct Text: Decodable {
            let text: String

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let string = try? container.decode(String.self) {
                    text = string
                } else if let flag = try? container.decode(Bool.self) {
                    text = flag ? "true" : "false"
                } else {
                    text = "\(try container.decode(Decimal.self))"
                }
            }
        }

        let gold: Text
        /// A missing answer is null, and wrong.
        let answer: Text?
        let hasAnswer: Bool

        enum CodingKeys: CodingKey { case gold, answer }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            gold = try container.decode(Text.self, forKey: .gold)
            hasAnswer = container.contains(.answer)
            answer = try container.decodeIfPresent(Text.self, forKey: .answer)
        }
    }

    /// The line with `equal` added, and what was wrong with it.
    package func graded(_ line: String) -> (line: String, error: String?) {
        let object = (try? JSONSerialization.jsonObject(with: Data(line.utf8))) as? [String: Any]
        guard let object else { return failure([:], "not a JSON object.") }
        guard let pair = try? JSONDecoder().decode(Pair.self, from: Data(line.utf8)), pair.hasAnswer else {
            return failure(object, "it needs \"gold\" and \"answer\", each a text or a number.")
        }
        // Foundation's numbers hold 38 digits.
        let digits = Self.numbers(in: line)
        let answer = pair.answer.map { digits["answer"] ?? $0.text }
        let isEqual = grader.accepts(candidate: answer, gold: digits["gold"] ?? pair.gold.text)
        // Inserted rather than encoded again: what else stands on the line stays as it was written.
        if object["equal"] == nil, let end = line.lastIndex(of: "}") {
            let head = line[..<end].trimmingCharacters(in: .whitespaces)
            return ("\(head), \"equal\": \(isEqual)}", nil)
        }
        return (object.merging(["equal": isEqual]) { $1 }.jsonLine, nil)
    }

    /// The numbers that stand right in a JSON object, as they are written, by their keys.
    private static func numbers(in line: String) -> [String: String] {
        let bytes = Array(line.utf8)
        var numbers: [String: String] = [:]
        var key: String?
        var text: String?
        var depth = 0
        var index = 0
        while index < bytes.count {
            let start = index
            index += 1
            switch bytes[start] {
            case UInt8(ascii: "\""):
                while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
                    index += bytes[index] == UInt8(ascii: "\\") ? 2 : 1
                }
                index = min(index + 1, bytes.count)
                text =
                    depth == 1 && index - start < 64
                    ? String(decoding: bytes[(start + 1)..<(index - 1)], as: UTF8.self) : nil
            case UInt8(ascii: ":"): key = text
            case UInt8(ascii: ","): key = nil
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                while index < bytes.count, "+-.eE0123456789".utf8.contains(bytes[index]) { index += 1 }
                if depth == 1, let key { numbers[key] = String(decoding: bytes[start..<index], as: UTF8.self) }
            default: break
            }
        }
        return numbers
    }

    private func failure(_ object: [String: Any], _ reason: String) -> (line: String, error: String?) {
        (object.merging(["equal": false, "error": reason]) { $1 }.jsonLine, reason)
    }
}
