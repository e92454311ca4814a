/// A response of `/v1/chat/completions` or `/v1/completions`, whole or a part of a stream.
struct Completion: Encodable, Sendable {
    struct Message: Encodable, Sendable {
        /// A call of a tool; `index` in streams.
        struct Call: Encodable, Sendable {
            struct Function: Encodable, Sendable {
                var name: String
                var arguments: String
            }

            var index: Int?
            var id: String
            var type = "function"
            var function: Function
        }

        var role: String?
        var content: String?
        var calls: [Call]?
        var reasoningContent: String?
        /// The same under the name that newer servers use.
        var reasoning: String?

        enum CodingKeys: String, CodingKey {
            case role, content, refusal, reasoning
            case reasoningContent = "reasoning_content"
            case calls = "tool_calls"
        }

        init(
            role: String? = nil, content: String? = nil, reasoning: String? = nil, calls: [ToolCall] = [],
            isPart: Bool = false
        ) {
            self.role = role
            self.content = content
            self.calls =
                calls.isEmpty
                ? nil
                : calls.enumerated().map { index, call in
                    Call(
                        index: isPart ? index : nil, id: call.id,
                        function: Call.Function(name: call.name, arguments: call.arguments))
                }
            reasoningContent = reasoning
            self.reasoning = reasoning
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encodeIfPresent(role, forKey: .role)
            // Whole messages have the key in any case.
            if role != nil {
                try values.encode(content, forKey: .content)
            } else {
                try values.encodeIfPresent(content, forKey: .content)
            }
            try values.encodeIfPresent(calls, forKey: .calls)
            try values.encodeIfPresent(reasoningContent, forKey: .reasoningContent)
            try values.encodeIfPresent(reasoning, forKey: .reasoning)
            // Where a message begins, clients expect the key.
            if role != nil { try values.encodeNil(forKey: .refusal) }
        }
    }

    struct Choice: Encodable, Sendable {
        /// How the path of one of several answers was judged.
        struct Report: Encodable, Sendable {
            var answer: String?
            var score: Double
        }

        var index: Int
        var message: Message?
        var delta: Message?
        var text: String?
        var logProbabilities: JSONValue?
        var finishReason: String?
        var report: Report?

        enum CodingKeys: String, CodingKey {
            case index, message, delta, text
            case logProbabilities = "logprobs"
            case finishReason = "finish_reason"
            case report = "specsearch"
        }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(index, forKey: .index)
            try values.encodeIfPresent(message, forKey: .message)
            try values.encodeIfPresent(delta, forKey: .delta)
            try values.encodeIfPresent(text, forKey: .text)
            // Clients expect both keys, with null in them.
            try values.encode(logProbabilities, forKey: .logProbabilities)
            try values.encode(finishReason, forKey: .finishReason)
            try values.encodeIfPresent(report, forKey: .report)
        }
    }

    var id: String
    var object: String
    var created: Int
    var model: String
    var systemFingerprint = "specsearch-\(ServerVersion.number)"
    var choices: [Choice]
    var usage: UsageReport?
    /// Whether a response without ``usage`` says so, as all parts do of a stream that ends with it.
    var promisesUsage = false
    var specsearch: SearchReport?

    enum CodingKeys: String, CodingKey {
        case id, object, created, model, choices, usage, specsearch
        case systemFingerprint = "system_fingerprint"
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(id, forKey: .id)
        try values.encode(object, forKey: .object)
        try values.encode(created, forKey: .created)
        try values.encode(model, forKey: .model)
        try values.encode(choices, forKey: .choices)
        try values.encode(systemFingerprint, forKey: .systemFingerprint)
        if promisesUsage {
            try values.encode(usage, forKey: .usage)
        } else {
            try values.encodeIfPresent(usage, forKey: .usage)
        }
        try values.encodeIfPresent(specsearch, forKey: .specsearch)
    }
}

/// The version that the server reports.
package enum ServerVersion {
    package static let number = "0.1.0"
}
