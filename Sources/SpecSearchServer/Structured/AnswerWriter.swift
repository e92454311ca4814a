internal import SpecSearch

/// Writes what a search found in the form that was asked for, and tells how likely its tokens are.
///
/// The search reasons in free text; then the target, which has read the best path, writes the JSON or the call by a grammar,
/// taking the likeliest of the tokens that may come next. So reasoning is never squeezed into a form, and the form is
/// always right.
struct AnswerWriter: Sendable {
    private let model: any ConstrainedLanguageModel
    private let output: StructuredOutput
    private let knownCalls: Set<String>
    private let maximumTokens: Int?
    private let mostTokens: Int

    /// - Returns: Nil where text is all that is asked for.
    /// - Throws: ``APIError`` 400 where the models cannot be held to a grammar.
    init?(
        _ request: GenerationRequest, _ model: ServedModel, _ limits: ServerConfiguration.Limits
    ) throws(APIError) {
        guard request.output.isWanted else { return nil }
        guard let writer = (model.engine.target ?? model.engine.draft) as? any ConstrainedLanguageModel else {
            throw .invalid(
                "\(request.output.field) is not supported: this server's models are not held to grammars.",
                param: request.output.field, code: "unsupported")
        }
        self.model = writer
        output = request.output
        knownCalls = request.knownCalls
        maximumTokens = request.maximumTokens
        mostTokens = limits.answerTokens
    }

    /// - Throws: ``APIError`` 400 for what the models' grammars do not hold.
    func check() async throws {
        var grammars = [output.format?.grammar].compactMap(\.self)
        if !output.tools.isEmpty { grammars.append(try output.callGrammar()) }
        for grammar in grammars {
            let path = ReasoningPath(problem: Problem(text: "?"))
            do {
                _ = try await model.sample(Self.request(after: path, count: 0, tokens: 1), grammar: grammar)
            } catch let error as SpecSearchError where error.code == .badSetting {
                throw APIError.invalid(
                    "\(output.field) has a schema that the models' grammars do not hold: one that begins with itself, or whose "
                        + "minItems, maxItems, minLength and maxLength are too large together.", param: output.field)
            }
        }
    }

    private static func request(after path: ReasoningPath, count: Int, tokens: Int) -> SampleRequest {
        SampleRequest(
            path: path, count: count, sampling: SamplingParameters(temperature: 0, maximumTokens: tokens),
            key: RandomKey(seed: 0, problem: 0, depth: path.depth, node: 0, role: .target))
    }

    /// Writes an answer.
    ///
    /// A tool is called where the reasoning comes to a call, or where one has to be. JSON is written after a reasoning that
    /// came to no end too: it is what was asked for.
    ///
    /// - Parameter path: The answer's path.
    /// - Throws: ``SpecSearchError``; `CancellationError`.
    func write(_ answer: inout GenerationAnswer, after path: ReasoningPath) async throws {
        var path = path
        path.thoughts = Array(path.thoughts.prefix(answer.steps))
        path = path.reopened
        if let begun = calling(path) {
            let text = try await sample(by: output.callGrammar(), after: begun, &answer)
            guard let text else { return }
            // What is known already is not asked again: small models would go round in circles.
            if let call = ToolCall(text), output.requiresCall || !knownCalls.contains(call.signature) {
                answer.replaceContent(by: "")
                answer.toolCalls = [call]
                answer.isWhole = true
                return
            }
        }
        guard let format = output.format else { return }
        let begun = path.appending(text: StructuredOutput.formatLead)
        if let text = try await sample(by: format.grammar, after: begun, &answer) {
            answer.replaceContent(by: text)
            answer.isWhole = true
        }
    }

    /// The path up to where a call is to be written; nil for no call.
    private func calling(_ path: ReasoningPath) -> ReasoningPath? {
        if output.tools.isEmpty { return nil }
        let text = path.text
        if let place = output.callBegin(in: text) {
            return path.prefix(text[..<place].unicodeScalars.count).appending(text: StructuredOutput.callLead)
        }
        return output.requiresCall ? path.appending(text: "\n\n" + StructuredOutput.callLead) : nil
    }

    /// A text by a grammar; nil where it was cut, which the answer then is too.
    private func sample(
        by grammar: Grammar, after path: ReasoningPath, _ answer: inout GenerationAnswer
    ) async throws -> String? {
        let left = min(mostTokens, maximumTokens.map { $0 - answer.tokens } ?? .max)
        guard left > 0 else {
            answer.cut()
            return nil
        }
        let samples = try await model.sample(
            Self.request(after: path, count: 1, tokens: left), grammar: grammar)
        guard let thought = samples.thoughts.first?.first else { return nil }
        answer.add(thought, after: path)
        guard thought.stop == .endOfSequence else {
            answer.cut()
            return nil
        }
        return thought.text
    }
}

extension ReasoningPath {
    /// The path without the token that ended it, so that its text can go on.
    fileprivate var reopened: ReasoningPath {
        var path = self
        guard var last = path.thoughts.popLast() else { return path }
        if last.stop == .endOfSequence {
            last.tokens = last.tokens.dropLast()
            last.stop = .delimiter
        }
        if !last.text.isEmpty { path.thoughts.append(last) }
        return path
    }

    fileprivate func appending(text: String) -> ReasoningPath {
        appending(Thought(text: text, tokens: [], stop: .delimiter, source: .target))
    }

    /// The first so many Unicode scalars of the path's text: a step that is cut becomes a text of its own.
    fileprivate func prefix(_ count: Int) -> ReasoningPath {
        var (path, left) = (ReasoningPath(problem: problem), count)
        for thought in thoughts where left > 0 {
            let scalars = thought.text.unicodeScalars
            path.thoughts.append(thought)
            if scalars.count > left {
                path.thoughts[path.thoughts.count - 1] = Thought(
                    text: String(scalars.prefix(left)), tokens: [], stop: .delimiter, source: .target)
            }
            left -= scalars.count
        }
        return path
    }
}
