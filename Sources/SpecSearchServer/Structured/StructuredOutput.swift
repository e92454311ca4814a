internal import Foundation
internal import JSONGrammar
internal import SpecSearch

/// What an answer has to be beside text: JSON, or a call of a tool.
struct StructuredOutput: Sendable {
    /// JSON by a schema, or any object.
    struct Format: Sendable {
        var grammar: Grammar
        /// Nil for any object.
        var schema: OrderedJSON?
    }

    /// A function of the client's.
    struct Tool: Sendable {
        var name: String
        var description: String?
        var parameters: OrderedJSON
    }

    private(set) var format: Format?
    /// The functions that may be called.
    private(set) var tools: [Tool] = []
    /// Whether one of them has to be called.
    private(set) var requiresCall = false

    /// Whether the answer is to be more than text.
    var isWanted: Bool { format != nil || !tools.isEmpty }
    /// The field that asks for it.
    let field: String

    /// Reads the fields of a request.
    ///
    /// - Parameter data: The request's body, for the order of a schema's members.
    /// - Throws: ``APIError`` 400, naming the field at fault.
    init(_ body: Fields, _ data: Data, as form: GenerationRequest.Form) throws(APIError) {
        let formatFields =
            form == .response ? try body.object("text")?.object("format") : try body.object("response_format")
        let tools = try body.objects("tools") ?? []
        field = tools.isEmpty ? formatFields?.path ?? "" : "tools"
        let isWanted = formatFields != nil || !tools.isEmpty
        let ordered = isWanted ? OrderedJSON(data) : nil
        guard !isWanted || ordered != nil else { throw .invalid("The body is nested too deep.") }
        if let formatFields {
            format = try Self.format(
                formatFields, form == .response ? ordered?["text"]?["format"] : ordered?["response_format"], form)
        }
        for (index, fields) in tools.enumerated() where body["tool_choice"] != .string("none") {
            guard let tool = ordered?["tools"]?.elements?[index] else { continue }
            self.tools.append(try Self.tool(fields, tool, form))
        }
        try choose(body)
    }

    private static func format(
        _ fields: Fields, _ ordered: OrderedJSON?, _ form: GenerationRequest.Form
    ) throws(APIError) -> Format? {
        switch try fields.required("type", try fields.string("type")) {
        case "text": return nil
        case "json_object": return Format(grammar: Grammar(JSONGrammar.object.text))
        case "json_schema":
            // A chat's format holds its schema one level deeper than a response's.
            let isNested = form != .response
            let inner = isNested ? try fields.required("json_schema", try fields.object("json_schema")) : fields
            _ = try inner.required("schema", try inner.object("schema"))
            let schema = (isNested ? ordered?["json_schema"] : ordered)?["schema"] ?? .object([])
            let isStrict = try inner.bool("strict") ?? false
            let grammar = try grammar(schema, isStrict: isStrict, at: inner.place("schema"))
            return Format(grammar: Grammar(grammar.text), schema: schema)
        case let type:
            throw .invalid(
                "\(fields.path).type is text, json_object or json_schema, not \(type.shortened).",
                param: fields.place("type"))
        }
    }

    private static func tool(
        _ fields: Fields, _ ordered: OrderedJSON, _ form: GenerationRequest.Form
    ) throws(APIError) -> Tool {
        let type = try fields.required("type", try fields.string("type"))
        guard type == "function" else {
            throw .invalid(
                "Tools of type \(type.shortened) are not supported, only functions.", param: fields.place("type"),
                code: "unsupported")
        }
        let isNested = form != .response
        let function = isNested ? try fields.required("function", try fields.object("function")) : fields
        let name = try function.required("name", try function.string("name"))
        guard name.wholeMatch(of: /[A-Za-z0-9_.\-]{1,64}/) != nil else {
            throw .invalid(
                "A function's name has 1 to 64 letters, digits, _, - and dots.", param: function.place("name"))
        }
        let parameters: OrderedJSON? =
            try function.object("parameters") == nil
            ? nil : (isNested ? ordered["function"] : ordered)?["parameters"]
        let tool = Tool(
            name: name, description: try function.string("description"), parameters: parameters ?? .object([]))
        _ = try grammar(
            tool.parameters, isStrict: function.bool("strict") ?? false, at: function.place("parameters"))
        return tool
    }

    private static func grammar(
        _ schema: OrderedJSON, isStrict: Bool, at place: String
    ) throws(APIError) -> JSONGrammar {
        do {
            return try JSONGrammar(schema: schema, isStrict: isStrict)
        } catch {
            let param = error.place.isEmpty ? place : "\(place).\(error.place.prefix(200))"
            throw .invalid("\(param) \(error.fault).", param: param)
        }
    }

    /// Reads which of the tools may be called.
    private mutating func choose(_ body: Fields) throws(APIError) {
        var name: String?
        switch body["tool_choice"] {
        case nil, .string("none")?, .string("auto")?: return
        case .string("required")?: requiresCall = true
        case .object?:
            let choice = try body.object("tool_choice") ?? Fields([:])
            guard try choice.string("type") == "function" else {
                throw .invalid(
                    "tool_choice is none, auto, required or a function.", param: "tool_choice", code: "unsupported")
            }
            let function = try choice.object("function") ?? choice
            name = try function.required("name", try function.string("name"))
            requiresCall = true
        case let value?: throw body.wrong("tool_choice", value, "none, auto, required or a function")
        }
        if let name {
            tools.removeAll { $0.name != name }
            guard !tools.isEmpty else {
                throw .invalid("There is no tool \(name.shortened).", param: "tool_choice")
            }
        }
        guard !tools.isEmpty else {
            throw .invalid("There are no tools that tool_choice could be about.", param: "tool_choice")
        }
    }

