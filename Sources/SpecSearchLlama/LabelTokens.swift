import Foundation
package import SpecSearch

/// The tag and label tokens of a label reward model, checked against its vocabulary, and its texts.
package struct LabelTokens: Sendable {
    /// The last token of the tag, at which the labels are read.
    package let tag: Token
    /// The label that speaks for a step.
    package let good: Token
    /// The label that speaks against it.
    package let bad: Token
    private let tagText: String
    private let separator: String

    /// Finds the tokens.
    ///
    /// - Throws: ``EngineError`` `badModelFile`, naming the description's file, where one is unknown or is not what the
    ///   description says.
    package init(description: RewardDescription, vocabulary: Vocabulary, path: String) throws(EngineError) {
        func fail(_ what: String) -> EngineError {
            EngineError(
                .badModelFile, "The description of the reward model, \(path): \(what).",
                remedy: "Take the tag and the labels from the model's card, and check that the model is the right one.")
        }
        func known(_ id: Token, _ name: String) throws(EngineError) -> Token {
            guard id >= 0, Int(id) < vocabulary.count else {
                throw fail("\(name) \(id) is not one of the \(vocabulary.count) tokens of the model")
            }
            return id
        }
        /// A label is one token, alone or after a space or another character.
        func label(_ text: String?, _ id: Token?, _ name: String) throws(EngineError) -> Token {
            if let id {
                let id = try known(id, "\(name)Id")
                if let text, vocabulary.text(of: [id]).trimmingCharacters(in: .whitespaces) != text {
                    throw fail("\(name)Id \(id) is \"\(vocabulary.text(of: [id]))\", not \"\(text)\"")
                }
                return id
            }
            let tokens = vocabulary.tokenize(text ?? "", parsesControls: true)
            guard tokens.count == 1 else {
                throw fail("\(name) \"\(text ?? "")\" is \(tokens.count) tokens of the model, not one")
            }
            return tokens[0]
        }
        tagText = description.tag ?? ""
        separator = description.stepSeparator ?? ""
        good = try label(description.good, description.goodId, "good")
        bad = try label(description.bad, description.badId, "bad")
        guard good != bad else { throw fail("good and bad are the same token, \(good)") }
        guard let last = vocabulary.tokenize("a" + tagText, parsesControls: true).last else {
            throw fail("the tag \"\(tagText)\" has no token in the model")
        }
        if let id = description.tagId {
            tag = try known(id, "tagId")
            guard last == id else {
                throw fail("the tag \"\(tagText)\" ends with token \(last) of the model, not with tagId \(id)")
            }
        } else {
            tag = last
        }
    }

    /// The tokens of a path in this model's own vocabulary, each step followed by the tag; the last token is the tag's.
    ///
    /// The text is tokenised as a whole, so it is what the model was trained on; what it shares with earlier texts is
    /// found by the cache.
    package func tokens(of path: ReasoningPath, runtime: ModelRuntime) throws(EngineError) -> [Token] {
        let steps = path.thoughts.map { $0.text.trimmingCharacters(in: .whitespacesAndNewlines) }
        for step in steps where step.contains(tagText) {
            throw EngineError(
                .badScore, "The step \"\(step)\" contains the tag of the reward model.", remedy: "Use another model.")
        }
        let text = steps.map { $0 + tagText }.joined(separator: separator)
        let tokens = try runtime.template(for: path.problem, followedBy: text)
        if steps.isEmpty { return tokens }
        guard tokens.last == tag else {
            throw EngineError(
                .badScore,
                "The tag of the reward model \(runtime.decoder.context.model.path) is lost in tokenising the step "
                    + "\"\(steps.last ?? "")\".", remedy: "Check \"tag\" and \"stepSeparator\" in its description.")
        }
        return tokens
    }
}
