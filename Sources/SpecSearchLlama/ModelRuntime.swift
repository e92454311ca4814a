package import SpecSearch

/// One loaded model in one role: its decoder, and how paths become its tokens.
///
/// Not `Sendable`: it belongs to the engine's queue.
package final class ModelRuntime {
    /// The part it plays.
    package let role: ModelRole
    /// Its cache and passes.
    package let decoder: PrefixDecoder
    /// The most tokens of a text, prompt included.
    package let contextLength: Int
    private let template: PromptTemplate
    private var prompts: [String: [Token]] = [:]
    /// The models whose token ids mean nothing here, so that their thoughts are read as text.
    private let foreignAuthors: Set<ModelRole>
    /// Their thoughts in this model's tokens, by the problem's text.
    private var retokenized: [String: [Thought: [Token]]] = [:]
    private var unchargedTokens = 0

    /// Makes a runtime; `contextLength` is cut to what the model was trained on and what its cache holds.
    package init(
        role: ModelRole, decoder: PrefixDecoder, template: PromptTemplate, contextLength: Int,
        foreignAuthors: Set<ModelRole> = []
    ) {
        self.role = role
        self.decoder = decoder
        self.template = template
        self.foreignAuthors = foreignAuthors
        let trained = decoder.context.model.trainedContextLength
        self.contextLength = min(contextLength, trained > 0 ? trained : contextLength, decoder.context.cellCapacity)
    }

    /// The model's tokens.
    package var vocabulary: Vocabulary { decoder.context.model.vocabulary }

    /// The tokens of a problem's prompt.
    package func promptTokens(_ problem: Problem) throws(EngineError) -> [Token] {
        if let known = prompts[problem.text] { return known }
        let tokens = try template.tokens(for: problem.text)
        prompts[problem.text] = tokens
        return tokens
    }

    /// The tokens of a problem's prompt and a text after it, tokenised as a whole.
    package func template(for problem: Problem, followedBy text: String) throws(EngineError) -> [Token] {
        try template.tokens(for: problem.text, followedBy: text)
    }

    /// The tokens of a path, prompt first.
    ///
    /// - Throws: ``EngineError`` `contextOverflow` if no token could be added to it.
    package func tokens(of path: ReasoningPath) throws(EngineError) -> [Token] {
        let tokens = try allTokens(of: path)
        try check(count: tokens.count, of: path)
        return tokens
    }

    /// The same, however long it is.
    package func allTokens(of path: ReasoningPath) throws(EngineError) -> [Token] {
        try path.thoughts.reduce(into: promptTokens(path.problem)) { $0 += tokens(of: $1, for: path.problem) }
    }

    /// A thought's tokens in this model: as they were written, or, where its author has another vocabulary, its text's,
    /// cut once.
    package func tokens(of thought: Thought, for problem: Problem) -> [Token] {
        guard foreignAuthors.contains(thought.author) else { return thought.tokens }
        if let known = retokenized[problem.text]?[thought] { return known }
        var tokens = vocabulary.tokenize(continuing: thought.text)
        if thought.stop == .endOfSequence, let end = vocabulary.endToken { tokens.append(end) }
        retokenized[problem.text, default: [:]][thought] = tokens
        unchargedTokens += tokens.count
        return tokens
    }

    /// How many tokens other models' thoughts were cut into since the last call of this.
    package func takeRetokenizedTokens() -> Int {
        defer { unchargedTokens = 0 }
        return unchargedTokens
    }

    /// Checks that a text of `count` tokens leaves room for one more.
    package func check(count: Int, of path: ReasoningPath) throws(EngineError) {
        guard count < contextLength else {
            throw EngineError(
                .contextOverflow,
                "The problem \"\(path.problem.id)\" with \(path.depth) steps has \(count) tokens, and the context of "
                    + "\(decoder.context.model.path) holds \(contextLength).",
                remedy: "Shorten the problem, search less deep, or raise the context length if the model allows it.")
        }
    }

    /// Drops cached branches of a problem that are neither a prefix nor a continuation of a path.
    ///
    /// - Parameter paths: The tokens of paths of the problem, prompt first.
    package func retain(_ paths: [[Token]], of problem: Problem) throws(EngineError) {
        let prompt = try promptTokens(problem)
        let match = decoder.tree.match(prompt)
        // The root is shared with other problems.
        guard match.node != PrefixTree.root, match.count + 2 >= prompt.count else { return }
        let continuations = paths.filter { decoder.tree.match($0.prefix(match.count)).count == match.count }
        decoder.tree.retain(continuations.map { $0.dropFirst(match.count) }, below: match.node)
        decoder.carryOutActions()
    }

    /// Drops everything cached of a problem.
    package func release(_ problem: Problem) throws(EngineError) {
        let prompt = try promptTokens(problem)
        prompts[problem.text] = nil
        retokenized[problem.text] = nil
        let match = decoder.tree.match(prompt)
        // The end of the prompt may be tokenised differently before a text.
        if match.node != PrefixTree.root, match.count + 2 >= prompt.count {
            // What only this problem used of its prompt goes too.
            let parent = decoder.tree.parent(of: match.node)
            decoder.tree.drop(below: match.node)
            decoder.tree.drop(leaf: parent, above: PrefixTree.root)
        }
        decoder.carryOutActions()
    }

    /// Drops everything cached that is not in use.
    package func reset() {
        prompts = [:]
        retokenized = [:]
        if decoder.tree.pinCount == 0 && decoder.tree.pendingCount == 0 {
            decoder.reset()
        } else {
            decoder.tree.drop(below: PrefixTree.root)
            decoder.carryOutActions()
        }
    }
}
