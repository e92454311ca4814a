extension SearchResult {
    /// The account of one depth of a search, over all its nodes; counts and means are of samples, duplicates included.
    public struct Depth: Sendable, Hashable, Codable {
        public var depth: Int
        /// β̂ at the depth's first batch; nil where nothing, or everything, is rejected, and in searches without
        /// rejection.
        public var threshold: Double?
        /// What a draft had to reach: β̂ less the policy's margin; of several batches the mean over the large model's
        /// thoughts.
        public var bound: Double?
        /// Drafts handed to the search; for the method `draft`, all.
        public var keptDrafts: Int
        /// Thoughts that the large model wrote.
        public var targetThoughts: Int
        public var meanDraftScore: Double?
        public var meanTargetScore: Double?
        /// The sample standard deviation of the large model's scores; nil for fewer than two.
        public var targetDeviation: Double?
        /// Drafts that the reward model judged; nil in searches without rejection.
        public var judgedDrafts: Int?
        /// Drafts at or above the bound.
        public var acceptedDrafts: Int?
        /// Judged drafts that score above the mean of the large model's thoughts at this depth; nil without those.
        ///
        /// Where only corrections are written that mean is of the nodes whose drafts were rejected; under the estimator
        /// `infinite` it is of all nodes.
        public var draftsAboveTarget: Int?
        /// How often the search expanded nodes of this depth, all at once each time.
        public var batches: Int?
    }
}

/// The scores behind one depth's account.
struct DepthAccount {
    let depth: Int
    var threshold: Double?
    var keptDrafts: [Double]
    var targetThoughts: [Double]
    fileprivate var judged: [Double]?
    fileprivate var accepted: Int
    /// Each batch's bound, and how many thoughts the large model wrote there.
    private var bounds: [(bound: Double, weight: Int)]
    fileprivate var batches = 1

    init(
        depth: Int, threshold: Double? = nil, bound: Double? = nil, keptDrafts: [Double] = [],
        targetThoughts: [Double] = [], judged: [Double]? = nil, accepted: Int = 0
    ) {
        self.depth = depth
        self.threshold = threshold
        self.keptDrafts = keptDrafts
        self.targetThoughts = targetThoughts
        self.judged = judged
        self.accepted = accepted
        bounds = bound.map { [($0, targetThoughts.count)] } ?? []
    }

    /// Takes in a later batch of the same depth.
    mutating func merge(_ other: DepthAccount) {
        keptDrafts += other.keptDrafts
        targetThoughts += other.targetThoughts
        if let more = other.judged { judged = (judged ?? []) + more }
        accepted += other.accepted
        bounds += other.bounds
        batches += other.batches
    }

    fileprivate var bound: Double? {
        let weighted = bounds.filter { $0.weight > 0 }
        if weighted.isEmpty { return Self.mean(bounds.map(\.bound)) }
        return Self.mean(weighted.flatMap { Array(repeating: $0.bound, count: $0.weight) })
    }

    /// Never beyond the values through rounding: scores are compared with it.
    fileprivate static func mean(_ values: [Double]) -> Double? {
        guard let low = values.min(), let high = values.max() else { return nil }
        return min(max(values.reduce(0, +) / Double(values.count), low), high)
    }
}

extension SearchResult.Depth {
    init(_ account: DepthAccount) {
        let target = DepthAccount.mean(account.targetThoughts)
        self.init(
            depth: account.depth, threshold: account.threshold, bound: account.bound,
            keptDrafts: account.keptDrafts.count, targetThoughts: account.targetThoughts.count,
            meanDraftScore: DepthAccount.mean(account.keptDrafts), meanTargetScore: target)
        if let target, targetThoughts > 1 {
            let squares = account.targetThoughts.reduce(0) { $0 + ($1 - target) * ($1 - target) }
            targetDeviation = (squares / Double(targetThoughts - 1)).squareRoot()
        }
        if let judged = account.judged {
            judgedDrafts = judged.count
            acceptedDrafts = account.accepted
            draftsAboveTarget = target.map { mean in judged.count { $0 > mean } }
        }
        batches = account.batches
    }

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
