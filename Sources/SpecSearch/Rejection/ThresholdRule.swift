/// SpecSearch's rule: a draft is rejected if it scores below β̂, an estimate of the target's quality at its depth.
///
/// β̂(1) = Θ(scores of the first step, all by the target), then β̂(k+1) = θ·β̂(k) + (1−θ)·Θ(V_p(k) ∪ V_q(k)), with V_p the
/// scores of the target's thoughts and V_q those of kept drafts (SpecSearch, ICML 2025). Where both are empty β̂ stays.
///
/// With ``Configuration/firstThreshold`` the first step is drafted too, against a β̂(0) that was known before, such as the
/// target's mean on other problems: for problems of one step, programs or short answers, of which there would be nothing to
/// draft. β̂(1) = θ·β̂(0) + (1−θ)·Θ then.
///
/// Each depth has a slot, so that this also serves searches that come back to a depth (Monte Carlo tree search): a slot
/// begins as the slot before it stands at the first visit, and takes in every expansion of its depth. A search that
/// expands each depth once follows the recursion above.
public struct ThresholdRule: RejectionRule, Hashable {
    /// The settings of the rule.
    public struct Configuration: Sendable, Hashable, Codable {
        /// The scores that Θ looks at.
        public enum Statistics: String, Sendable, Hashable, Codable, CaseIterable {
            /// The target's thoughts and the kept drafts.
            case union
            /// The target's thoughts alone.
            case targetOnly = "target-only"
        }

        /// The estimator Θ.
        public var estimator: ThresholdEstimator
        /// The weight of the threshold so far, from 0 to 1.
        public var theta: Double
        /// The scores that Θ looks at.
        public var statistics: Statistics
        /// The distance below β̂ at which a draft is still kept, in score units; negative asks for more than β̂.
        public var margin: Double
        /// The threshold of the first step, which is drafted then; nil for a first step by the target.
        public var firstThreshold: Double?
        /// Keeps drafts below the threshold where the target would hardly do better; nil rejects them all.
        public var router: AdvantageRouter?

        public init(
            estimator: ThresholdEstimator = .maximum, theta: Double = 0.9, statistics: Statistics = .union,
            margin: Double = 0, firstThreshold: Double? = nil, router: AdvantageRouter? = nil
        ) {
            self.estimator = estimator
            self.theta = theta
            self.statistics = statistics
            self.margin = margin
            self.firstThreshold = firstThreshold
            self.router = router
        }
    }

    public let configuration: Configuration
    /// The slots of depths 0, 1, …; that of depth 0 is Θ of the first step, and seeds depth 1.
    private var slots: [Double] = []

    public init(_ configuration: Configuration = Configuration()) { self.configuration = configuration }

    public var draftsFirstStep: Bool { configuration.firstThreshold != nil }

    public func hasOwnThreshold(at depth: Int) -> Bool { depth < slots.count }

    public func threshold(at depth: Int) -> Double? { finite(estimate(at: depth)) }

    public func bound(at depth: Int) -> Double? { finite(estimate(at: depth) - configuration.margin) }

    /// Equality accepts, or a saturated score would reject for ever.
    public func rejects(_ draft: ScoredDraft, at depth: Int) -> Bool {
        if case .random(let rate) = configuration.estimator {
            return draft.key.uniform(position: 0, purpose: .search) < rate
        }
        let bound = estimate(at: depth) - configuration.margin
        guard draft.score < bound else { return false }
        guard let router = configuration.router, bound.isFinite else { return true }
        return !router.keeps(.init(draft.thought, score: draft.score, bound: bound, depth: depth))
    }

    public mutating func update(at depth: Int, with scores: DepthScores) {
        let seen = configuration.statistics == .union ? scores.target + scores.keptDrafts : scores.target
        let estimate = configuration.estimator.estimate(seen)
        guard let last = slots.last ?? configuration.firstThreshold else {
            if let estimate { slots = Array(repeating: estimate, count: depth + 1) }
            return
        }
        while slots.count <= depth { slots.append(last) }
        if let estimate {
            slots[depth] = configuration.theta * slots[depth] + (1 - configuration.theta) * estimate
        }
    }

    /// β̂ at a depth; depths not reached yet have that of the last one before, and before any score nothing is
    /// rejected.
    private func estimate(at depth: Int) -> Double {
        switch configuration.estimator {
        case .fixed(let value): return value
        case .random, .none: return -.infinity
        case .infinite: return .infinity
        default:
            guard let last = slots.last ?? configuration.firstThreshold else { return -.infinity }
            return depth < slots.count ? slots[depth] : last
        }
    }

    private func finite(_ value: Double) -> Double? { value.isFinite ? value : nil }
}
