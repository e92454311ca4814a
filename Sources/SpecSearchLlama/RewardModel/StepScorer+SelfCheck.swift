import SpecSearch

extension StepScorer {
    /// Scores the example steps of the configuration, and fails loudly unless the good one is above the bad one.
    ///
    /// A wrong step token, label or template rarely fails by itself: it gives plausible numbers that mean nothing.
    ///
    /// - Throws: ``SpecSearchError`` `badScore`, with both scores.
    package func selfCheck() async throws {
        guard let example = configuration.check else { return }
        func path(_ steps: [String]) -> ReasoningPath {
            ReasoningPath(
                problem: Problem(id: "self-check", text: example.problem),
                thoughts: steps.map { text in
                    Thought(
                        text: text, tokens: tokenizer.vocabulary.tokenize(text), stop: .delimiter, source: .target)
                })
        }
        let answer = try await score([path(example.good), path(example.bad)])
        if let error = answer.lost[0] ?? answer.lost[1] { throw error }
        let scores = answer.scores
        guard scores[0] > scores[1] else {
            throw SpecSearchError(
                .badScore,
                "The reward model \(tokenizer.modelPath) gives the good step "
                    + "\((example.good.last ?? "").debugDescription) the score \(scores[0]) and the bad step "
                    + "\((example.bad.last ?? "").debugDescription) \(scores[1]).",
                remedy:
                    "Its configuration does not fit it (template, step token, labels, head), or it is another model.")
        }
    }
}
