import Foundation
package import SpecSearch

/// Where a reward model reads its score: the last token of a tag after a step, and the texts around it.
package struct StepTag: Sendable {
    /// The tag's last token, at which the score is read.
    package let token: Token
    private let text: String
    private let separator: String
    private let placement: RewardDescription.Placement
    private let tokenisesLines: Bool

    /// Finds the token.
    ///
    /// - Throws: ``EngineError`` `badModelFile`, naming the description's file, where it is not what the description says.
    package init(description: RewardDescription, vocabulary: Vocabulary, path: String) throws(EngineError) {
        text = description.tag ?? ""
        separator = description.stepSeparator ?? ""
        placement = description.placement ?? .eachStep
        tokenisesLines = description.tokenisesLines ?? false
        // Alone after a line, else as it stands after a letter.
        let tokens = vocabulary.tokenize(tokenisesLines ? text : "a" + text, parsesControls: true)
        guard let last = tokens.last else {
            throw description.error("the tag \"\(text)\" has no token in the model", path: path)
        }
        if let id = description.tagId {
            guard id >= 0, Int(id) < vocabulary.count else {
                throw description.error("tagId \(id) is not one of the \(vocabulary.count) tokens", path: path)
            }
            guard last == id else {
                throw description.error(
                    "the tag \"\(text)\" ends with token \(last) of the model, not with tagId \(id)", path: path)
            }
        }
        token = last
    }

    /// The tokens of a path in this model's own vocabulary; the last token is the tag's.
    ///
    /// The text is tokenised as a whole, or line by line, as the model was trained; what it shares with earlier texts is
    /// found by the cache.
    package func tokens(of path: ReasoningPath, runtime: ModelRuntime) throws(EngineError) -> [Token] {
        let steps = path.thoughts.map { $0.text.trimmingCharacters(in: .whitespacesAndNewlines) }
        if steps.isEmpty { return try runtime.promptTokens(path.problem) }
        if tokenisesLines { return try lines(of: steps, path.problem, runtime) }
        for step in steps where step.contains(text) {
            throw EngineError(
                .badScore, "The step \"\(step)\" contains the tag of the reward model.", remedy: "Use another model.")
        }
        let tokens: [Token]
        if steps.contains(where: runtime.vocabulary.containsControl) {
            // The text of a control token in a step is text.
            tokens = try literally(steps, path.problem, runtime)
        } else {
            let tagged = steps.enumerated().map { $1 + ($0 + 1 == steps.count || placement == .eachStep ? text : "") }
            tokens = try runtime.template(for: path.problem, followedBy: tagged.joined(separator: separator))
        }
        guard tokens.last == token else {
            throw EngineError(
                .badScore,
                "The tag of the reward model \(runtime.decoder.context.model.path) is lost in tokenising the step "
                    + "\"\(steps.last ?? "")\".", remedy: "Check \"tag\" and \"stepSeparator\" in its description.")
        }
        return tokens
    }

    private func literally(
        _ steps: [String], _ problem: Problem, _ runtime: ModelRuntime
    ) throws(EngineError) -> [Token] {
        var tokens = try runtime.promptTokens(problem)
        for (index, step) in steps.enumerated() {
            let isTagged = index + 1 == steps.count || placement == .eachStep
            tokens += runtime.vocabulary.tokenize(step)
            let after = (isTagged ? text : "") + (index + 1 == steps.count ? "" : separator)
            tokens += runtime.vocabulary.tokenize(after, parsesControls: true)
        }
        return tokens
    }

    /// Each line by itself, and the tag's token after it.
    private func lines(
        of steps: [String], _ problem: Problem, _ runtime: ModelRuntime
    ) throws(EngineError) -> [Token] {
        var tokens = try runtime.promptTokens(problem)
        for step in steps {
            for line in step.split(separator: "\n") { tokens += runtime.vocabulary.tokenize(String(line)) + [token] }
        }
        return tokens
    }
}
