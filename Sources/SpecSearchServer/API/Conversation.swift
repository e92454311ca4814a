internal import Foundation

/// The messages of a chat as one problem.
struct Conversation {
    private enum Role: String {
        case system, developer, user, assistant, tool, function

        var instructs: Bool { self == .system || self == .developer }
    }

    private var turns: [(role: Role, text: String)] = []
    /// The calls of tools since the user spoke last, as ``ToolCall/signature``.
    private(set) var knownCalls: Set<String> = []

    /// The messages of `/v1/chat/completions`.
    ///
    /// - Throws: ``APIError`` 400, naming the field at fault.
    init(chat fields: Fields, _ limits: ServerConfiguration.Limits) throws(APIError) {
        guard let messages = try fields.objects("messages"), !messages.isEmpty else {
            throw .invalid("messages is missing or empty.", param: "messages")
        }
        try add(messages, limits, param: "messages")
    }

    /// The input of `/v1/responses`: a text, or items.
    ///
    /// - Throws: ``APIError`` 400, naming the field at fault.
    init(response fields: Fields, _ limits: ServerConfiguration.Limits) throws(APIError) {
        if let instructions = try fields.string("instructions") { turns.append((.system, instructions)) }
        switch fields["input"] {
        case nil: throw .invalid("input is missing.", param: "input")
        case .string(let text): turns.append((.user, text))
        case .array:
            let items = try fields.objects("input") ?? []
            var messages: [Fields] = []
            for item in items {
                switch try item.string("type") {
                case nil, "message": messages.append(item)
                // Calls and what came of them, as the messages of a chat.
                case "function_call":
                    messages.append(
                        Fields(
                            ["role": "assistant", "tool_calls": .array([.object(["function": .object(item.values)])])],
                            at: item.path))
                case "function_call_output":
                    messages.append(
                        Fields(["role": "tool", "content": item["output"] ?? .string("")], at: item.path))
                // What this server thought in an earlier turn; the next one starts afresh.
                case "reasoning": break
                case let type?:
                    throw .invalid(
                        "Items of type \(type.shortened) are not supported, only messages.", param: item.place("type"),
                        code: "unsupported")
                }
            }
            try add(messages, limits, param: "input")
        case let value?: throw fields.wrong("input", value, "a text or a list of items")
        }
    }

    private mutating func add(
        _ messages: [Fields], _ limits: ServerConfiguration.Limits, param: String
    ) throws(APIError) {
        guard messages.count <= limits.messages else {
            throw .invalid("There are more than \(limits.messages) messages.", param: param)
        }
        for message in messages {
            let name = try message.required("role", try message.string("role"))
            guard let role = Role(rawValue: name) else {
                throw .invalid("There is no role \(name.shortened).", param: message.place("role"))
            }
            let calls = try Self.calls(of: message)
            if role == .user { knownCalls = [] } else { knownCalls.formUnion(calls.map(\.signature)) }
            let texts = [try Self.text(of: message, param: param)] + calls.map(\.text)
            var text = texts.filter { !$0.isEmpty }.joined(separator: "\n")
            if role == .tool { text = "<tool_response>\n\(text)\n</tool_response>" }
            turns.append((role, text))
        }
        guard turns.contains(where: { $0.role == .user }) else {
            throw .invalid("No message is the user's.", param: param)
        }
    }

    private static func text(of message: Fields, param: String) throws(APIError) -> String {
        switch message["content"] {
        case nil: return ""
        case .string(let text): return text
        case .array:
            var text = ""
            for part in try message.objects("content") ?? [] {
                let type = try part.required("type", try part.string("type"))
                guard ["text", "input_text", "output_text"].contains(type) else {
                    throw .invalid(
                        "Parts of type \(type.shortened) are not supported, only text.", param: param,
                        code: "unsupported")
                }
                text += try part.required("text", try part.string("text"))
            }
            return text
        case let value?: throw message.wrong("content", value, "a text or a list of parts")
        }
    }

    /// The calls of tools in a message of the assistant's, as the models write them.
    private static func calls(of message: Fields) throws(APIError) -> [ToolCall] {
        var calls: [ToolCall] = []
        for call in try message.objects("tool_calls") ?? [] {
            let function = try call.required("function", try call.object("function"))
            let name = try function.required("name", try function.string("name"))
            let arguments = try function.string("arguments") ?? "{}"
            calls.append(ToolCall(name: name, arguments: arguments))
        }
        return calls
    }

    /// Whether a tool's result is the last that was said.
    var endsWithResult: Bool { turns.last?.role == .tool }

    /// The problem: a single message as it stands; of several the system's come first, and turns with their roles.
    var problem: String {
        if turns.count == 1 { return turns[0].text }
        let instructions = turns.filter { $0.role.instructs }.map(\.text)
        let talk = turns.filter { !$0.role.instructs }
        let said = talk.count == 1 ? talk.map(\.text) : talk.map { "\($0.role.rawValue.capitalized): \($0.text)" }
        return (instructions + said).joined(separator: "\n\n")
    }
}
