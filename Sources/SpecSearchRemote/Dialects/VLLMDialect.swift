package import Foundation
package import SpecSearch

/// vLLM's OpenAI server, `/v1/completions` with token ids both ways.
package struct VLLMDialect: ServerDialect {
    package let name = "vLLM"
    package let seedBits = 53

    package init() {}

    /// An array of log-probabilities: `promptLogprobs` by position, `topLogprobs` by name.
    private struct Response: Decodable {
        struct Choice: Decodable {
            struct Logprobs: Decodable { var topLogprobs: [[String: Double]?]? }
            struct Entry: Decodable { var logprob: Double }
            var index: Int
            var text: String
            var finishReason: String?
            var stopReason: StopMatch?
            var tokenIds: [Token]?
            var logprobs: Logprobs?
            var promptLogprobs: [[String: Entry]?]?
        }
        struct Usage: Decodable {
            struct Details: Decodable { var cachedTokens: TokenCount? }
            var promptTokens: TokenCount
            var completionTokens: TokenCount?
            var promptTokensDetails: Details?
        }
        var choices: [Choice]
        var usage: Usage?
    }

    private func body(_ prompt: [Token], model: String?) -> JSONValue {
        var body: JSONValue = ["prompt": .tokens(prompt), "add_special_tokens": false, "return_token_ids": true]
        if let model { body.set("model", .string(model)) }
        return body
    }

    package func generation(_ call: GenerationCall) -> WireRequest {
        var body = body(call.prompt, model: call.model)
        body.set("n", .int(call.count))
        body.set("max_tokens", .int(call.sampling.maximumTokens))
        body.set("temperature", .double(call.sampling.temperature))
        body.set("top_p", .double(call.sampling.topP))
        body.set("top_k", .int(call.sampling.topK))
        body.set("min_p", .double(call.sampling.minP))
        body.set("seed", .int(call.seed))
        body.set("stop", [.string(call.delimiter)])
        body.set("include_stop_str_in_output", true)
        return .post("/v1/completions", body)
    }

    package func completions(_ answer: Data, for call: GenerationCall) throws -> Completions {
        let response = try Answer.decode(Response.self, from: answer)
        var siblings = [Completion?](repeating: nil, count: call.count)
        for choice in response.choices {
            guard siblings.indices.contains(choice.index), siblings[choice.index] == nil else {
                throw Answer.malformed("a choice numbered \(choice.index) of \(call.count), or twice the same")
            }
            guard let tokens = choice.tokenIds else { throw Answer.malformed("a choice without token ids") }
            siblings[choice.index] = Completion(
                text: choice.text, tokens: tokens, stop: try Answer.stop(choice.finishReason, choice.stopReason))
        }
        let whole = siblings.compactMap(\.self)
        guard whole.count == call.count else {
            throw Answer.malformed("\(whole.count) choices where \(call.count) were asked for")
        }
        return Completions(siblings: whole, usage: usage(response))
    }

    private func usage(_ response: Response) -> ModelUsage {
        let usage = response.usage
        return ModelUsage(
            prompt: usage?.promptTokens, cached: usage?.promptTokensDetails?.cachedTokens,
            generated: usage?.completionTokens)
    }

    package func labels(prompt: [Token], good: Token, bad: Token, model: String?) -> WireRequest {
        var body = body(prompt, model: model)
        body.set("max_tokens", 1)
        body.set("temperature", 0)
        body.set("logprobs", 2)
        body.set("logprob_token_ids", .tokens([good, bad]))
        body.set("return_tokens_as_token_ids", true)
        return .post("/v1/completions", body)
    }

    package func labelScore(_ answer: Data, good: Token, bad: Token) throws -> Double {
        let response = try Answer.decode(Response.self, from: answer)
        guard response.choices.count == 1, response.choices[0].finishReason != nil else {
            throw Answer.malformed("\(response.choices.count) choices, or no finish reason")
        }
        guard let found = response.choices[0].logprobs?.topLogprobs?.first.flatMap({ $0 }),
            let good = found["token_id:\(good)"], let bad = found["token_id:\(bad)"]
        else { throw Answer.malformed("no log-probability of a label") }
        return try Answer.share(good: good, bad: bad)
    }

    package func likelihood(of step: [Token], ends: Bool, after prompt: [Token], model: String?) -> WireRequest {
        var body = body(prompt + step, model: model)
        body.set("max_tokens", 1)
        body.set("temperature", 0)
        body.set("prompt_logprobs", 0)
        return .post("/v1/completions", body)
    }

    package func logProbabilities(_ answer: Data, of step: [Token], after prompt: [Token]) throws -> [Double] {
        let response = try Answer.decode(Response.self, from: answer)
        guard response.choices.count == 1, response.choices[0].finishReason != nil,
            let entries = response.choices[0].promptLogprobs, entries.count == prompt.count + step.count
        else { throw Answer.malformed("no log-probability for each token of the prompt") }
        return try zip(step, entries.dropFirst(prompt.count)).map { token, entry in
            guard let value = entry?[String(token)]?.logprob, value.isFinite, value <= 1e-3 else {
                throw Answer.malformed("no log-probability of token \(token)")
            }
            return min(0, value)
        }
    }

    package func classification(_ prompt: [Token], model: String?) -> WireRequest {
        var body: JSONValue = ["input": .tokens(prompt), "task": "token_classify", "use_activation": true]
        if let model { body.set("model", .string(model)) }
        return .post("/pooling", body)
    }

    package func classRows(_ answer: Data) throws -> [[Double]] {
        struct Pooling: Decodable {
            struct Item: Decodable {
                var index: Int
                var data: [[Double]]
            }
            var data: [Item]
        }
        let pooling = try Answer.decode(Pooling.self, from: answer)
        guard pooling.data.count == 1 else { throw Answer.malformed("\(pooling.data.count) items for one path") }
        return pooling.data[0].data
    }

    package func tokenization(_ text: String, addsBegin: Bool, model: String?) -> WireRequest {
        var body: JSONValue = ["prompt": .string(text), "add_special_tokens": .bool(addsBegin)]
        if let model { body.set("model", .string(model)) }
        return .post("/tokenize", body)
    }

    package func tokens(_ answer: Data) throws -> [Token] {
        struct Tokens: Decodable { var tokens: [Token] }
        return try Answer.decode(Tokens.self, from: answer).tokens
    }

    package func chatPrompt(_ problem: String, model: String?) -> WireRequest {
        var body: JSONValue = [
            "messages": [["role": "user", "content": .string(problem)]], "add_generation_prompt": true,
        ]
        if let model { body.set("model", .string(model)) }
        return .post("/tokenize", body)
    }
}
