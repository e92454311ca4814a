/// Who says how good a step is.
public enum StepJudge: String, Sendable, Hashable, Codable, CaseIterable {
    /// The reward model.
    case rewardModel = "prm"
    /// The target, asked for a grade; see ``GradingEvaluator``.
    case target
    /// A run of the path's program on the examples in the problem's description; for data sets of programming problems.
    case examples
}

/// A rejection rule by name: a threshold, and the judge whose scores it is for.
public struct RejectionRule: Sendable, Hashable {
    public var estimator: ThresholdEstimator
    /// Nil for a rule that is for any scores.
    public var judge: StepJudge?

    /// Reads what ``ThresholdEstimator/init(name:)`` does, and `specreason[:points]`, by default 7 of 9 points by the target
    /// (Pan et al., "SpecReason: Fast and Accurate Inference-Time Compute via Speculative Reasoning", 2025).
    public init?(name: String) {
        let parts = name.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.first == "specreason" else {
            guard let estimator = ThresholdEstimator(name: name) else { return nil }
            self.estimator = estimator
            return
        }
        estimator = .graded
        judge = .target
        if parts.count == 2 {
            guard let points = Double(parts[1]), (0...9).contains(points) else { return nil }
            estimator = .fixed(points / 9)
        }
    }
}
