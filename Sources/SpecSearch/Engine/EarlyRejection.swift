/// A condition under which a model gives up a thought before its end: the reward model's score of the beginning is too low.
///
/// For models whose thoughts are scored from the very states that sampled them, where it costs nothing; see
/// ``ModelCapabilities/earlyRejection``. After ER-PRM (2508.01969).
public struct EarlyRejection: Sendable, Hashable {
    /// The number of tokens after which a thought is scored, once.
    public var tokens: Int
    /// The score below which it is given up.
    public var bound: Double

    public init(tokens: Int, bound: Double) {
        self.tokens = tokens
        self.bound = bound
    }
}
