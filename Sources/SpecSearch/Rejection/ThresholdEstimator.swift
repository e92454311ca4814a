/// The estimate Θ of the target's quality from the scores seen at one depth.
public enum ThresholdEstimator: Sendable, Hashable, Codable {
    /// The largest score (the paper's choice).
    case maximum
    /// The mean score.
    case mean
    /// The mean plus `z` standard errors; the deviation of a single score counts as 0.
    case upperConfidenceBound(z: Double)
    /// The quantile at a share in 0 ... 1, linear between neighbours.
    case quantile(Double)
    /// Always this threshold, whatever the scores (ablation; RSD's rule).
    case fixed(Double)
    /// No threshold: each draft is rejected with this probability (ablation).
    case random(rejectRate: Double)
    /// β̂ = −∞: every draft is kept (ablation).
    case none
    /// β̂ = +∞: every draft is rejected (ablation); the search then follows the target's distribution.
    case infinite

    /// The estimate Θ of the scores; nil where there are none, or where the estimator does not look at scores.
    public func estimate(_ scores: [Double]) -> Double? {
        guard let first = scores.first else { return nil }
        switch self {
        case .maximum: return scores.reduce(first, max)
        case .mean: return scores.reduce(0, +) / Double(scores.count)
        case .upperConfidenceBound(let z):
            let count = Double(scores.count)
            let mean = scores.reduce(0, +) / count
            guard count > 1 else { return mean }
            let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / (count - 1)
            return mean + z * (variance / count).squareRoot()
        case .quantile(let share):
            let sorted = scores.sorted()
            let place = min(max(share, 0), 1) * Double(sorted.count - 1)
            let below = Int(place)
            let above = min(below + 1, sorted.count - 1)
            return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
        case .fixed, .random, .none, .infinite: return nil
        }
    }
}

extension ThresholdEstimator {
    /// RSD's rule, a constant threshold of 0.7 (Liao et al., "Reward-Guided Speculative Decoding for Efficient LLM
    /// Reasoning", ICML 2025).
    public static let rewardGuided = ThresholdEstimator.fixed(0.7)

    /// SpecReason's rule, 7 of 9 points, for a target that grades (``StepJudge/target``) (Pan et al., "SpecReason: Fast and
    /// Accurate Inference-Time Compute via Speculative Reasoning", 2025).
    public static let graded = ThresholdEstimator.fixed(7.0 / 9)

    /// Whether the parameters are in range; a threshold of ±∞ is ``none`` or ``infinite``.
    public var isValid: Bool {
        switch self {
        case .maximum, .mean, .none, .infinite: true
        case .upperConfidenceBound(let z): z.isFinite
        case .fixed(let value): value.isFinite
        case .quantile(let share): (0...1).contains(share)
        case .random(let rate): (0...1).contains(rate)
        }
    }
}

extension ThresholdEstimator: CustomStringConvertible {
    /// The name that ``init(name:)`` reads.
    public var description: String {
        switch self {
        case .maximum: "max"
        case .mean: "mean"
        case .upperConfidenceBound(let z): "ucb:\(z)"
        case .quantile(let share): "quantile:\(share)"
        case .fixed(let value): "fixed:\(value)"
        case .random(let rate): "random:\(rate)"
        case .none: "none"
        case .infinite: "infinite"
        }
    }

    /// The names that ``init(name:)`` reads, for messages.
    public static let names =
        "max, mean, ucb[:z], quantile:q, fixed:x, rsd[:x], specreason[:points], random:rate, none and infinite"

    /// The estimator with one of ``names``; nil for another name.
    public init?(name: String) {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let value = parts.count == 2 ? Double(parts[1]) : nil
        switch (parts.first, value) {
        case ("max", nil) where parts.count == 1: self = .maximum
        case ("mean", nil) where parts.count == 1: self = .mean
        case ("ucb", nil) where parts.count == 1: self = .upperConfidenceBound(z: 1.645)
        case ("ucb", let z?): self = .upperConfidenceBound(z: z)
        case ("quantile", let share?): self = .quantile(share)
        case ("rsd", nil) where parts.count == 1: self = .rewardGuided
        case ("specreason", nil) where parts.count == 1: self = .graded
        case ("specreason", let points?) where (0...9).contains(points): self = .fixed(points / 9)
        case ("fixed", let value?), ("rsd", let value?): self = .fixed(value)
        case ("random", let rate?): self = .random(rejectRate: rate)
        case ("none", nil) where parts.count == 1: self = .none
        case ("infinite", nil) where parts.count == 1: self = .infinite
        default: return nil
        }
        guard isValid else { return nil }
    }
}
