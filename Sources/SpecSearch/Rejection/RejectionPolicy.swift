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

    public init(estimator: ThresholdEstimator = .maximum, theta: Double = 0.9, statistics: Statistics = .union) {
        self.estimator = estimator
        self.theta = theta
        self.statistics = statistics
    }
}

/// The thresholds β̂ of one search, by depth: a value, updated once a depth.
///
/// β̂(1) = Θ(scores of the first step, all by the large model), then β̂(k+1) = θ·β̂(k) + (1−θ)·Θ(V_p(k) ∪ V_q(k)), with
/// V_p the scores of the large model's thoughts and V_q those of kept drafts (SpecSearch, ICML 2025). Where both are
/// empty β̂ stays.
public struct ThresholdSequence: Sendable, Hashable {
    /// The rule.
    public let policy: RejectionPolicy
    private var values: [Double]

    public init(policy: RejectionPolicy) {
        self.policy = policy
        values = []
    }

    /// β̂ at a depth from 1; depths not reached yet have the latest value, and before any score nothing is rejected.
    public func threshold(at depth: Int) -> Double {
        switch policy.estimator {
        case .fixed(let value): return value
        case .random, .none: return -.infinity
        case .infinite: return .infinity
        default:
            guard let last = values.last else { return -.infinity }
            return depth - 1 < values.count && depth > 0 ? values[depth - 1] : last
        }
    }

    /// Whether a draft is rejected: below the threshold; equality accepts, or a saturated score would reject for ever.
    public func rejects(score: Double, depth: Int, key: RandomKey) -> Bool {
        if case .random(let rate) = policy.estimator { return key.uniform(position: 0, purpose: .search) < rate }
        return score < threshold(at: depth)
    }

    /// Takes in the scores of one depth, of all its nodes, and sets β̂ of the next.
    public mutating func update(target: [Double], keptDrafts: [Double]) {
        let seen = policy.statistics == .union ? target + keptDrafts : target
        let estimate = policy.estimator.estimate(seen)
        switch (values.last, estimate) {
        case (nil, let estimate?): values.append(estimate)
        case (let last?, let estimate?): values.append(policy.theta * last + (1 - policy.theta) * estimate)
        case (let last?, nil): values.append(last)
        case (nil, nil): break
        }
    }
}
