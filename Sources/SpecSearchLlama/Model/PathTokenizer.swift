package import SpecSearch

/// How paths become the tokens of one model in one role: the prompt by its template, and each thought as it was sampled
/// or, where its source has another vocabulary, as text.
///
/// Keeps a bounded number of prompts and texts. Not `Sendable`: it belongs to the engine's queue.
package final class PathTokenizer {
    /// The model's tokens.
    package let vocabulary: Vocabulary
    /// The name of the model's file, for errors, which may be shown to people who do not know this machine.
    package let modelPath: String
    /// The most tokens of a text, prompt included.
    package let contextLength: Int
    private let template: PromptTemplate
    /// The models whose token ids mean nothing here, so that their thoughts are read as text.
    private let foreignSources: Set<ModelRole>
    private var prompts: [String: [Token]] = [:]
    /// Other models' texts in this model's tokens.
    private var retokenized: [Text: [Token]] = [:]
    private var retokenizedCount = 0
    private static let keptPrompts = 256
    private static let keptTexts = 1 << 14

    private struct Text: Hashable {
        var text: String
        var stop: Thought.Stop
    }

    /// A tokenizer whose `contextLength` is cut to what the model was trained on and what its KV cache holds.
    package init(
        model: LlamaModel, template: String, contextLength: Int, slotCapacity: Int,
        foreignSources: Set<ModelRole> = []
    ) throws(SpecSearchError) {
        vocabulary = model.vocabulary
        modelPath = model.path.split(separator: "/").last.map(String.init) ?? model.path
        self.template = try PromptTemplate(template, model: model)
        self.foreignSources = foreignSources
        let trained = model.trainedContextLength
        self.contextLength = min(contextLength, trained > 0 ? trained : contextLength, slotCapacity)
    }

    /// The tokens of a problem's prompt.
    package func promptTokens(_ problem: Problem) throws(SpecSearchError) -> [Token] {
        if let known = prompts[problem.text] { return known }
        let tokens = try template.tokens(for: problem.text)
        if prompts.count >= Self.keptPrompts { prompts = [:] }
        prompts[problem.text] = tokens
        return tokens
    }

    /// The tokens of a problem's prompt and a text after it, tokenised as a whole.
    package func template(for problem: Problem, followedBy text: String) throws(SpecSearchError) -> [Token] {
        try template.tokens(for: problem.text, followedBy: text)
    }

    /// The tokens of a path, prompt first, however long it is.
    package func tokens(of path: ReasoningPath) throws(SpecSearchError) -> [Token] {
        try path.thoughts.reduce(into: promptTokens(path.problem)) { $0 += tokens(of: $1) }
    }

    /// A thought's tokens in this model: as they were sampled, or, where its source has another vocabulary or none was
    /// sampled, its text's, cut once.
    package func tokens(of thought: Thought) -> [Token] {
        guard foreignSources.contains(thought.source) || thought.tokens.isEmpty else { return thought.tokens }
        let text = Text(text: thought.text, stop: thought.stop)
        if let known = retokenized[text] { return known }
        var tokens = vocabulary.tokenize(continuing: thought.text)
        if thought.stop == .endOfSequence, let end = vocabulary.endToken { tokens.append(end) }
        if retokenized.count >= Self.keptTexts { retokenized = [:] }
        retokenized[text] = tokens
        retokenizedCount += tokens.count
        return tokens
    }

    /// How many tokens other models' thoughts were cut into since the last call of this.
    package func takeRetokenizedCount() -> Int {
        defer { retokenizedCount = 0 }
        return retokenizedCount
    }

    /// Checks that a text of `count` tokens leaves room for one more.
    package func check(count: Int, of path: ReasoningPath) throws(SpecSearchError) {
        guard count < contextLength else {
            throw SpecSearchError(
                .contextOverflow,
                "The problem \"\(path.problem.id)\" with \(path.depth) steps has \(count) tokens, and the context of "
                    + "\(modelPath) holds \(contextLength).",
                remedy: "Shorten the problem, search less deep, or raise contextLength if the model allows it.")
        }
    }

    /// Forgets prompts and texts.
    package func reset() {
        prompts = [:]
        retokenized = [:]
    }
}
