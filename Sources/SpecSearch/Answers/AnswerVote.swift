internal import MathGrading

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
    /// Answers of the same value are one answer, as ``MathGrading/MathAnswer`` has it, and it is given in its first form.
    ///
    /// - Parameter ballots: The paths' answers, and what each of them weighs.
    /// - Complexity: O(ballots · answers).
    package static func weighted(_ ballots: [(answer: String?, weight: Double)]) -> String? {
        var best: (answer: String, sum: Double)?
        for group in groups(of: ballots) where best.map({ group.sum > $0.sum }) ?? true { best = group }
        return best?.answer
    }

    /// Whether no more than `open` further ballots, of which each weighs 1 at most, can change the answer.
    package static func isDecided(_ ballots: [(answer: String?, weight: Double)], open: Int) -> Bool {
        let sums = groups(of: ballots).map(\.sum).sorted(by: >)
        guard let most = sums.first else { return false }
        // All of them may agree with the second, or on an answer of their own. A tie is left to who is named first.
        return most > (sums.dropFirst().first ?? 0) + Double(open)
    }

    /// The sums of the weights of equal answers, in the order in which they are first named.
    private static func groups(of ballots: [(answer: String?, weight: Double)]) -> [(answer: String, sum: Double)] {
        var groups: [(answer: String, value: MathAnswer, sum: Double)] = []
        var places: [String: Int] = [:]
        for (answer, weight) in ballots {
            guard let answer else { continue }
            let place =
                places[answer]
                ?? {
                    let value = MathAnswer(answer)
                    if let known = groups.firstIndex(where: { $0.value.equals(value) }) { return known }
                    groups.append((answer, value, 0))
                    return groups.count - 1
                }()
            places[answer] = place
            groups[place].sum += weight
        }
        return groups.map { ($0.answer, $0.sum) }
    }

    /// Whether two answers are one.
    package static func same(_ left: String, _ right: String) -> Bool {
        left == right || MathAnswer(left).equals(MathAnswer(right))
    }
}
