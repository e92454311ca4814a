package import Foundation
package import SpecSearch

/// One server's language: pure functions from calls to requests and from answers to values.
///
/// An answer counts only if it is whole: as many siblings as asked for, each with an explicit finish reason. What reads an
/// answer throws ``RemoteFailure``; what a server cannot be asked at all throws `SpecSearchError` `unsupported`.
package protocol ServerDialect: Sendable {
    /// The server's name, for messages.
    var name: String { get }
    /// Bits of a seed that the server honours.
    var seedBits: Int { get }

    /// The request for siblings after a prompt.
    func generation(_ call: GenerationCall) throws -> WireRequest
    /// The siblings in its answer.
    func completions(_ answer: Data, for call: GenerationCall) throws -> Completions

    /// The request for the probabilities of two labels after a prompt.
    func labels(prompt: [Token], good: Token, bad: Token, model: String?) throws -> WireRequest
    /// The probability of `good` among the two, in its answer.
    func labelScore(_ answer: Data, good: Token, bad: Token) throws -> Double

    /// The request for the likelihood of the tokens of `step` after `prompt`; `ends` says that the last one ends the
    /// sequence.
    func likelihood(of step: [Token], ends: Bool, after prompt: [Token], model: String?) throws -> WireRequest
    /// The natural logarithms of the probabilities of the step's tokens, in its answer: at temperature 1, before any
    /// filter.
    func logProbabilities(_ answer: Data, of step: [Token], after prompt: [Token]) throws -> [Double]

    /// The request for what a class head says at the step tokens of a prompt.
    func classification(_ prompt: [Token], model: String?) throws -> WireRequest
    /// The class probabilities in its answer, [step][class].
    func classRows(_ answer: Data) throws -> [[Double]]

    /// The request for the tokens of a text; `addsBegin` asks for the beginning-of-text token where the model has one.
    func tokenization(_ text: String, addsBegin: Bool, model: String?) throws -> WireRequest
    /// The tokens in its answer.
    func tokens(_ answer: Data) throws -> [Token]

    /// The request for the prompt of a problem by the model's own chat template.
    func chatPrompt(_ problem: String, model: String?) throws -> WireRequest
    /// The prompt in its answer.
    func chat(_ answer: Data) throws -> ChatPrompt
}

/// A prompt by a server's chat template.
package enum ChatPrompt: Sendable, Hashable {
    case tokens([Token])
    /// A text in which control tokens are spelled out.
    case text(String)
}

extension ServerDialect {
    func unsupported(_ what: String, remedy: String) -> SpecSearchError {
        SpecSearchError(.unsupported, "\(name) cannot \(what).", remedy: remedy)
    }

    package func classification(_ prompt: [Token], model: String?) throws -> WireRequest {
        throw unsupported(
            "serve a reward model with a class head",
            remedy: "Use vLLM (/pooling) for it, or a reward model with label tokens.")
    }

    package func classRows(_ answer: Data) throws -> [[Double]] {
        throw unsupported("serve a reward model with a class head", remedy: "Use vLLM.")
    }

    package func chatPrompt(_ problem: String, model: String?) throws -> WireRequest {
        throw unsupported(
            "apply the model's chat template", remedy: "Give chatTemplate with {problem} in it in the configuration.")
    }

    package func chat(_ answer: Data) throws -> ChatPrompt { .tokens(try tokens(answer)) }
}

/// A request as it goes over the wire.
package struct WireRequest: Sendable {
    /// The path of the URL, from its slash.
    package var path: String
    /// The body of a POST; nil for a GET.
    package var body: JSONValue?

    package static func get(_ path: String) -> WireRequest { WireRequest(path: path, body: nil) }
    package static func post(_ path: String, _ body: JSONValue) -> WireRequest { WireRequest(path: path, body: body) }
}
