import Foundation
package import SpecSearch

/// How a row of a reward model at a tag becomes a score.
package enum ScoreReading {
    /// The softmax of two logits: of the token that speaks for the step, and of the one against it.
    case labels(good: Token, bad: Token)
    /// The mean grade under the softmax of the grades' logits, as a share of the best grade; worst grade first.
    case grades([Token])
    /// A small network over the hidden state.
    case head(ScoringHead)

    /// Finds the tokens, or reads the head.
    ///
    /// - Returns: Nothing for a likelihood verifier, which has no tag.
    /// - Throws: ``EngineError`` `badModelFile`, naming the description's file, where a token is unknown or is not what the
    ///   description says.
    package init?(
        description: RewardDescription, vocabulary: Vocabulary, width: Int, path: String
    ) throws(EngineError) {
        func token(_ text: String?, _ id: Token?, _ name: String) throws(EngineError) -> Token {
            try Self.token(text, id, name, description, vocabulary, path)
        }
        switch description.kind {
        case .likelihood: return nil
        case .label:
            let good = try token(description.good, description.goodId, "good")
            let bad = try token(description.bad, description.badId, "bad")
            guard good != bad else { throw description.error("good and bad are the same token, \(good)", path: path) }
            self = .labels(good: good, bad: bad)
        case .grade:
            var grades: [Token] = []
            for text in description.grades ?? [] { grades.append(try token(text, nil, "a grade,")) }
            guard Set(grades).count == grades.count else {
                throw description.error("two grades are the same token", path: path)
            }
            self = .grades(grades)
        case .head:
            guard let head = description.head else { throw description.error("it has no \"head\"", path: path) }
            self = .head(try ScoringHead(head, width: width, description: path))
        }
    }

    /// The score between 0 and 1, or NaN where the row is.
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

    /// The grades' weights, of which the largest is 1; none for other models.
    package func weights(_ row: UnsafePointer<Float>) -> [Double] {
        if case .grades(let tokens) = self { Self.weights(of: tokens, row) } else { [] }
    }

    private static func weights(of tokens: [Token], _ row: UnsafePointer<Float>) -> [Double] {
        let best = tokens.map { Double(row[Int($0)]) }.max() ?? .nan
        return tokens.map { exp(Double(row[Int($0)]) - best) }
    }

    /// A label is one token, alone or after a space or another character.
    private static func token(
        _ text: String?, _ id: Token?, _ name: String, _ description: RewardDescription, _ vocabulary: Vocabulary,
        _ path: String
    ) throws(EngineError) -> Token {
        if let id {
            guard id >= 0, Int(id) < vocabulary.count else {
                throw description.error(
                    "\(name)Id \(id) is not one of the \(vocabulary.count) tokens of the model", path: path)
            }
            if let text, vocabulary.text(of: [id]).trimmingCharacters(in: .whitespaces) != text {
                throw description.error(
                    "\(name)Id \(id) is \"\(vocabulary.text(of: [id]))\", not \"\(text)\"", path: path)
            }
            return id
        }
        let tokens = vocabulary.tokenize(text ?? "", parsesControls: true)
        guard tokens.count == 1 else {
            throw description.error(
                "\(name) \"\(text ?? "")\" is \(tokens.count) tokens of the model, not one", path: path)
        }
        return tokens[0]
    }
}
