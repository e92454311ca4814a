public import SpecSearch
internal import Synchronization

/// A reward model whose scores are a function of the path.
///
/// ```swift
/// let rewardModel = ScriptedRewardModel { path in path.thoughts.last?.text.hasPrefix("good") == true ? 0.9 : 0.1 }
/// ```
public final class ScriptedRewardModel: RewardModel {
    public let aggregation: ScoreAggregation
    private let delay: Duration?
    private let sessions: SessionLog?
    private let score: @Sendable (ReasoningPath) -> Double
    private let log = Mutex<[[ReasoningPath]]>([])

    /// A reward model by its scores.
    ///
    /// - Parameters:
    ///   - delay: How long each call takes; a cancelled call ends at once.
    ///   - sessions: Where its sessions are noted; without it the model opens none.
    ///   - score: The score of a path's last thought.
    public init(
        aggregation: ScoreAggregation = .last, delay: Duration? = nil, sessions: SessionLog? = nil,
        score: @escaping @Sendable (ReasoningPath) -> Double
    ) {
        self.aggregation = aggregation
        self.delay = delay
        self.sessions = sessions
        self.score = score
    }

    /// The paths of every call so far.
    public var calls: [[ReasoningPath]] { log.withLock { $0 } }

    public func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        sessions?.open(ModelRole.rewardModel.rawValue)
    }

    public func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        log.withLock { $0.append(paths) }
        if let delay { try await Task.sleep(for: delay) }
        try Task.checkCancellation()
        var usage = Usage()
        usage[.rewardModel].evaluatedTokens = paths.reduce(0) { $0 + ($1.thoughts.last?.tokens.count ?? 0) }
        usage[.rewardModel].decodes = 1
        return StepScores(scores: paths.map(score), usage: usage)
    }
}
