/// What a search found, and what it cost.
public struct SearchResult: Sendable, Hashable, Codable {
    /// Why the search ended.
    public enum End: String, Sendable, Hashable, Codable {
        /// The search came to its end with a finished path.
        case finished
        /// No node had a usable child any more.
        case dead
        /// The depth limit.
        case depth
        /// The wall-clock budget.
        case deadline
        /// The token budget.
        case tokens
        /// The budget of thoughts.
        case thoughts
        /// The task was cancelled.
        case cancelled
    }

    /// A path with its score.
    public struct ScoredPath: Sendable, Hashable, Codable {
        public var steps: [Step]
        public var score: Double
        /// The answer that the path gives, if it is finished and gives one.
        public var answer: String?
    }

    /// What became of the drafts; counts of samples, duplicates included, except `unique`.
    public struct Acceptance: Sendable, Hashable, Codable {
        /// Drafts that were candidates.
        public var judged = 0
        /// Different texts among them: what the reward model had to read.
        public var unique = 0
        /// Drafts at or above the threshold.
        public var kept = 0
        /// Candidates that the large model wrote in place of rejected drafts.
        public var corrections = 0

        public init() {}
    }

    /// The best finished path, among those with ``answer`` where there is one; where none is finished, the best
    /// unfinished one.
    public var best: ScoredPath
    /// Whether ``best`` is finished.
    public var isFinished: Bool
    /// The answer, by the search's ``AnswerRule``.
    public var answer: String?
    /// The answer with the largest sum of path scores over the finished paths.
    public var vote: String?
    /// All finished paths, best first.
    public var paths: [ScoredPath]
    public var end: End
    public var usage: Usage
    /// Seconds by phase; what is left of ``seconds`` is the search itself.
    public var phases: [SearchPhase: Double]
    /// Wall-clock seconds of the whole search.
    public var seconds: Double
    public var acceptance: Acceptance
    public var depths: [Depth]

    /// The result with every time set to zero: what must be equal between two runs of one search.
    public var withoutTimes: SearchResult {
        var result = self
        result.seconds = 0
        result.phases = result.phases.mapValues { _ in 0 }
        for role in ModelRole.allCases where result.usage.models[role] != nil { result.usage[role].seconds = 0 }
        return result
    }
}
