/// A token id in the vocabulary of the model that sampled it.
public typealias Token = Int32

/// One reasoning step, as a model generated it.
public struct Thought: Sendable, Hashable, Codable {
    /// The reason why the generation ended.
    public enum Stop: String, Sendable, Hashable, Codable {
        /// The step's delimiter.
        case delimiter
        /// End of sequence: the path is finished.
        case endOfSequence
        /// The step holds the final answer, in a closed box or after the marker: the path is finished, though its model
        /// might have gone on. Searches find this, not models.
        case answer
        /// The length limit: the thought is cut, and not a candidate.
        case length
        /// Its beginning scored too low, and the model gave it up; see ``SampleRequest/earlyRejection``.
        case rejected

        /// Whether the path is finished.
        public var isEnd: Bool { self == .endOfSequence || self == .answer }
    }

    /// The text for people, delimiter included.
    public var text: String
    /// The ids that were sampled, delimiter or end-of-sequence token included; never re-tokenised.
    public var tokens: [Token]
    /// The reason why the generation ended.
    public var stop: Stop
    /// The model that sampled it.
    public var source: ModelRole
    /// The natural logarithm of the probability with which its source drew just these tokens, by the sampling parameters
    /// that it was asked with; nil where the source does not say.
    public var logProbability: Double?
    /// The score of the beginning for which its model gave it up; nil for other ends.
    public var partialScore: Double?

    public init(
        text: String, tokens: [Token], stop: Stop, source: ModelRole, logProbability: Double? = nil,
        partialScore: Double? = nil
    ) {
        self.text = text
        self.tokens = tokens
        self.stop = stop
        self.source = source
        self.logProbability = logProbability
        self.partialScore = partialScore
    }
}
