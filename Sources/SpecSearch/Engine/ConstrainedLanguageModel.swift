/// A language model whose text can be held to a grammar.
///
/// Not every engine can: ask with `model as? any ConstrainedLanguageModel`.
public protocol ConstrainedLanguageModel: LanguageModel {
    /// Samples `request.count` texts of a grammar, each from the model's distribution over the tokens that may come next.
    ///
    /// A request for no texts only checks the grammar. A text ends where the grammar does; delimiters of steps mean nothing in it. One that reaches the length limit, or
    /// the end of the context, has the stop ``Thought/Stop/length``, and is the beginning of a text of the grammar.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` for a grammar that cannot be read, or of which the model's vocabulary has
    ///   no text; `CancellationError` when the task was cancelled.
    func sample(_ request: SampleRequest, grammar: Grammar) async throws -> Samples
}

/// A grammar in GBNF, the notation of llama.cpp, whose texts are those of the rule `root`.
public struct Grammar: Sendable, Hashable {
    /// The rules.
    public var rules: String

    public init(_ rules: String) { self.rules = rules }
}
