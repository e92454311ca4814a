/// The settings of the rejection rule.
public struct RejectionPolicy: Sendable, Hashable, Codable {
    /// Which scores Θ looks at.
    public enum Statistics: String, Sendable, Hashable, Codable, CaseIterable {
        /// The large model's thoughts and the kept drafts.
        case union
        /// The large model's thoughts alone.
        case targetOnly
    }

    /// Θ.
    public var estimator: ThresholdEstimator
    /// The weight of the threshold so far, from 0 to 1.
    public var theta: Double
    /// Which scores Θ looks at.
    public var statistics: Statistics
    /// How far below β̂ a draft may score and still be kept, in score units; negative asks for more than β̂.
    public var margin: Double

    public init(
        estimator: ThresholdEstimator = .maximum, theta: Double = 0.9, statistics: Statistics = .union,
        margin: Double = 0
    ) {
        self.estimator = estimator
        self.theta = theta
        self.statistics = statistics
        self.margin = margin
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        estimator = try container.decode(ThresholdEstimator.self, forKey: .estimator)
        theta = try container.decode(Double.self, forKey: .theta)
        statistics = try container.decode(Statistics.self, forKey: .statistics)
        // Traces from before there was a margin have none.
        margin = try container.decodeIfPresent(Double.self, forKey: .margin) ?? 0
    }
}

/// The thresholds β̂ of one search, by depth: a value, updated after every batch of expansions.
///
/// β̂(1) = Θ(scores of the first step, all by the large model), then β̂(k+1) = θ·β̂(k) + (1−θ)·Θ(V_p(k) ∪ V_q(k)), with
/// V_p the scores of the large model's thoughts and V_q those of kept drafts (SpecSearch, ICML 2025). Where both are
/// empty β̂ stays.
///
/// Each depth has a slot, so that this also serves searches that come back to a depth (Monte Carlo tree search): a slot
/// begins as the slot before it stands at the first visit, and takes in every expansion of its depth. A search that
/// expands each depth once follows the recursion above.
public struct ThresholdSequence: Sendable, Hashable {
    /// The rule.
    public let policy: RejectionPolicy
    /// The slots of depths 0, 1, …; that of depth 0 is Θ of the first step, and seeds depth 1.
    private var slots: [Double]

    public init(policy: RejectionPolicy) {
        self.policy = policy
        slots = []
    }

    /// Whether a depth has expansions of its own in its threshold.
    public func hasSlot(at depth: Int) -> Bool { depth < slots.count }

    /// β̂ at a depth from 1; depths not reached yet have that of the last one before, and before any score nothing is
    /// rejected.
    public func threshold(at depth: Int) -> Double {
        switch policy.estimator {
        case .fixed(let value), .guided(_, let value): return value
        case .random, .none: return -.infinity
        case .infinite: return .infinity
        default:
            guard let last = slots.last else { return -.infinity }
            return hasSlot(at: depth) ? slots[depth] : last
        }
    }

    /// What a draft must reach at a depth: β̂ less the margin.
    public func bound(at depth: Int) -> Double { threshold(at: depth) - policy.margin }

    /// Whether a draft is rejected: below the bound; equality accepts, or a saturated score would reject for ever.
    public func rejects(score: Double, depth: Int, key: RandomKey) -> Bool {
        if case .random(let rate) = policy.estimator { return key.uniform(position: 0, purpose: .search) < rate }
        return score < bound(at: depth)
    }

    /// Takes in the scores of expansions at one depth.
    public mutating func update(at depth: Int, target: [Double], keptDrafts: [Double]) {
        let seen = policy.statistics == .union ? target + keptDrafts : target
        let estimate = policy.estimator.estimate(seen)
        guard let last = slots.last else {
            if let estimate { slots = Array(repeating: estimate, count: depth + 1) }
            return
        }
        while slots.count <= depth { slots.append(last) }
        if let estimate { slots[depth] = policy.theta * slots[depth] + (1 - policy.theta) * estimate }
    }
}
