/// A response of `/v1/chat/completions` or `/v1/completions`, whole or a part of a stream.
struct Completion: Encodable, Sendable {
    struct Message: Encodable, Sendable {
        var role: String?
        var content: String?
        var reasoningContent: String?
        /// The same under the name that newer servers use.
        var reasoning: String?

        enum CodingKeys: String, CodingKey {
            case role, content, reasoning
            case reasoningContent = "reasoning_content"
        }

        init(role: String? = nil, content: String? = nil, reasoning: String? = nil) {
            self.role = role
            self.content = content
            reasoningContent = reasoning
            self.reasoning = reasoning
        }
    }

    struct Choice: Encodable, Sendable {
        var message: Message?
        var delta: Message?
        var text: String?
        var finishReason: String?

        enum CodingKeys: String, CodingKey {
            case index, message, delta, text, logprobs
            case finishReason = "finish_reason"
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(0, forKey: .index)
            try values.encodeIfPresent(message, forKey: .message)
            try values.encodeIfPresent(delta, forKey: .delta)
            try values.encodeIfPresent(text, forKey: .text)
            // Clients expect both keys, with null in them.
            try values.encodeNil(forKey: .logprobs)
            try values.encode(finishReason, forKey: .finishReason)
        }
    }

    var id: String
    var object: String
    var created: Int
    var model: String
    var systemFingerprint = "specsearch-\(ServerVersion.number)"
    var choices: [Choice]
    var usage: UsageReport?
    var specsearch: SearchReport?

    enum CodingKeys: String, CodingKey {
        case id, object, created, model, choices, usage, specsearch
        case systemFingerprint = "system_fingerprint"
    }
}

/// The version that the server reports.
package enum ServerVersion {
    package static let number = "0.1.0"
}
