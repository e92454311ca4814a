package import Foundation
package import SpecSearch

/// Any server with OpenAI's `/v1/completions` and nothing more, such as Ollama and LM Studio: thoughts as text.
///
/// Lost are token ids (the text is tokenised again at each step, so the prefix cache may miss), exact stops (such servers
/// say "stop" for a delimiter and for the end alike; an empty step counts as the last, and searches know one that holds the
/// answer), several siblings in one call, and reward models.
package struct TextOnlyDialect: ServerDialect {
    package let name = "a text-only server"
    package let seedBits = 30

    package init() {}

    package func generation(_ call: GenerationCall) -> WireRequest {
        var body: JSONValue = [
            "prompt": .string(call.text), "n": .int(call.count), "max_tokens": .int(call.sampling.maximumTokens),
            "temperature": .double(call.sampling.temperature), "top_p": .double(call.sampling.topP),
            "seed": .int(call.seed), "stop": [.string(call.delimiter)], "stream": false,
        ]
        if let model = call.model { body.set("model", .string(model)) }
        return .post("/v1/completions", body)
    }

    private struct Response: Decodable {
        struct Choice: Decodable {
            var text: String
            var finishReason: String?
        }
        struct Usage: Decodable {
            var promptTokens: TokenCount?
            var completionTokens: TokenCount?
        }
        var choices: [Choice]
        var usage: Usage?
    }

    package func completions(_ answer: Data, for call: GenerationCall) throws -> Completions {
        let response = try Answer.decode(Response.self, from: answer)
        guard response.choices.count == call.count else {
            throw Answer.malformed("\(response.choices.count) choices where \(call.count) were asked for")
        }
        let siblings = try response.choices.map { choice -> Completion in
            switch choice.finishReason {
            case "length": return Completion(text: choice.text, tokens: [], stop: .length)
            case "stop":
                let isLast = choice.text.isEmpty
                return Completion(
                    text: isLast ? choice.text : choice.text + call.delimiter, tokens: [],
                    stop: isLast ? .endOfSequence : .delimiter)
            case nil: throw Answer.malformed("a choice without a finish reason")
            case let reason?: throw RemoteFailure(.reported, "the finish reason \"\(reason)\"")
            }
        }
        let usage = ModelUsage(prompt: response.usage?.promptTokens, generated: response.usage?.completionTokens)
        return Completions(siblings: siblings, usage: usage)
    }

    private var noIds: SpecSearchError {
        unsupported(
            "work with token ids, so it cannot hold the reward model",
            remedy: "Serve the reward model by vLLM, SGLang or llama-server, or embed it.")
    }

    package func labels(prompt: [Token], good: Token, bad: Token, model: String?) throws -> WireRequest { throw noIds }
    package func labelScore(_ answer: Data, good: Token, bad: Token) throws -> Double { throw noIds }
    package func likelihood(of step: [Token], ends: Bool, after prompt: [Token], model: String?) throws -> WireRequest {
        throw noIds
    }
    package func logProbabilities(_ answer: Data, of step: [Token], after prompt: [Token]) throws -> [Double] {
        throw noIds
    }
    package func tokenization(_ text: String, addsBegin: Bool, model: String?) throws -> WireRequest { throw noIds }
    package func tokens(_ answer: Data) throws -> [Token] { throw noIds }
}
