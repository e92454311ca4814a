/// A process reward model (PRM): "how good is the last step of each of these paths?".
public protocol ThoughtEvaluator: SearchResource {
    /// How the scores of a path's steps rank the path, unless the search says otherwise: `.product` for likelihood
    /// verifiers, which forget earlier errors, `.last` for PRMs that judge the whole prefix.
    var defaultAggregation: ScoreAggregation { get }

    /// Scores the last thought of each path.
    ///
    /// - Returns: As many scores as there are paths, each in 0 ... 1 and finite.
    /// - Throws: ``EngineError`` where a score is missing or not finite (never 0 in its place), or `CancellationError`.
    func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores
}

/// What an evaluator answers.
public struct StepScores: Sendable {
    /// The probability that the last step is good, for each path.
    public var scores: [Double]
    /// What it cost.
    public var usage: Usage

    public init(scores: [Double], usage: Usage = Usage()) {
        self.scores = scores
        self.usage = usage
    }
}
