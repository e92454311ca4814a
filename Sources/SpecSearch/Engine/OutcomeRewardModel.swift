/// An evaluator that judges outcomes: it is asked about finished paths only, and every step before scores the same.
///
/// Outcome reward models are trained on whole solutions (Cobbe et al., "Training Verifiers to Solve Math Word Problems",
/// 2021). Until a path ends they rank nothing and reject nothing, so they suit searches that follow whole chains.
public struct OutcomeEvaluator: ThoughtEvaluator, WrappingResource {
    private let base: any ThoughtEvaluator
    /// The score of a step that ends nothing.
    public let neutral: Double

    public init(_ base: any ThoughtEvaluator, neutral: Double = 0.5) {
        self.base = base
        self.neutral = neutral
    }

    public var defaultAggregation: ScoreAggregation { base.defaultAggregation }

    public var wrapped: any SearchResource { base }

    public func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        let finished = paths.indices.filter { paths[$0].isFinished }
        var answer = StepScores(scores: Array(repeating: neutral, count: paths.count))
        guard !finished.isEmpty else { return answer }
        let found = try await base.evaluate(finished.map { paths[$0] })
        guard found.scores.count == finished.count else {
            throw EngineError(
                .badScore, "The outcome model gave \(found.scores.count) scores for \(finished.count) paths.",
                remedy: "This is a defect of the evaluator.")
        }
        for (place, score) in zip(finished, found.scores) { answer.scores[place] = score }
        answer.usage = found.usage
        return answer
    }
}
