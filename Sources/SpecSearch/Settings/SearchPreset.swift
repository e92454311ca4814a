/// A published method by all that it sets, so that a comparison is with the method and not with its rule alone.
///
/// None of them has more drafts than the width, or one thought of the target more than it needs; all draft the first step.
/// Their temperatures are left to the models.
public enum SearchPreset: String, Sendable, Hashable, Codable, CaseIterable {
    /// Reward-guided speculative decoding (Liao et al. 2501.19324): a draft is kept where the reward model gives it 0.7.
    case rsd
    /// SpecReason (Pan et al. 2504.07891): a draft is kept where the target grades it 7 of 9.
    case specreason
    /// Guided speculative inference (Geuter et al. 2506.04118).
    case gsi

    /// The settings by name.
    public var settings: [String: String] {
        switch self {
        case .rsd: Self.plain.merging(["estimator": "rsd:0.7", "first-threshold": "0.7"]) { $1 }
        // 7 of 9 points.
        case .specreason:
            Self.plain.merging(["estimator": "specreason:7", "first-threshold": String(7.0 / 9), "judge": "target"]) {
                $1
            }
        case .gsi: ["method": "gsi", "draft-factor": "1"]
        }
    }

    private static let plain = [
        "method": "specsearch", "draft-factor": "1", "draft-waves": "1", "extra-thought": "never", "correction": "fill",
        "margin": "0",
    ]
}
