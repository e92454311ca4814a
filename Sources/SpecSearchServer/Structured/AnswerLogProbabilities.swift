internal import SpecSearch

/// How likely the target finds an answer's tokens, as OpenAI publishes it.
struct AnswerLogProbabilities: Sendable {
    private var tokens: [TokenLogProbability]

    /// - Parameters:
    ///   - text: The text that the client sees; tokens beyond it are left out.
    init(_ tokens: [TokenLogProbability], of text: String) {
        var left = text.utf8.count
        self.tokens = tokens.prefix { token in
            defer { left -= token.token.bytes.count }
            return left > 0
        }.map(\.self)
    }

    /// Of `/v1/chat/completions`.
    var chat: JSONValue {
        .object(["content": .array(tokens.map(Self.entry)), "refusal": .null])
    }

    private static func entry(_ token: TokenLogProbability) -> JSONValue {
        var fields = fields(token.token)
        fields["top_logprobs"] = .array(token.top.map { .object(Self.fields($0)) })
        return .object(fields)
    }

    private static func fields(_ token: TokenLogProbability.Alternative) -> [String: JSONValue] {
        [
            "token": .string(text(token)), "logprob": .number(token.logProbability),
            "bytes": .array(token.bytes.map { .integer(Int($0)) }),
        ]
    }

    /// Of `/v1/completions`.
    var completion: JSONValue {
        var offset = 0
        let offsets = tokens.map { token in
            defer { offset += Self.text(token.token).unicodeScalars.count }
            return JSONValue.integer(offset)
        }
        let top = tokens.map { token in
            JSONValue.object(
                Dictionary(
                    token.top.map { (Self.text($0), JSONValue.number($0.logProbability)) },
                    uniquingKeysWith: { first, _ in first }))
        }
        return .object([
            "tokens": .array(tokens.map { .string(Self.text($0.token)) }),
            "token_logprobs": .array(tokens.map { .number($0.token.logProbability) }),
            "top_logprobs": .array(top), "text_offset": .array(offsets),
        ])
    }

    private static func text(_ token: TokenLogProbability.Alternative) -> String {
        String(decoding: token.bytes, as: UTF8.self)
    }
}
