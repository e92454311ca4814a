internal import Foundation
internal import NIOCore

/// The form of `/v1/responses`: an item of reasoning, then a message; as a stream, events by name.
struct ResponseForm: AnswerForm {
    /// The answer's object: the fields that OpenAI publishes, and how the search went.
    private struct Answer: Encodable {
        var fields: [String: JSONValue]
        var specsearch: SearchReport?

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: AnyKey.self)
            for (key, value) in fields { try values.encode(value, forKey: AnyKey(stringValue: key)) }
            try values.encodeIfPresent(specsearch, forKey: AnyKey(stringValue: "specsearch"))
        }
    }

    /// An event of a stream: ``fields``, and in some the answer's object.
    private struct Event: Encodable {
        var fields: [String: JSONValue]
        var response: Answer?

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: AnyKey.self)
            for (key, value) in fields { try values.encode(value, forKey: AnyKey(stringValue: key)) }
            try values.encodeIfPresent(response, forKey: AnyKey(stringValue: "response"))
        }
    }

    private let request: GenerationRequest
    private let model: String
    private let created = Int(Date().timeIntervalSince1970)
    private let id = RandomName.make("resp")
    private let reasoningID = RandomName.make("rs")
    private let messageID = RandomName.make("msg")
    private var events = 0
    private var hasReasoning = false
    private var ended: GenerationAnswer?

    init(_ request: GenerationRequest, model: String) {
        self.request = request
        self.model = model
    }

    // MARK: The object

    func whole(_ answers: [GenerationAnswer], _ account: GenerationAccount) -> any Encodable & Sendable {
        answer(answers.first, account)
    }

    private func answer(
        _ answer: GenerationAnswer?, _ account: GenerationAccount?, error: APIError? = nil
    ) -> Answer {
        let status =
            error != nil
            ? "failed" : account == nil ? "in_progress" : answer?.isWhole == true ? "completed" : "incomplete"
        var fields: [String: JSONValue] = [
            "id": .string(id), "object": "response", "created_at": .integer(created), "model": .string(model),
            "status": .string(status), "background": .bool(false), "incomplete_details": .null, "error": .null,
            "instructions": .null, "max_output_tokens": request.maximumTokens.map(JSONValue.integer) ?? .null,
            "max_tool_calls": .null, "metadata": .object([:]), "parallel_tool_calls": .bool(true),
            "previous_response_id": .null, "reasoning": .object(["effort": .null, "summary": .null]),
            "service_tier": "default", "store": .bool(false), "temperature": .null, "top_p": .null,
            "text": .object(["format": .object(["type": "text"]), "verbosity": "medium"]), "tool_choice": "auto",
            "tools": .array([]), "top_logprobs": .integer(0), "truncation": "disabled", "user": .null, "usage": .null,
            "output": .array(answer.map(output) ?? []),
        ]
        fields.merge(request.repeated) { $1 }
        if status == "incomplete" { fields["incomplete_details"] = .object(["reason": "max_output_tokens"]) }
        if let error {
            fields["error"] = .object([
                "code": .string(error.statusCode == 429 ? "rate_limit_exceeded" : "server_error"),
                "message": .string(error.message),
            ])
        }
        if let usage = account?.usage {
            fields["usage"] = .object([
                "input_tokens": .integer(usage.promptTokens),
                "input_tokens_details": .object(["cached_tokens": .integer(usage.cachedTokens)]),
                "output_tokens": .integer(usage.completionTokens),
                "output_tokens_details": .object(["reasoning_tokens": .integer(usage.reasoningTokens)]),
                "total_tokens": .integer(usage.promptTokens + usage.completionTokens),
            ])
        }
        return Answer(fields: fields, specsearch: account?.report)
    }

    private func output(_ answer: GenerationAnswer) -> [JSONValue] {
        var items: [JSONValue] = []
        if !answer.reasoning.isEmpty { items.append(reasoning(answer.reasoningText, "completed")) }
        for call in answer.toolCalls { items.append(Self.item(call, call.arguments, "completed")) }
        if answer.isWhole, answer.toolCalls.isEmpty { items.append(message(answer.content, "completed")) }
        return items
    }

    private static func item(_ call: ToolCall, _ arguments: String, _ status: String) -> JSONValue {
        .object([
            "type": "function_call", "id": .string("fc_\(call.id)"), "call_id": .string(call.id),
            "name": .string(call.name), "arguments": .string(arguments), "status": .string(status),
        ])
    }

    private func reasoning(_ text: String?, _ status: String) -> JSONValue {
        .object([
            "type": "reasoning", "id": .string(reasoningID), "status": .string(status), "summary": .array([]),
            "content": .array(text.map { [Self.reasoningPart($0)] } ?? []),
        ])
    }

    private func message(_ text: String?, _ status: String) -> JSONValue {
        .object([
            "type": "message", "id": .string(messageID), "status": .string(status), "role": "assistant",
            "content": .array(text.map { [Self.textPart($0)] } ?? []),
        ])
    }

    private static func reasoningPart(_ text: String) -> JSONValue {
        .object(["type": "reasoning_text", "text": .string(text)])
    }

    private static func textPart(_ text: String) -> JSONValue {
        .object(["type": "output_text", "text": .string(text), "annotations": .array([]), "logprobs": .array([])])
    }

    // MARK: Parts

    mutating func begin() throws -> [ByteBuffer] {
        try ["response.created", "response.in_progress"].map { try event($0, response: answer(nil, nil)) }
    }

    mutating func step(_ text: String, of choice: Int) throws -> [ByteBuffer] {
        let parts =
            hasReasoning ? [] : try beginItem(reasoning(nil, "in_progress"), 0, reasoningID, Self.reasoningPart(""))
        hasReasoning = true
        return try parts + [
            event("response.reasoning_text.delta", place(reasoningID, 0).merging(["delta": .string(text)]) { $1 })
        ]
    }

    mutating func end(
        _ answer: GenerationAnswer, of choice: Int, _ account: GenerationAccount
    ) throws -> [ByteBuffer] {
        ended = answer
        var parts: [ByteBuffer] = []
        if hasReasoning {
            let text = answer.reasoningText
            parts.append(
                try event("response.reasoning_text.done", place(reasoningID, 0).merging(["text": .string(text)]) { $1 })
            )
            parts += try endItem(reasoning(text, "completed"), 0, reasoningID, Self.reasoningPart(text))
        }
        guard answer.isWhole else { return parts }
        let index = hasReasoning ? 1 : 0
        for (place, call) in answer.toolCalls.enumerated() { parts += try self.parts(of: call, index + place) }
        guard answer.toolCalls.isEmpty else { return parts }
        let text: [String: JSONValue] = ["text": .string(answer.content), "logprobs": .array([])]
        let delta: [String: JSONValue] = ["delta": .string(answer.content), "logprobs": .array([])]
        parts += try beginItem(message(nil, "in_progress"), index, messageID, Self.textPart(""))
        parts.append(try event("response.output_text.delta", place(messageID, index).merging(delta) { $1 }))
        parts.append(try event("response.output_text.done", place(messageID, index).merging(text) { $1 }))
        return try parts
            + endItem(message(answer.content, "completed"), index, messageID, Self.textPart(answer.content))
    }

    private mutating func parts(of call: ToolCall, _ index: Int) throws -> [ByteBuffer] {
        let place: [String: JSONValue] = ["item_id": .string("fc_\(call.id)"), "output_index": .integer(index)]
        func with(_ fields: [String: JSONValue]) -> [String: JSONValue] { place.merging(fields) { $1 } }
        let name = "response.function_call_arguments"
        return [
            try event(
                "response.output_item.added",
                ["output_index": .integer(index), "item": Self.item(call, "", "in_progress")]),
            try event("\(name).delta", with(["delta": .string(call.arguments)])),
            try event("\(name).done", with(["name": .string(call.name), "arguments": .string(call.arguments)])),
            try event(
                "response.output_item.done",
                ["output_index": .integer(index), "item": Self.item(call, call.arguments, "completed")]),
        ]
    }

    mutating func finish(_ account: GenerationAccount) throws -> [ByteBuffer] {
        let name = ended?.isWhole == true ? "response.completed" : "response.incomplete"
        return [try event(name, response: answer(ended, account))]
    }

    mutating func fail(_ error: APIError) throws -> [ByteBuffer] {
        [try event("response.failed", response: answer(nil, nil, error: error))]
    }

    private mutating func beginItem(
        _ item: JSONValue, _ index: Int, _ id: String, _ part: JSONValue
    ) throws -> [ByteBuffer] {
        [
            try event("response.output_item.added", ["output_index": .integer(index), "item": item]),
            try event("response.content_part.added", place(id, index).merging(["part": part]) { $1 }),
        ]
    }

    private mutating func endItem(
        _ item: JSONValue, _ index: Int, _ id: String, _ part: JSONValue
    ) throws -> [ByteBuffer] {
        [
            try event("response.content_part.done", place(id, index).merging(["part": part]) { $1 }),
            try event("response.output_item.done", ["output_index": .integer(index), "item": item]),
        ]
    }

    private func place(_ id: String, _ index: Int) -> [String: JSONValue] {
        ["item_id": .string(id), "output_index": .integer(index), "content_index": .integer(0)]
    }

    private mutating func event(
        _ type: String, _ fields: [String: JSONValue] = [:], response: Answer? = nil
    ) throws -> ByteBuffer {
        var fields = fields
        fields["type"] = .string(type)
        fields["sequence_number"] = .integer(events)
        events += 1
        return EventStream.event(try JSON.text(Event(fields: fields, response: response)), name: type)
    }
}

extension JSONValue: ExpressibleByStringLiteral {
    init(stringLiteral value: String) { self = .string(value) }
}
