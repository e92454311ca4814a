package import Foundation
package import SpecSearch

/// Which server a backend is; said by the configuration and checked by canary calls, never guessed from a URL.
public enum Dialect: String, Sendable, Hashable, Codable, CaseIterable {
    /// vLLM's OpenAI server (read and tried with 0.32).
    case vllm
    /// SGLang's native API (read with 0.5.23).
    case sglang
    /// llama.cpp's `llama-server` (0.5.0, as the bootstrap builds it).
    case llamaServer = "llama-server"
    /// Any server with `/v1/completions` and no token ids (Ollama, LM Studio): text in, text out.
    case openAI = "openai"

    package var codec: any ServerDialect {
        switch self {
        case .vllm: VLLMDialect()
        case .sglang: SGLangDialect()
        case .llamaServer: LlamaServerDialect()
        case .openAI: TextOnlyDialect()
        }
    }
}

/// What to write.
package struct GenerationCall: Sendable, Hashable {
    /// The model's name, where a server has several.
    package var model: String?
    /// The prompt's tokens; empty for a text-only server.
    package var prompt: [Token]
    /// The prompt's text, for a text-only server.
    package var text = ""
    /// How many siblings.
    package var count: Int
    package var parameters: SamplingParameters
    /// The seed of the first sibling; sibling `k` draws from `seed + k`.
    package var seed: Int
    /// What ends a step.
    package var delimiter: String
    /// What marks a last step for servers that do not say why they stopped.
    package var answerPrefix = ""

    package init(
        model: String? = nil, prompt: [Token], count: Int, parameters: SamplingParameters, seed: Int, delimiter: String
    ) {
        self.model = model
        self.prompt = prompt
        self.count = count
        self.parameters = parameters
        self.seed = seed
        self.delimiter = delimiter
    }
}

/// One sibling as a server wrote it.
package struct Completion: Sendable, Hashable {
    package var text: String
    package var tokens: [Token]
    package var stop: Thought.Stop

    package init(text: String, tokens: [Token], stop: Thought.Stop) {
        self.text = text
        self.tokens = tokens
        self.stop = stop
    }
}

/// What a server answered to a generation call.
package struct Completions: Sendable, Hashable {
    package var siblings: [Completion]
    package var usage: ModelUsage
}

/// A request as it goes over the wire.
package struct WireRequest: Sendable {
    package var path: String
    /// The body of a POST; nil for a GET.
    package var body: JSONValue?

    package static func get(_ path: String) -> WireRequest { WireRequest(path: path, body: nil) }
    package static func post(_ path: String, _ body: JSONValue) -> WireRequest { WireRequest(path: path, body: body) }
}

/// One server's language: pure functions from calls to requests and from answers to values.
///
/// An answer counts only if it is whole: as many siblings as asked for, each with an explicit finish reason.
package protocol ServerDialect: Sendable {
    var name: String { get }
    /// Bits of a seed that the server honours.
    var seedBits: Int { get }

    func generation(_ call: GenerationCall) throws -> WireRequest
    func completions(_ answer: Data, for call: GenerationCall) throws -> Completions

    /// The natural logarithms of the probabilities of `good` and `bad` after the prompt.
    func labels(prompt: [Token], good: Token, bad: Token, model: String?) throws -> WireRequest
    /// The probability of `good` among the two.
    func labelScore(_ answer: Data, good: Token, bad: Token) throws -> Double

    /// The likelihood of the tokens of `step` after `prompt`; `ends` says that the last one ends the sequence.
    func likelihood(of step: [Token], ends: Bool, after prompt: [Token], model: String?) throws -> WireRequest
    /// The natural logarithms of the step's tokens' probabilities.
    func logProbabilities(_ answer: Data, of step: [Token], after prompt: [Token]) throws -> [Double]

    /// The rows of a classifier head at the step tags, [bad, good] each.
    func classification(_ prompt: [Token], model: String?) throws -> WireRequest
    func classRows(_ answer: Data) throws -> [[Double]]

    /// The tokens of a text; `addsBegin` asks for the beginning-of-text token where the model has one.
    func tokenization(_ text: String, addsBegin: Bool, model: String?) throws -> WireRequest
    func tokens(_ answer: Data) throws -> [Token]
    /// The prompt of a problem by the model's own chat template.
    func chatPrompt(_ problem: String, model: String?) throws -> WireRequest
    func chat(_ answer: Data) throws -> ChatPrompt
}

/// A prompt by a server's chat template.
package enum ChatPrompt: Sendable, Hashable {
    case tokens([Token])
    /// A text in which control tokens are spelled out.
    case text(String)
}

extension ServerDialect {
    func unsupported(_ what: String, remedy: String) -> EngineError {
        EngineError(.unsupported, "\(name) cannot \(what).", remedy: remedy)
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

/// What stopped a text: a stop string, or a token by its id.
enum StopMatch: Decodable {
    case text(String), token(Int)

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let token = try? value.decode(Int.self) {
            self = .token(token)
        } else {
            self = .text(try value.decode(String.self))
        }
    }
}

/// Reads an answer of status 200.
package enum Answer {
    /// Decodes an answer.
    ///
    /// - Throws: ``RemoteFailure`` `reported` where it is an error in spite of its status, `malformed` where it is not
    ///   what the dialect says.
    static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws(RemoteFailure) -> Value {
        if let message = ServerErrorBody.message(in: data) { throw RemoteFailure(.reported, message) }
        do {
            let decoder = JSONDecoder()
            decoder.keyDecodingStrategy = .convertFromSnakeCase
            return try decoder.decode(type, from: data)
        } catch {
            throw RemoteFailure(.malformed, "an answer that is not understood (\(brief(error)))")
        }
    }

    /// Why a text ended, in the words that vLLM and SGLang share; without an explicit reason it has not.
    static func stop(_ reason: String?, _ match: StopMatch?) throws(RemoteFailure) -> Thought.Stop {
        switch (reason, match) {
        case ("stop", .text): return .delimiter
        case ("stop", _): return .endOfSequence
        case ("length", _): return .length
        case (let reason?, _): throw RemoteFailure(.reported, "the finish reason \"\(reason)\"")
        case (nil, _): throw malformed("a text without a finish reason")
        }
    }

    static func malformed(_ what: String) -> RemoteFailure { RemoteFailure(.malformed, "an answer with \(what)") }

    /// The probability of the first of two labels, in double precision.
    static func share(good: Double, bad: Double) throws(RemoteFailure) -> Double {
        guard good.isFinite, bad.isFinite, good <= 1e-3, bad <= 1e-3 else {
            throw malformed("label log-probabilities \(good) and \(bad)")
        }
        return 1 / (1 + exp(bad - good))
    }

    private static func brief(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        return switch error {
        case .keyNotFound(let key, _): "no \(key.stringValue)"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "wrong type at \(context.codingPath.map(\.stringValue).joined(separator: "."))"
        case .dataCorrupted: "broken JSON"
        @unknown default: "broken JSON"
        }
    }
}
