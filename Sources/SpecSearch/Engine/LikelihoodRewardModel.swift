internal import Foundation

/// A judge for those who have two models and no reward model: the writer where it is sure either way, else the target, which
/// reads the step.
///
/// A draft's score is its confidence (``ConfidenceRewardModel``) outside of ``uncertain``, and within it the geometric mean of the
/// probabilities that the target's own distribution, at temperature 1 and without filters, gives its tokens; a step of the target has its own confidence. Reading is one pass, whose
/// tokens cost less than written ones: far less on a GPU, hardly on a few cores. What it says is how likely a step is, not whether it
/// is right. After ConfSpec (2602.18447) and SpecGuard (2604.15244).
public struct LikelihoodRewardModel: RewardModel {
    public let aggregation = ScoreAggregation.mean
    /// The confidences of drafts for which the target is asked.
    public let uncertain: ClosedRange<Double>
    private let target: any LanguageModel
    private let confidence = ConfidenceRewardModel()

    public init(target: any LanguageModel, uncertain: ClosedRange<Double> = 0.5...0.95) {
        self.target = target
        self.uncertain = uncertain
    }

    public func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        try await target.openSession(for: problem)
    }

    /// - Throws: ``SpecSearchError`` `unsupported` for models that do not tell probabilities.
    public func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        var answer = try await confidence.score(paths)
        let asked = paths.indices.filter {
            paths[$0].thoughts.last?.source == .draft && uncertain.contains(answer.scores[$0])
        }
        guard !asked.isEmpty else { return answer }
        // The target's own distribution: filters would call impossible whatever lies outside of the likeliest.
        let found = try await target.logLikelihoods(
            of: asked.map { paths[$0] }, sampling: SamplingParameters(temperature: 1))
        guard found.values.count == asked.count else {
            throw SpecSearchError(
                .badScore, "The target gave \(found.values.count) likelihoods for \(asked.count) steps.",
                remedy: "This is a defect of the engine.")
        }
        for (place, value) in zip(asked, found.values) {
            let tokens = paths[place].thoughts.last?.tokens.count ?? 0
            answer.scores[place] = min(1, exp(value / Double(max(1, tokens))))
        }
        answer.usage += found.usage
        return answer
    }
}
