/// A token id in the vocabulary of the models of one search.
public typealias Token = Int32

/// One reasoning step, as a model wrote it.
public struct Thought: Sendable, Hashable, Codable {
    /// Why the writing ended.
    public enum Stop: String, Sendable, Hashable, Codable {
        /// The step's delimiter.
        case delimiter
        /// End of sequence: the path is finished.
        case endOfSequence
        /// The length limit: the thought is cut, and not a candidate.
        case length
    }

    /// The text for people, delimiter included.
    public var text: String
    /// The ids that were written, delimiter or end-of-sequence token included; never re-tokenised.
    public var tokens: [Token]
    /// Why the writing ended.
    public var stop: Stop
    /// The model that wrote it.
    public var author: ModelRole
    /// The logarithm of the probability with which its author drew just these tokens, by the sampling parameters that it
    /// was asked with; nil where the author does not tell.
    ///
    /// It is no part of what the thought says: thoughts that differ in it alone are equal, as it varies with the floating
    /// point noise of the batch.
    public var logProbability: Double?

    public init(text: String, tokens: [Token], stop: Stop, author: ModelRole, logProbability: Double? = nil) {
        self.text = text
        self.tokens = tokens
        self.stop = stop
        self.author = author
        self.logProbability = logProbability
    }

    public static func == (left: Thought, right: Thought) -> Bool {
        left.text == right.text && left.tokens == right.tokens && left.stop == right.stop && left.author == right.author
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(text)
        hasher.combine(tokens)
        hasher.combine(stop)
        hasher.combine(author)
    }
}
