package import Foundation
package import SpecSearch

/// SGLang's native `/generate`.
///
/// Siblings are a batch of one prompt with a seed each: the server's `n` draws them all from one seed.
package struct SGLangDialect: ServerDialect {
    package let name = "SGLang"
    package let seedBits = 31

    package init() {}

    private struct Item: Decodable {
        struct Finish: Decodable {
            var type: String
            var matched: StopMatch?
        }
        /// A log-probability, its token, and perhaps its text; the first of a prompt has none.
        struct Entry: Decodable {
            var value: Double?
            var token: Token
            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                value = try list.decodeNil() ? nil : list.decode(Double.self)
                token = try list.decode(Token.self)
            }
        }
        struct Meta: Decodable {
            var finishReason: Finish?
            var promptTokens: TokenCount?
            var completionTokens: TokenCount?
            var cachedTokens: TokenCount?
            var inputTokenLogprobs: [Entry]?
            var outputTokenIdsLogprobs: [[Entry]?]?
        }
        var text: String?
        var outputIds: [Token]?
        var metaInfo: Meta
    }

    package func generation(_ call: GenerationCall) -> WireRequest {
        let parameters = (0..<call.count).map { sibling -> JSONValue in
            [
                "max_new_tokens": .int(call.sampling.maximumTokens),
                "temperature": .double(call.sampling.temperature),
                "top_p": .double(call.sampling.topP),
                "top_k": .int(call.sampling.topK > 0 ? call.sampling.topK : -1),
                "min_p": .double(call.sampling.minP),
                "sampling_seed": .int((call.seed + sibling) & 0x7FFF_FFFF),
                "stop": [.string(call.delimiter)],
                "no_stop_trim": true,
            ]
        }
        return .post(
            "/generate",
            [
                "input_ids": .array((0..<call.count).map { _ in .tokens(call.prompt) }),
                "sampling_params": .array(parameters),
            ])
    }

    package func completions(_ answer: Data, for call: GenerationCall) throws -> Completions {
        let items = try Answer.decode([Item].self, from: answer)
        guard items.count == call.count else {
            throw Answer.malformed("\(items.count) texts where \(call.count) were asked for")
        }
        var usage = ModelUsage()
        let siblings = try items.map { item in
            guard let tokens = item.outputIds, let text = item.text else {
                throw Answer.malformed("a text without token ids")
            }
            let finish = item.metaInfo.finishReason
            let stop = try Answer.stop(finish?.type, finish?.matched)
            usage += ModelUsage(
                prompt: item.metaInfo.promptTokens, cached: item.metaInfo.cachedTokens,
                generated: item.metaInfo.completionTokens ?? TokenCount(tokens.count))
            return Completion(text: text, tokens: tokens, stop: stop)
        }
        return Completions(siblings: siblings, usage: usage)
    }

    package func labels(prompt: [Token], good: Token, bad: Token, model: String?) -> WireRequest {
        .post(
            "/generate",
            [
                "input_ids": .tokens(prompt), "sampling_params": ["max_new_tokens": 1, "temperature": 0],
                "return_logprob": true, "token_ids_logprob": .tokens([good, bad]), "logprob_start_len": -1,
            ])
    }

    package func labelScore(_ answer: Data, good: Token, bad: Token) throws -> Double {
        let item = try Answer.decode(Item.self, from: answer)
        guard item.metaInfo.finishReason != nil,
            let entries = item.metaInfo.outputTokenIdsLogprobs?.first.flatMap({ $0 }),
            let good = entries.first(where: { $0.token == good })?.value,
            let bad = entries.first(where: { $0.token == bad })?.value
        else { throw Answer.malformed("no log-probability of a label") }
        return try Answer.share(good: good, bad: bad)
    }

    package func likelihood(of step: [Token], ends: Bool, after prompt: [Token], model: String?) -> WireRequest {
        .post(
            "/generate",
            [
                "input_ids": .tokens(prompt + step), "sampling_params": ["max_new_tokens": 1, "temperature": 0],
                "return_logprob": true, "logprob_start_len": .int(max(0, prompt.count - 1)),
            ])
    }

    package func logProbabilities(_ answer: Data, of step: [Token], after prompt: [Token]) throws -> [Double] {
        let item = try Answer.decode(Item.self, from: answer)
        guard item.metaInfo.finishReason != nil, let entries = item.metaInfo.inputTokenLogprobs,
            entries.count >= step.count
        else { throw Answer.malformed("no log-probability for each token of the step") }
        return try zip(step, entries.suffix(step.count)).map { token, entry in
            guard entry.token == token, let value = entry.value, value.isFinite, value <= 1e-3 else {
                throw Answer.malformed("no log-probability of token \(token)")
            }
            return min(0, value)
        }
    }

    package func tokenization(_ text: String, addsBegin: Bool, model: String?) -> WireRequest {
        var body: JSONValue = ["prompt": .string(text), "add_special_tokens": .bool(addsBegin)]
        if let model { body.set("model", .string(model)) }
        return .post("/v1/tokenize", body)
    }

    package func tokens(_ answer: Data) throws -> [Token] {
        struct Tokens: Decodable { var tokens: [Token] }
        return try Answer.decode(Tokens.self, from: answer).tokens
    }
}
