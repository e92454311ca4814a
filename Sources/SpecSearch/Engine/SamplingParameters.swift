/// The parameters of sampling: how the tokens of a thought are drawn.
///
/// The order is temperature, top-k, top-p, min-p; the same processing is applied to the logits of every model that takes part
/// in sampling a token, which is what makes token-level speculation lossless (Leviathan et al. 2023, Chen et al. 2023).
public struct SamplingParameters: Sendable, Hashable, Codable {
    /// The softmax temperature; 0 takes the arg-max.
    public var temperature: Double
    /// Keep only the `topK` most likely tokens; 0 keeps all.
    public var topK: Int
    /// Keep the smallest set of tokens whose probability reaches `topP`; 1 keeps all.
    public var topP: Double
    /// Drop tokens less likely than `minP` times the most likely; 0 keeps all.
    public var minP: Double
    /// The most tokens that one thought may have; a longer one is cut and is not a candidate.
    public var maximumTokens: Int
    /// The text that ends a thought; nil for the models' own.
    public var delimiter: String?

    public init(
        temperature: Double = 0.8, topK: Int = 0, topP: Double = 1, minP: Double = 0, maximumTokens: Int = 256,
        delimiter: String? = nil
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.maximumTokens = maximumTokens
        self.delimiter = delimiter
    }
}

extension SamplingParameters {
    /// Parameters that differ from those that suit the models; nil leaves them.
    public struct Changes: Sendable, Hashable {
        public var temperature: Double?
        public var topK: Int?
        public var topP: Double?
        public var minP: Double?
        public var maximumTokens: Int?
        public var delimiter: String?

        public init() {}
    }

    /// The parameters with some of them changed.
    public func changed(by changes: Changes) -> SamplingParameters {
        SamplingParameters(
            temperature: changes.temperature ?? temperature, topK: changes.topK ?? topK, topP: changes.topP ?? topP,
            minP: changes.minP ?? minP, maximumTokens: changes.maximumTokens ?? maximumTokens,
            delimiter: changes.delimiter ?? delimiter)
    }
}
