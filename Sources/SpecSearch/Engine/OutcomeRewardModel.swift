/// An outcome reward model (ORM) as a reward model: it is asked about finished paths only, and every step before scores
/// the same.
///
/// Outcome reward models are trained on whole solutions (Cobbe et al., "Training Verifiers to Solve Math Word Problems",
/// 2021). Until a path ends they rank nothing and reject nothing, so they suit searches that follow whole chains.
public struct OutcomeRewardModel: RewardModel {
    private let base: any RewardModel
    /// The score of a step that ends nothing.
    public let neutral: Double

    public init(_ base: any RewardModel, neutral: Double = 0.5) {
        self.base = base
        self.neutral = neutral
    }

    public var aggregation: ScoreAggregation { base.aggregation }

    public func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        try await base.openSession(for: problem)
    }

    public func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        let finished = paths.indices.filter { paths[$0].isFinished }
        var answer = StepScores(scores: Array(repeating: neutral, count: paths.count))
        guard !finished.isEmpty else { return answer }
        let found = try await base.score(finished.map { paths[$0] })
        guard found.scores.count == finished.count else {
            throw SpecSearchError(
                .badScore, "The outcome model gave \(found.scores.count) scores for \(finished.count) paths.",
                remedy: "This is a defect of the reward model.")
        }
        for (place, score) in zip(finished, found.scores) { answer.scores[place] = score }
        if let raw = found.rawScores, raw.count == finished.count {
            var all = answer.scores
            for (place, score) in zip(finished, raw) { all[place] = score }
            answer.rawScores = all
        }
        for (index, error) in found.lost { answer.lost[finished[index]] = error }
        answer.usage = found.usage
        return answer
    }
}
