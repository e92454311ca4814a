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

/// Votes over the answers of several paths.
public enum AnswerVote {
    /// The answer with the largest sum of weights; the first named wins a tie, and paths without an answer do not vote.
    public static func weighted(_ ballots: [(answer: String?, weight: Double)]) -> String? {
        var sums: [String: Double] = [:]
        var order: [String] = []
        for (answer, weight) in ballots {
            guard let answer else { continue }
            if sums.updateValue((sums[answer] ?? 0) + weight, forKey: answer) == nil { order.append(answer) }
        }
        var best: (answer: String, sum: Double)?
        for answer in order {
            let sum = sums[answer] ?? 0
            if best.map({ sum > $0.sum }) ?? true { best = (answer, sum) }
        }
        return best?.answer
    }
}
