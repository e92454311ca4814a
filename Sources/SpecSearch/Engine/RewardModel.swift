/// A process reward model (PRM): "how good is the last step of each of these paths?".
public protocol RewardModel: InferenceModel {
    /// The way in which step scores rank a path, unless the search says otherwise: `.product` for likelihood verifiers, which forget
    /// earlier errors, `.last` for reward models that judge the whole prefix.
    var aggregation: ScoreAggregation { get }

    /// Scores the last thought of each path.
    ///
    /// A path that the model cannot read, since its text outgrows the context or holds what only the template may, is
    /// ``StepScores/lost``, and the others are scored.
    ///
    /// - Returns: As many scores as there are paths, each in 0 ... 1 and finite, and as many raw ones where there are any.
    /// - Throws: ``SpecSearchError`` where a score is missing or not finite (never 0 in its place), or
    ///   `CancellationError`.
    func score(_ paths: [ReasoningPath]) async throws -> StepScores
}

/// The result of ``RewardModel/score(_:)``.
public struct StepScores: Sendable {
    /// The probability that the last step is good, for each path.
    public var scores: [Double]
    /// Where ``scores`` are calibrated, what the model itself said: it ranks paths, while rejection goes by ``scores``.
    public var rawScores: [Double]?
    /// The paths that could not be read, by their places, and why; their ``scores`` mean nothing.
    public var lost: [Int: SpecSearchError]
    /// The cost of the call.
    public var usage: Usage

    public init(
        scores: [Double], rawScores: [Double]? = nil, lost: [Int: SpecSearchError] = [:], usage: Usage = Usage()
    ) {
        self.scores = scores
        self.rawScores = rawScores
        self.lost = lost
        self.usage = usage
    }
}
