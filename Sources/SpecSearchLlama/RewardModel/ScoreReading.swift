import Foundation
package import SpecSearch

/// How what a reward model says at a step token becomes a score.
package enum ScoreReading {
    /// The softmax of two logits: of the token that speaks for the step, and of the one against it.
    case labels(good: Token, bad: Token)
    /// The mean grade under the softmax of the grades' logits, as a share of the best grade; worst grade first.
    case grades([Token])
    /// A small network over the hidden state.
    case head(ScoringHead)

    /// Finds the tokens, or reads the head.
    ///
    /// - Returns: Nothing for a likelihood verifier, which has no step token.
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the configuration's file, where a token is unknown or is not what
    ///   the configuration says.
    package init?(
        configuration: RewardModelConfiguration, vocabulary: Vocabulary, width: Int, path: String
    ) throws(SpecSearchError) {
        func token(_ text: String?, _ id: Token?, _ name: String) throws(SpecSearchError) -> Token {
            try Self.token(text, id, name, configuration, vocabulary, path)
        }
        switch configuration.kind {
        case .likelihood: return nil
        case .label:
            let good = try token(configuration.good, configuration.goodId, "good")
            let bad = try token(configuration.bad, configuration.badId, "bad")
            guard good != bad else { throw configuration.error("good and bad are the same token, \(good)", path: path) }
            self = .labels(good: good, bad: bad)
        case .grade:
            var grades: [Token] = []
            for text in configuration.grades ?? [] { grades.append(try token(text, nil, "a grade,")) }
            guard Set(grades).count == grades.count else {
                throw configuration.error("two grades are the same token", path: path)
            }
            self = .grades(grades)
        case .head:
            guard let head = configuration.head else { throw configuration.error("it has no \"head\"", path: path) }
            self = .head(try ScoringHead(head, width: width, configuration: path))
        }
    }

    /// What a forward pass is to give at the step token.
    package var outputs: ModelRunner.Outputs { if case .head = self { .hiddenState } else { .logits } }

    /// The score between 0 and 1 of logits or a hidden state; NaN where these are.
    package func callAsFunction(_ row: UnsafePointer<Float>) -> Double {
        switch self {
        case .labels(let good, let bad):
            return 1 / (1 + exp(Double(row[Int(bad)]) - Double(row[Int(good)])))
        case .grades(let tokens):
            let weights = Self.weights(of: tokens, row)
            let mean = weights.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element }
            return mean / weights.reduce(0, +) / Double(tokens.count - 1)
        case .head(let head): return head(row)
        }
    }

    private static func weights(of tokens: [Token], _ row: UnsafePointer<Float>) -> [Double] {
        let best = tokens.map { Double(row[Int($0)]) }.max() ?? .nan
        return tokens.map { exp(Double(row[Int($0)]) - best) }
    }

    /// A label is one token, alone or after a space or another character.
    private static func token(
        _ text: String?, _ id: Token?, _ name: String, _ configuration: RewardModelConfiguration,
        _ vocabulary: Vocabulary,
        _ path: String
    ) throws(SpecSearchError) -> Token {
        if let id {
            guard id >= 0, Int(id) < vocabulary.count else {
                throw configuration.error(
                    "\(name)Id \(id) is not one of the \(vocabulary.count) tokens of the model", path: path)
            }
            if let text, vocabulary.text(of: [id]).trimmingCharacters(in: .whitespaces) != text {
                throw configuration.error(
                    "\(name)Id \(id) is \"\(vocabulary.text(of: [id]))\", not \"\(text)\"", path: path)
            }
            return id
        }
        let tokens = vocabulary.tokenize(text ?? "", parsesControls: true)
        guard tokens.count == 1 else {
            throw configuration.error(
                "\(name) \"\(text ?? "")\" is \(tokens.count) tokens of the model, not one", path: path)
        }
        return tokens[0]
    }
}
