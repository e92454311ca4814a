internal import Foundation

/// Reads the answer from a finished path's text.
public struct AnswerExtraction: Sendable, Hashable {
    /// The text before an answer, such as "The answer is "; nil looks for a box and for numbers.
    public var prefix: String?

    public init(prefix: String? = nil) {
        self.prefix = prefix
    }

    /// The answer: what follows the last `prefix` on its line, else the last `\boxed{}`, else the last number.
    ///
    /// An unterminated box is no answer, and does not fall back.
    public func answer(in text: String) -> String? {
        if let prefix, let range = text.range(of: prefix, options: .backwards) {
            let line = text[range.upperBound...].prefix { !$0.isNewline }.trimmingCharacters(in: .whitespaces)
            let answer = line.hasSuffix(".") ? String(line.dropLast()) : line
            return answer.isEmpty ? nil : answer
        }
        if let box = text.range(of: "\\boxed{", options: .backwards) { return Self.balanced(text[box.upperBound...]) }
        return text.matches(of: /-?[0-9][0-9,]*(?:\.[0-9]+)?/).last.map { String($0.output) }
    }

    private static func balanced(_ text: Substring) -> String? {
        var depth = 1
        for index in text.indices {
            if text[index] == "{" { depth += 1 }
            if text[index] == "}" { depth -= 1 }
            if depth == 0 { return String(text[..<index]) }
        }
        return nil
    }
}

/// How a search's answer is chosen among its finished paths.
public enum AnswerRule: String, Sendable, Hashable, Codable, CaseIterable {
    /// The answer of the best path.
    case best
    /// The answer with the largest sum of path scores.
    case vote
    /// The answer that the most paths give.
    case majority
}

/// Votes over the answers of several paths.
public enum AnswerVote {
    /// The answer with the largest sum of weights; the first named wins a tie, and paths without an answer do not vote.
    ///
    /// - Parameters:
    ///   - ballots: The paths' answers, and what each of them weighs.
    ///   - form: Makes answers equal that mean the same; the winner is told as it was first written.
    public static func weighted(
        _ ballots: [(answer: String?, weight: Double)], form: (String) -> String = plainForm
    ) -> String? {
        var sums: [String: Double] = [:]
        var order: [(form: String, answer: String)] = []
        for (answer, weight) in ballots {
            guard let answer else { continue }
            let form = form(answer)
            if sums.updateValue((sums[form] ?? 0) + weight, forKey: form) == nil { order.append((form, answer)) }
        }
        var best: (answer: String, sum: Double)?
        for (form, answer) in order {
            let sum = sums[form] ?? 0
            if best.map({ sum > $0.sum }) ?? true { best = (answer, sum) }
        }
        return best?.answer
    }

    /// The answer without white space and dollar signs, and a whole number without separators of thousands.
    public static func plainForm(_ answer: String) -> String {
        let text = answer.filter { !$0.isWhitespace && $0 != "$" }
        let groups = text.split(separator: ",", omittingEmptySubsequences: false)
        let isNumber =
            groups.count > 1 && groups.dropFirst().allSatisfy { $0.count == 3 && $0.allSatisfy(\.isNumber) }
            && (1...3).contains(groups[0].drop { $0 == "-" }.count)
            && groups[0].drop { $0 == "-" }.allSatisfy(\.isNumber)
        return isNumber ? groups.joined() : text
    }
}
