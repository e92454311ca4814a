import SpecSearch

extension StepScorer {
    /// Scores the description's toy steps, and fails loudly unless the good one is above the bad one.
    ///
    /// A wrong tag, label or template rarely fails by itself: it gives plausible numbers that mean nothing.
    ///
    /// - Throws: ``EngineError`` `badScore`, with both scores.
    package func selfCheck() async throws {
        guard let example = description.check else { return }
        func path(_ steps: [String]) -> ReasoningPath {
            ReasoningPath(
                problem: Problem(id: "self-check", text: example.problem),
                thoughts: steps.map { text in
                    Thought(
                        text: text, tokens: runtime.vocabulary.tokenize(text), stop: .delimiter, author: .target)
                })
        }
        let scores = try await evaluate([path(example.good), path(example.bad)]).scores
        guard scores[0] > scores[1] else {
            throw EngineError(
                .badScore,
                "The reward model \(runtime.decoder.context.model.path) gives the good step "
                    + "\"\(example.good.last ?? "")\" the score \(scores[0]) and the bad step "
                    + "\"\(example.bad.last ?? "")\" \(scores[1]).",
                remedy: "Its description does not fit it (template, tag, labels, head), or it is another model.")
        }
    }
}
