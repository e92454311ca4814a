internal import Foundation
package import SpecSearch

/// Scores one JSON object of `{"problem", "steps"}` by a reward model.
package struct ScoringLine: Sendable {
    private let rewardModel: any RewardModel
    private let aggregation: ScoreAggregation
    private let delimiter: String

    /// - Parameters:
    ///   - aggregation: How steps rank a path; nil for what suits the reward model.
    ///   - delimiter: What ends a step of the models that generate, for steps that come without it.
    package init(_ rewardModel: any RewardModel, aggregation: ScoreAggregation?, delimiter: String) {
        self.rewardModel = rewardModel
        self.aggregation = aggregation ?? rewardModel.aggregation
        self.delimiter = delimiter
    }

    private struct Solution: Decodable {
        let problem: String
        let steps: [String]
        let finished: Bool?
    }

    /// The line with `scores`, one for each step, and the path's `score` added, or with `error`.
    ///
    /// - Throws: What says that no line can be scored; `CancellationError`.
    package func scored(_ line: String) async throws -> (line: String, error: String?) {
        let data = Data(line.utf8)
        let object = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any]
        guard var object else { return failure([:], "not a JSON object.") }
        guard let solution = try? JSONDecoder().decode(Solution.self, from: data) else {
            return failure(object, "it needs \"problem\", a text, and \"steps\", a list of texts.")
        }
        let paths = paths(solution)
        guard !paths.isEmpty else { return failure(object, "it has no step with words in it.") }
        let answer = try await rewardModel.score(paths)
        if let error = answer.lost.min(by: { $0.key < $1.key }) {
            return failure(object, "step \(error.key + 1): \(error.value)")
        }
        object["scores"] = answer.scores
        object["score"] = aggregation(answer.scores)
        return (object.jsonLine, nil)
    }

    /// The path up to each of the steps.
    private func paths(_ solution: Solution) -> [ReasoningPath] {
        var path = ReasoningPath(problem: Problem(text: solution.problem))
        let steps = solution.steps.filter { !$0.allSatisfy(\.isWhitespace) }
        return steps.enumerated().map { place, text in
            let isEnd = place == steps.count - 1 && solution.finished ?? true
            let isDelimited = text.hasSuffix(delimiter)
            // A model that goes on after its answer ends by the delimiter, others by their end of sequence.
            path.thoughts.append(
                Thought(
                    text: isEnd || isDelimited ? text : text + delimiter, tokens: [],
                    stop: isEnd ? (isDelimited ? .answer : .endOfSequence) : .delimiter, source: .target))
            return path
        }
    }

    private func failure(_ object: [String: Any], _ reason: String) -> (line: String, error: String?) {
        (object.merging(["error": reason]) { $1 }.jsonLine, reason)
    }
}
