/// The findings of a search, by the nodes of its tree, and its cost: the end of every trace.
public struct SearchOutcome: Sendable, Hashable, Codable {
    /// The reason why a search ended.
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

    /// A path by its last node.
    public struct Path: Sendable, Hashable, Codable {
        public var node: NodeID
        public var score: Double
        /// The answer that the path gives, if it is finished and gives one.
        public var answer: String?
    }

    /// The fates of the drafts; counts of samples, duplicates included, except `unique`.
    public struct Acceptance: Sendable, Hashable, Codable {
        /// Drafts that were candidates.
        public var judged = 0
        /// Different texts among them: what the reward model had to read.
        public var unique = 0
        /// Drafts that the rule keeps.
        public var kept = 0
        /// Candidates that the target generated in place of rejected drafts.
        public var corrections = 0
        /// Those of them that score no higher than the best draft that was rejected in their place.
        public var wasted = 0
        /// Drafts that were given up before their end; they are among the judged.
        public var early = 0

        public init() {}

        public init(from decoder: any Decoder) throws {
            let values = try decoder.container(keyedBy: CodingKeys.self)
            judged = try values.decode(Int.self, forKey: .judged)
            unique = try values.decode(Int.self, forKey: .unique)
            kept = try values.decode(Int.self, forKey: .kept)
            corrections = try values.decode(Int.self, forKey: .corrections)
            // Earlier versions did not count them.
            wasted = try values.decodeIfPresent(Int.self, forKey: .wasted) ?? 0
            early = try values.decodeIfPresent(Int.self, forKey: .early) ?? 0
        }
    }

    /// Branches that one model could not go on with, for one reason; where that is the draft, the target may have.
    public struct Lost: Sendable, Hashable, Codable {
        public var role: ModelRole
        /// The code of the error, such as `contextOverflow`.
        public var code: String
        public var branches: Int
        /// The first one's error, in words.
        public var message: String
    }

    /// The account of one depth of a search, over all its nodes; counts and means are of samples, duplicates included.
    public struct Depth: Sendable, Hashable, Codable {
        public var depth: Int
        /// β̂ at the depth's first batch; nil where nothing, or everything, is rejected, and in searches without
        /// rejection.
        public var threshold: Double?
        /// The score that a draft had to reach: β̂ less the rule's margin; of several batches the mean over the target's thoughts.
        public var bound: Double?
        /// Drafts handed to the search; for the method `draft`, all.
        public var keptDrafts: Int
        /// Thoughts that the target generated.
        public var targetThoughts: Int
        public var meanDraftScore: Double?
        public var meanTargetScore: Double?
        /// The sample standard deviation of the target's scores; nil for fewer than two.
        public var targetDeviation: Double?
        /// Drafts that the reward model judged; nil in searches without rejection.
        public var judgedDrafts: Int?
        /// Drafts at or above the bound.
        public var acceptedDrafts: Int?
        /// Judged drafts that score at or above the mean of the target's thoughts at this depth; nil without those.
        ///
        /// Where only corrections are generated that mean is of the nodes whose drafts were rejected; under the estimator
        /// `infinite` it is of all nodes.
        public var draftsAboveTarget: Int?
        /// The number of times that the search expanded nodes of this depth, all at once each time.
        public var batches: Int?

        /// An account put together from its figures; the rest can be set.
        package init(
            depth: Int, threshold: Double?, bound: Double? = nil, keptDrafts: Int, targetThoughts: Int,
            meanDraftScore: Double? = nil, meanTargetScore: Double?
        ) {
            self.depth = depth
            self.threshold = threshold
            self.bound = bound
            self.keptDrafts = keptDrafts
            self.targetThoughts = targetThoughts
            self.meanDraftScore = meanDraftScore
            self.meanTargetScore = meanTargetScore
        }
    }

    /// The best finished path, among those with ``answer`` where there is one; where none is finished, the best
    /// unfinished one.
    public var best: Path
    /// Whether ``best`` is finished.
    public var isFinished: Bool
    /// The answer, by the search's ``AnswerRule``.
    public var answer: String?
    /// The answer with the largest sum of path scores over the finished paths.
    public var vote: String?
    /// All finished paths, best first.
    public var paths: [Path]
    public var end: End
    public var usage: Usage
    /// Seconds by phase; what is left of ``seconds`` is the search itself.
    public var phases: [SearchPhase: Double]
    /// Wall-clock seconds of the whole search.
    public var seconds: Double
    public var acceptance: Acceptance
    public var depths: [Depth]
    /// The branches that outgrew a model's context, or that the reward model could not read; nil where there were none.
    ///
    /// A branch that only the draft could not continue is here, too, though it went on with the target's thoughts.
    public var lost: [Lost]?
    /// What the method auto chose, batch by batch; nil for other methods.
    public var choices: [MethodChoice]?
    /// The paths that were not followed to their end, since they could not change the answer any more; nil for none.
    public var undecisive: Int?

    /// The outcome with every time set to zero: what must be equal between two runs of one search.
    public var withoutTimes: SearchOutcome {
        var result = self
        result.seconds = 0
        result.phases = result.phases.mapValues { _ in 0 }
        for role in ModelRole.allCases where result.usage.models[role] != nil { result.usage[role].seconds = 0 }
        return result
    }
}

extension SearchOutcome.Lost {
    /// Losses by model and reason, in the order of their first; nil for none.
    static func summary(of losses: [SearchEvent.Lost]) -> [SearchOutcome.Lost]? {
        var lost: [SearchOutcome.Lost] = []
        for loss in losses {
            if let place = lost.firstIndex(where: { $0.role == loss.role && $0.code == loss.code }) {
                lost[place].branches += loss.nodes.count
            } else {
                lost.append(Self(role: loss.role, code: loss.code, branches: loss.nodes.count, message: loss.message))
            }
        }
        return lost.isEmpty ? nil : lost
    }
}
