public import SpecSearch

/// The result of ``LearnThenTest``: enough to check the claim again from the losses.
public struct CalibrationCertificate: Sendable, Hashable, Codable {
    /// One setting that was tested, in the order of the tests.
    public struct Tested: Sendable, Hashable, Codable {
        /// The index of its sequence.
        public var sequence: Int
        public var policy: ThresholdRule.Configuration
        public var problems: Int
        /// The accuracy lost on the calibration problems, as a share.
        public var meanLoss: Double
        /// Against "the loss is at least ε".
        public var pValue: Double
        public var isCertified: Bool
        public var seconds: Double
    }

    /// With a probability of at least 1 − δ every certified setting loses less than ε of the baseline's accuracy.
    public var epsilon: Double
    public var delta: Double
    /// The level of each test: δ divided by the number of sequences.
    public var level: Double
    public var test: RiskTest
    public var tested: [Tested]
    /// The fastest certified setting; nil if none was certified.
    public var chosen: ThresholdRule.Configuration?
}
