/// What a language model can do beyond sampling.
public struct ModelCapabilities: OptionSet, Sendable, Hashable {
    public let rawValue: Int
    public init(rawValue: Int) { self.rawValue = rawValue }

    /// It heeds ``SampleRequest/earlyRejection``, by the scores of the reward model that it was loaded with; for searches by another
    /// it is not meant.
    public static let earlyRejection = ModelCapabilities(rawValue: 1)
    /// It answers ``LanguageModel/nextTokenEntropies(of:)``.
    public static let nextTokenEntropy = ModelCapabilities(rawValue: 2)
}
