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

    public init(text: String, tokens: [Token], stop: Stop, author: ModelRole) {
        self.text = text
        self.tokens = tokens
        self.stop = stop
        self.author = author
    }
}
