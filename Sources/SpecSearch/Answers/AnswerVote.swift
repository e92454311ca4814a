/// A rule that chooses a search's answer among its finished paths.
public enum AnswerRule: String, Sendable, Hashable, Codable, CaseIterable {
    /// The answer of the best path.
    case best
    /// The answer with the largest sum of path scores.
    case vote
    /// The answer that the most paths give.
    case majority
}

/// Votes over the answers of several paths.
package enum AnswerVote {
    /// The answer with the largest sum of weights; the first named wins a tie, and paths without an answer do not vote.
    ///
    /// - Parameters:
    ///   - ballots: The paths' answers, and what each of them weighs.
    ///   - form: Makes answers equal that mean the same; the winner is given in its first form.
    package static func weighted(
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
    package static func plainForm(_ answer: String) -> String {
        let text = answer.filter { !$0.isWhitespace && $0 != "$" }
        let groups = text.split(separator: ",", omittingEmptySubsequences: false)
        let isNumber =
            groups.count > 1 && groups.dropFirst().allSatisfy { $0.count == 3 && $0.allSatisfy(\.isNumber) }
            && (1...3).contains(groups[0].drop { $0 == "-" }.count)
            && groups[0].drop { $0 == "-" }.allSatisfy(\.isNumber)
        return isNumber ? groups.joined() : text
    }
}
