import Foundation
package import SpecSearch

/// Where a reward model reads its score: the last token of a text after each step, and the texts around it.
package struct StepToken: Sendable {
    /// The token at which the score is read.
    package let token: Token
    private let text: String
    private let separator: String
    private let placement: RewardModelConfiguration.Placement
    private let tokenisesLines: Bool

    /// Finds the token.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the configuration's file, where it is not what the configuration says.
    package init(configuration: RewardModelConfiguration, vocabulary: Vocabulary, path: String) throws(SpecSearchError)
    {
        text = configuration.stepToken ?? ""
        separator = configuration.stepSeparator ?? ""
        placement = configuration.placement ?? .eachStep
        tokenisesLines = configuration.tokenisesLines ?? false
        // Alone after a line, else as it stands after a letter.
        let tokens = vocabulary.tokenize(tokenisesLines ? text : "a" + text, parsesControls: true)
        guard let last = tokens.last else {
            throw configuration.error("the step token \"\(text)\" has no token in the model", path: path)
        }
        if let id = configuration.stepTokenId {
            guard id >= 0, Int(id) < vocabulary.count else {
                throw configuration.error("stepTokenId \(id) is not one of the \(vocabulary.count) tokens", path: path)
            }
            guard last == id else {
                throw configuration.error(
                    "the step token \"\(text)\" ends with token \(last) of the model, not with stepTokenId \(id)",
                    path: path)
            }
        }
        token = last
    }

    /// The tokens of a path in this model's own vocabulary; the last token is the one that the score is read at.
    ///
    /// The text is tokenised as a whole, or line by line, as the model was trained; what it shares with earlier texts is
    /// found by the cache.
    package func tokens(of path: ReasoningPath, with tokenizer: PathTokenizer) throws(SpecSearchError) -> [Token] {
        let steps = path.thoughts.map { $0.text.trimmingCharacters(in: .whitespacesAndNewlines) }
        if steps.isEmpty { return try tokenizer.promptTokens(path.problem) }
        if tokenisesLines { return try lines(of: steps, path.problem, tokenizer) }
        for step in steps where step.contains(text) {
            throw SpecSearchError(
                .badScore, "The step \"\(step)\" contains the step token of the reward model.",
                remedy: "Such steps cannot be scored; use a reward model with another step token.")
        }
        let tokens: [Token]
        if steps.contains(where: tokenizer.vocabulary.containsControl) {
            // The text of a control token in a step is text.
            tokens = try literally(steps, path.problem, tokenizer)
        } else {
            let marked = steps.enumerated().map { $1 + ($0 + 1 == steps.count || placement == .eachStep ? text : "") }
            tokens = try tokenizer.template(for: path.problem, followedBy: marked.joined(separator: separator))
        }
        guard tokens.last == token else {
            throw SpecSearchError(
                .badScore,
                "The step token of the reward model \(tokenizer.modelPath) is lost in tokenising the step "
                    + "\"\(steps.last ?? "")\".",
                remedy: "Check \"stepToken\" and \"stepSeparator\" in its configuration.")
        }
        return tokens
    }

    private func literally(
        _ steps: [String], _ problem: Problem, _ tokenizer: PathTokenizer
    ) throws(SpecSearchError) -> [Token] {
        var tokens = try tokenizer.promptTokens(problem)
        for (index, step) in steps.enumerated() {
            let isMarked = index + 1 == steps.count || placement == .eachStep
            tokens += tokenizer.vocabulary.tokenize(step)
            let after = (isMarked ? text : "") + (index + 1 == steps.count ? "" : separator)
            tokens += tokenizer.vocabulary.tokenize(after, parsesControls: true)
        }
        return tokens
    }

    /// Each line by itself, and the step token after it.
    private func lines(
        of steps: [String], _ problem: Problem, _ tokenizer: PathTokenizer
    ) throws(SpecSearchError) -> [Token] {
        var tokens = try tokenizer.promptTokens(problem)
        for step in steps {
            for line in step.split(separator: "\n") { tokens += tokenizer.vocabulary.tokenize(String(line)) + [token] }
        }
        return tokens
    }
}
