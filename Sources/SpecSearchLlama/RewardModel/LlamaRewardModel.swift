public import SpecSearch

/// A reward model of a ``LlamaEngine``, or its target as a judge: a handle, cheap to copy.
///
/// ```swift
/// let scores = try await engine.judge?.score(paths).scores    // 0 … 1 for each path's last step
/// ```
/// A path whose text outgrows the model's context, or holds its step token, is ``StepScores/lost``.
public struct LlamaRewardModel: RewardModel {
    /// The engine that it belongs to.
    public let engine: LlamaEngine
    /// The role that its work is charged to: that of the target for a judge.
    public let role: ModelRole
    public let aggregation: ScoreAggregation

    init(engine: LlamaEngine, role: ModelRole, aggregation: ScoreAggregation) {
        self.engine = engine
        self.role = role
        self.aggregation = aggregation
    }

    public func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        try engine.openSession(for: problem)
    }

    public func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        try await engine.withWorker(for: paths.first?.problem) { worker, cancellation in
            role == .rewardModel
                ? try await worker.score(paths, cancellation: cancellation)
                : try await worker.judge(paths, cancellation: cancellation)
        }
    }

    /// What a head of the kind `head` reads after the last step of each path: to train another on.
    ///
    /// - Returns: Hidden states, each of the length of the model's; nil for a path that the model cannot read.
    /// - Throws: ``SpecSearchError`` `unsupported` for a reward model of another kind; `CancellationError`.
    public func hiddenStates(of paths: [ReasoningPath]) async throws -> [[Float]?] {
        try await engine.withWorker(for: paths.first?.problem) { worker, cancellation in
            try await worker.hiddenStates(of: paths, cancellation: cancellation)
        }
    }
}
