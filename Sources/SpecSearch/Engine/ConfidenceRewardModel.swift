internal import Foundation

/// A judge for those who have two models and no reward model: how sure the model was that wrote a step.
///
/// The score is the geometric mean of the probabilities with which the step's tokens were drawn; it costs nothing. It says how
/// likely a step is to its writer, not whether it is right: what it is worth as a gate has to be measured for each pair.
/// After ConfSpec (2602.18447) and self-certainty (2502.18581).
public struct ConfidenceRewardModel: RewardModel {
    public let aggregation = ScoreAggregation.mean

    public init() {}

    /// - Throws: ``SpecSearchError`` `unsupported` for steps whose model does not tell their probability.
    public func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        StepScores(
            scores: try paths.map { path in
                guard let step = path.thoughts.last, let logProbability = step.logProbability, !step.tokens.isEmpty
                else {
                    throw SpecSearchError(
                        .unsupported, "The probability of a step is not known, so it has no confidence.",
                        remedy: "Judge by a reward model, or run the models in the embedded engine.")
                }
                return min(1, exp(logProbability / Double(step.tokens.count)))
            })
    }
}