    // MARK: What models read

    /// What stands before the problem: the functions, as the models of several families (Hermes, Qwen) have learnt to read
    /// them.
    var introduction: String? {
        guard !tools.isEmpty else { return nil }
        let list = tools.map { tool in
            var members = [OrderedJSON.Member(key: "name", value: .string(tool.name))]
            if let text = tool.description { members.append(.init(key: "description", value: .string(text))) }
            members.append(.init(key: "parameters", value: tool.parameters))
            return OrderedJSON.object([
                .init(key: "type", value: .string("function")), .init(key: "function", value: .object(members)),
            ]).json
        }
        return """
            # Tools

            You may call one or more functions to assist with the user query.

            You are provided with function signatures within <tools></tools> XML tags:
            <tools>
            \(list.joined(separator: "\n"))
            </tools>

            For each function call, return a json object with function name and arguments within <tool_call></tool_call> \
            XML tags:
            <tool_call>
            {"name": <function-name>, "arguments": <args-json-object>}
            </tool_call>
            """
    }

    /// What stands after it.
    ///
    /// - Parameter hasResults: Whether it ends with a function's result.
    func instruction(hasResults: Bool) -> String? {
        let calls =
            !tools.isEmpty && hasResults
            ? "Now answer the user by the tool response. Call a function only if another one is needed." : nil
        let form = format.map {
            "Give the final answer as JSON" + ($0.schema.map { " by this schema:\n\($0.json)" } ?? ".")
        }
        let parts = [calls, form].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: "\n\n")
    }

    /// What stands between the reasoning and the JSON: a fence, which models know from what they have read.
    static let formatLead = "\n\n```json\n"
    /// What a call stands behind.
    static let callLead = "<tool_call>\n"

    /// Where a text begins to call one of the functions, in the form of the introduction or as plain JSON; nil where it does
    /// not.
    func callBegin(in text: String) -> String.Index? {
        let plain = text.matches(of: /\{\s*"name"\s*:\s*"([A-Za-z0-9_.\-]+)"/).first { match in
            tools.contains { $0.name == match.1 }
        }
        return [plain?.range.lowerBound, text.firstRange(of: "<tool_call>")?.lowerBound].compactMap(\.self).min()
    }

    /// The grammar of a call.
    func callGrammar() throws -> Grammar {
        var definitions: [OrderedJSON.Member] = []
        var calls: [OrderedJSON] = []
        for (index, tool) in tools.enumerated() {
            let pointer = "#/$defs/\(index)"
            definitions.append(.init(key: "\(index)", value: tool.parameters.rebased(at: pointer)))
            calls.append(
                .closedObject([
                    ("name", .object([.init(key: "const", value: .string(tool.name))])),
                    ("arguments", .object([.init(key: "$ref", value: .string(pointer))])),
                ]))
        }
        let schema = OrderedJSON.object([
            .init(key: "anyOf", value: .array(calls)), .init(key: "$defs", value: .object(definitions)),
        ])
        return Grammar(try JSONGrammar(schema: schema).text)
    }
}

/// A call of a tool, as the model wrote it.
struct ToolCall: Sendable {
    let id = RandomName.make("call")
    var name: String
    /// The arguments as JSON.
    var arguments: String

    /// - Parameter arguments: JSON; what else a client sends stays as it is.
    init(name: String, arguments: String) {
        self.name = name
        self.arguments = OrderedJSON(arguments)?.json ?? arguments
    }

    /// - Returns: Nil for a text that is no call.
    init?(_ text: String) {
        guard let call = OrderedJSON(text), let name = call["name"]?.text else { return nil }
        self.init(name: name, arguments: (call["arguments"] ?? .object([])).json)
    }

    /// The call as models write it in a conversation.
    var text: String { "<tool_call>\n\(signature)\n</tool_call>" }

    /// The same for the same call.
    var signature: String { "{\"name\": \(OrderedJSON.quoted(name)), \"arguments\": \(arguments)}" }
}

extension OrderedJSON {
    /// The schema with its own references as those of a schema that holds it at a place.
    fileprivate func rebased(at pointer: String) -> OrderedJSON {
        switch self {
        case .object(let members):
            .object(
                members.map { member in
                    if member.key == "$ref", let target = member.value.text, target.hasPrefix("#") {
                        return .init(key: "$ref", value: .string(pointer + target.dropFirst()))
                    }
                    return .init(key: member.key, value: member.value.rebased(at: pointer))
                })
        case .array(let elements): .array(elements.map { $0.rebased(at: pointer) })
        default: self
        }
    }

    /// The schema of an object with just these members.
    fileprivate static func closedObject(_ members: [(String, OrderedJSON)]) -> OrderedJSON {
        .object([
            .init(key: "properties", value: .object(members.map { .init(key: $0.0, value: $0.1) })),
            .init(key: "required", value: .array(members.map { .string($0.0) })),
        ])
    }
}
