/// How the tokens of a thought are drawn.
///
/// The order is temperature, top-k, top-p, min-p; the same warp is applied to every model that takes part in writing a
/// token, which is what makes token-level speculation lossless (Leviathan et al. 2023, Chen et al. 2023).
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

    public init(
        temperature: Double = 0.8, topK: Int = 0, topP: Double = 1, minP: Double = 0, maximumTokens: Int = 256
    ) {
        self.temperature = temperature
        self.topK = topK
        self.topP = topP
        self.minP = minP
        self.maximumTokens = maximumTokens
    }
}
