package import Foundation
package import SpecSearch

/// llama.cpp's `llama-server`, its native `/completion`.
///
/// The server gives no log-probabilities of a prompt. Two ways around: a label's share is read with all but the two
/// labels biased out, and a step's likelihood by having a grammar of token ids force the server to generate just that
/// step, with each token's probability before any sampling.
package struct LlamaServerDialect: ServerDialect {
    package let name = "llama-server"
    /// The server takes 32 bits, and all ones mean "random".
    package let seedBits = 30

    package init() {}

    /// What the server says about itself under `/props`.
    struct Properties: Decodable {
        struct Settings: Decodable { var nCtx: Int? }
        var totalSlots: Int
        var defaultGenerationSettings: Settings?
        var buildInfo: String?
    }

    private struct Item: Decodable {
        struct Probability: Decodable {
            struct Top: Decodable {
                var id: Token
                var prob: Double?
                var logprob: Double?
            }
            var id: Token
            var logprob: Double?
            var prob: Double?
            var topProbs: [Top]?
            var topLogprobs: [Top]?
        }
        struct Timings: Decodable {
            var promptN: TokenCount?
            var predictedN: TokenCount?
            var draftN: TokenCount?
            var draftNAccepted: TokenCount?
        }
        var index: Int?
        var content: String
        var tokens: [Token]
        var stopType: String?
        var stoppingWord: String?
        var tokensPredicted: TokenCount?
        var tokensEvaluated: TokenCount?
        var timings: Timings?
        var completionProbabilities: [Probability]?
    }

    private static let fields: JSONValue = [
        "index", "content", "tokens", "stop_type", "stopping_word", "tokens_predicted", "tokens_evaluated", "timings",
        "completion_probabilities",
    ]

    package func generation(_ call: GenerationCall) -> WireRequest {
        .post(
            "/completion",
            [
                "prompt": .tokens(call.prompt),
                "n_predict": .int(call.sampling.maximumTokens),
                "n_cmpl": .int(call.count),
                "seed": .int(call.seed),
                // The defaults are not neutral, and the order is the embedded engine's.
                "samplers": ["temperature", "top_k", "top_p", "min_p"],
                "temperature": .double(call.sampling.temperature),
                "top_k": .int(call.sampling.topK),
                "top_p": .double(call.sampling.topP),
                "min_p": .double(call.sampling.minP),
                "stop": [.string(call.delimiter)],
                "cache_prompt": true,
                "return_tokens": true,
                "response_fields": Self.fields,
            ])
    }

    package func completions(_ answer: Data, for call: GenerationCall) throws -> Completions {
        let items = call.count == 1 ? [try item(answer)] : try Answer.decode([Item].self, from: answer)
        guard items.count == call.count else {
            throw Answer.malformed("\(items.count) texts where \(call.count) were asked for")
        }
        var usage = ModelUsage()
        var siblings = [Completion?](repeating: nil, count: call.count)
        for (place, item) in items.enumerated() {
            let index = item.index ?? place
            guard siblings.indices.contains(index), siblings[index] == nil else {
                throw Answer.malformed("a text numbered \(index) of \(call.count), or twice the same")
            }
            let stop: Thought.Stop =
                switch item.stopType {
                case "word": .delimiter
                case "eos": .endOfSequence
                case "limit": .length
                default: throw Answer.malformed("a text without a finish reason")
                }
            guard !item.tokens.isEmpty else { throw Answer.malformed("a text without token ids") }
            siblings[index] = Completion(
                text: item.content + (item.stoppingWord ?? ""), tokens: item.tokens, stop: stop)
            add(item, to: &usage)
        }
        return Completions(siblings: siblings.compactMap(\.self), usage: usage)
    }

    /// One text: an object, or an array of one.
    private func item(_ answer: Data) throws -> Item {
        guard answer.first(where: { $0 > 0x20 }) == UInt8(ascii: "[") else {
            return try Answer.decode(Item.self, from: answer)
        }
        let items = try Answer.decode([Item].self, from: answer)
        guard items.count == 1 else { throw Answer.malformed("\(items.count) texts for one") }
        return items[0]
    }

    private func add(_ item: Item, to usage: inout ModelUsage) {
        let prompt = (item.timings?.promptN ?? item.tokensEvaluated)?.value ?? 0
        let generated = (item.timings?.predictedN ?? item.tokensPredicted)?.value ?? item.tokens.count
        usage.prefillTokens += prompt
        usage.outputTokens += item.tokens.count
        usage.evaluatedTokens += prompt + generated
        usage.proposedTokens += item.timings?.draftN?.value ?? 0
        usage.acceptedTokens += item.timings?.draftNAccepted?.value ?? 0
    }

    package func labels(prompt: [Token], good: Token, bad: Token, model: String?) -> WireRequest {
        .post(
            "/completion",
            [
                "prompt": .tokens(prompt), "n_predict": 1, "samplers": ["temperature"], "temperature": 1,
                // Equal biases cancel in the share, and are large enough that no other token comes between.
                "logit_bias": [[.int(Int(good)), 100], [.int(Int(bad)), 100]],
                "n_probs": 2, "post_sampling_probs": true, "cache_prompt": true, "return_tokens": true, "seed": 1,
                "response_fields": Self.fields,
            ])
    }

    package func labelScore(_ answer: Data, good: Token, bad: Token) throws -> Double {
        let item = try item(answer)
        guard item.stopType != nil, item.stopType != "none", let first = item.completionProbabilities?.first,
            let top = first.topProbs
        else { throw Answer.malformed("no probabilities, or no finish reason") }
        // A share that rounds to 0 is left out; anything else than the labels means that a bias was ignored.
        guard !top.isEmpty, top.allSatisfy({ $0.id == good || $0.id == bad }) else {
            throw Answer.malformed("the probability of another token than the labels")
        }
        let shares = top.compactMap { entry in entry.prob.map { (entry.id, $0) } }
        let total = shares.reduce(0) { $0 + $1.1 }
        guard shares.count == top.count, shares.allSatisfy({ $0.1.isFinite && $0.1 >= 0 }), total > 0.5 else {
            throw Answer.malformed("probabilities \(shares.map(\.1)) of the labels")
        }
        return (shares.first { $0.0 == good }?.1 ?? 0) / total
    }

    package func likelihood(of step: [Token], ends: Bool, after prompt: [Token], model: String?) -> WireRequest {
        // A grammar cannot name an end-of-sequence token, but allows one where it is complete; the bias decides which.
        let forced = ends ? Array(step.dropLast()) : step
        let rule = forced.isEmpty ? "\"\"" : forced.map { "<[\($0)]>" }.joined(separator: " ")
        var body: JSONValue = [
            "prompt": .tokens(prompt), "n_predict": .int(step.count), "temperature": 0, "samplers": ["temperature"],
            "grammar": .string("root ::= \(rule)"), "n_probs": 1, "post_sampling_probs": false, "cache_prompt": true,
            "return_tokens": true, "response_fields": Self.fields,
        ]
        if ends, let last = step.last { body.set("logit_bias", [[.int(Int(last)), 100]]) }
        return .post("/completion", body)
    }

    package func logProbabilities(_ answer: Data, of step: [Token], after prompt: [Token]) throws -> [Double] {
        let item = try item(answer)
        guard item.stopType != nil, item.stopType != "none", let entries = item.completionProbabilities,
            entries.map(\.id) == step
        else { throw Answer.malformed("probabilities of other tokens than the step's") }
        return try entries.map { entry in
            guard let value = entry.logprob, value.isFinite, value <= 1e-3 else {
                throw Answer.malformed("no log-probability of token \(entry.id)")
            }
            return min(0, value)
        }
    }

    package func tokenization(_ text: String, addsBegin: Bool, model: String?) -> WireRequest {
        .post("/tokenize", ["content": .string(text), "add_special": .bool(addsBegin), "parse_special": true])
    }

    package func tokens(_ answer: Data) throws -> [Token] {
        struct Tokens: Decodable { var tokens: [Token] }
        return try Answer.decode(Tokens.self, from: answer).tokens
    }

    package func chatPrompt(_ problem: String, model: String?) -> WireRequest {
        .post("/apply-template", ["messages": [["role": "user", "content": .string(problem)]]])
    }

    package func chat(_ answer: Data) throws -> ChatPrompt {
        struct Prompt: Decodable { var prompt: String }
        return .text(try Answer.decode(Prompt.self, from: answer).prompt)
    }
}
