/// How likely a model finds a token where it stands, by its own distribution: at temperature 1, nothing left out.
public struct TokenLogProbability: Sendable, Hashable {
    /// A token that might have stood there.
    public struct Alternative: Sendable, Hashable {
        /// The token's bytes, which may be part of a character.
        public var bytes: [UInt8]
        /// The natural logarithm of its probability.
        public var logProbability: Double

        public init(bytes: [UInt8], logProbability: Double) {
            self.bytes = bytes
            self.logProbability = logProbability
        }
    }

    /// The token that stands there.
    public var token: Alternative
    /// The likeliest tokens, the likeliest first.
    public var top: [Alternative]

    public init(_ token: Alternative, top: [Alternative] = []) {
        self.token = token
        self.top = top
    }
}
