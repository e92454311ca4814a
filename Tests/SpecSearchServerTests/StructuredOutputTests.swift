import Foundation
import HTTPTypes
import HummingbirdTesting
import SpecSearch
import SpecSearchServer
import Testing

/// JSON, calls of tools, and tokens' probabilities.
@Suite(.timeLimit(.minutes(1))) struct StructuredOutputTests {
    static let person = """
        {"type": "object", "properties": {"name": {"type": "string"}, "age": {"type": "integer"}}, \
        "required": ["name", "age"], "additionalProperties": false}
        """
    static let weather = """
        {"name": "weather", "description": "The weather.", "parameters": {"type": "object", "properties": \
        {"place": {"$ref": "#/$defs/Place"}}, "required": ["place"], "$defs": {"Place": {"enum": ["Paris"]}}}}
        """
    static let call = #"{"name": "weather", "arguments": {"place": "Paris"}}"#

    static let tools = #""tools":[{"type":"function","function":\#(weather)}]"#

    private func chat(_ fields: String, messages: String = #"[{"role":"user","content":"Who?"}]"#) -> String {
        #"{"messages":\#(messages),\#(fields)}"#
    }

    private func format(_ rest: String = "") -> String {
        #""response_format":{"type":"json_schema","json_schema":{"name":"p","schema":\#(Self.person)\#(rest)}}"#
    }

    @Test func `a chat's JSON is written by the schema's grammar after the reasoning`() async throws {
        let json = #"{"name": "Mia", "age": 7}"#
        let model = StructuredModel([json])
        try await withServer(model.served) { client, _ in
            let response = try await client.post("/v1/chat/completions", chat(format()))
            #expect(response.status == .ok)
            #expect(try response.value("choices", "0", "message", "content") as? String == json)
            #expect(try response.value("choices", "0", "message", "reasoning") as? String == "It is 7.")
            #expect(try response.value("choices", "0", "finish_reason") as? String == "stop")
            // Four tokens of reasoning, three of JSON.
            #expect(try response.value("usage", "completion_tokens") as? Int == 7)
        }
        let asked = try #require(model.calls.first)
        // The end of the reasoning is not there when its text goes on.
        #expect(asked.path.thoughts.map(\.tokens) == [[1, 2, 3], []])
        #expect(asked.path.thoughts.last?.text == "\n\n```json\n")
        #expect(
            asked.path.problem.text.hasPrefix("Who?")
                && asked.path.problem.text.contains(#""age": {"type": "integer"}"#))
        let name = try #require(asked.grammar.firstRange(of: "name"))
        let age = try #require(asked.grammar.firstRange(of: "age"))
        #expect(name.lowerBound < age.lowerBound)
    }

    @Test func `any object is a format too, and both forms stream it`() async throws {
        for (path, body) in [
            ("/v1/chat/completions", chat(#""stream":true,"response_format":{"type":"json_object"}"#)),
            ("/v1/responses", #"{"input":"Who?","stream":true,"text":{"format":{"type":"json_object"}}}"#),
        ] {
            try await withServer(StructuredModel([#"{"a": 1}"#]).served) { client, _ in
                let text = try await client.post(path, body).text
                #expect(text.contains(#"{\"a\": 1}"#) && text.contains("It is 7."))
            }
        }
    }

    @Test func `JSON is written after a reasoning without an end, of which nothing is dropped`() async throws {
        let model = StructuredModel([#"{"name": "Mia", "age": 7}"#], thinks: "Hm.\n\n", stop: .delimiter)
        try await withServer(model.served) { client, _ in
            let response = try await client.post(
                "/v1/chat/completions", chat(format() + #","specsearch":{"depth":1}"#))
            #expect(
                try response.value("choices", "0", "message", "content") as? String == #"{"name": "Mia", "age": 7}"#)
            #expect(try response.value("choices", "0", "message", "reasoning") as? String == "Hm.\n\n")
            #expect(try response.value("choices", "0", "finish_reason") as? String == "stop")
        }
        #expect(model.calls.first?.path.thoughts.map(\.tokens.count) == [4, 0])
    }

    @Test func `a server that stops says so while JSON is written`() async throws {
        try await withServer(StructuredModel([], waits: true).served) { client, server in
            async let answer = client.post("/v1/chat/completions", chat(format()))
            while server.admission.running == 0 { await Task.yield() }
            try await Task.sleep(for: .milliseconds(200))
            server.admission.stopAll()
            #expect(try await answer.status == .serviceUnavailable)
        }
    }

    @Test func `a limit that cuts the JSON is said`() async throws {
        for (texts, tokens) in [([""], 100), ([], 4)] {
            let model = StructuredModel(texts)
            try await withServer(model.served) { client, _ in
                let response = try await client.post(
                    "/v1/chat/completions", chat(format() + #","max_tokens":\#(tokens)"#))
                #expect(try response.value("choices", "0", "finish_reason") as? String == "length")
                #expect(try response.value("choices", "0", "message", "content") as? String == "")
            }
            #expect(model.calls.map(\.limit) == (texts.isEmpty ? [] : [96]))
        }
    }

    @Test(arguments: [
        ("I look.\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {", "I look.\n"),
        ("```json\n{\n  \"name\" : \"weather\", \"arguments\": {\"place\": \"Rome\"}}\n```", "```json\n"),
        ("<tool_call>", ""),
    ])
    func `a tool is called where the model writes a call, whatever it writes of it`(_ thought: String, _ kept: String)
        async throws
    {
        let model = StructuredModel([Self.call], thinks: thought)
        try await withServer(model.served) { client, _ in
            let response = try await client.post("/v1/chat/completions", chat(Self.tools))
            let call = try #require(
                try response.value("choices", "0", "message", "tool_calls", "0", "function") as? [String: Any])
            #expect(call["name"] as? String == "weather")
            #expect(call["arguments"] as? String == #"{"place": "Paris"}"#)
            #expect(try response.value("choices", "0", "message", "content") as? String == nil)
            #expect(try response.value("choices", "0", "finish_reason") as? String == "tool_calls")
        }
        let asked = try #require(model.calls.first)
        #expect(asked.path.text == kept + "<tool_call>\n")
        #expect(asked.grammar.contains(#"\"Paris\""#))
        #expect(asked.path.problem.text.contains("The weather."))
    }

    @Test func `a tool is not called where the model writes no call, or what it asks is known`() async throws {
        let known = """
            [{"role":"user","content":"Weather?"},{"role":"assistant","content":null,"tool_calls":[{"id":"1",\
            "type":"function","function":{"name":"weather","arguments":"{\\"place\\":\\"Paris\\"}"}}]},\
            {"role":"tool","tool_call_id":"1","content":"Sunny"}]
            """
        for (thought, messages) in [("It is 7.", known), (#"{"name": "other"}"#, known), ("<tool_call>", known)] {
            let model = StructuredModel([Self.call], thinks: thought)
            try await withServer(model.served) { client, _ in
                let response = try await client.post("/v1/chat/completions", chat(Self.tools, messages: messages))
                #expect(try response.value("choices", "0", "message", "content") as? String == thought)
                #expect(try response.value("choices", "0", "finish_reason") as? String == "stop")
            }
            for call in model.calls {
                let said = call.path.problem.text
                #expect(
                    said.contains("Assistant: <tool_call>\n\(Self.call)\n</tool_call>\n\nTool: <tool_response>\nSunny"))
            }
        }
    }

    @Test func `a call may be streamed, and a limit may cut it`() async throws {
        for (text, reason) in [(Self.call, "tool_calls"), ("", "length")] {
            try await withServer(StructuredModel([text], thinks: "<tool_call>").served) { client, _ in
                let stream = try await client.post("/v1/chat/completions", chat(Self.tools + #","stream":true"#)).text
                #expect(stream.contains(#""finish_reason":"\#(reason)""#))
                #expect(stream.contains(#""index":0,"type":"function""#) == !text.isEmpty)
            }
        }
    }

    @Test func `a response's call is an item, whole and in a stream`() async throws {
        let tool = Self.weather.replacing(#"{"name""#, with: #"{"type": "function", "name""#)
        for stream in [false, true] {
            try await withServer(StructuredModel([Self.call]).served) { client, _ in
                let body = #"{"input":"Weather?","tools":[\#(tool)],"tool_choice":"required","stream":\#(stream)}"#
                let response = try await client.post("/v1/responses", body)
                if stream {
                    for name in ["output_item.added", "function_call_arguments.delta", "function_call_arguments.done"] {
                        #expect(response.text.contains("event: response.\(name)\n"))
                    }
                } else {
                    let item = try #require(try response.value("output", "1") as? [String: Any])
                    #expect(item["type"] as? String == "function_call" && item["name"] as? String == "weather")
                    #expect(item["arguments"] as? String == #"{"place": "Paris"}"#)
                }
            }
        }
    }

    @Test func `one tool can be demanded by its name`() async throws {
        let other = #"{"type":"function","function":{"name":"other"}}"#
        let model = StructuredModel([Self.call])
        try await withServer(model.served) { client, _ in
            let fields =
                #""tools":[\#(other),{"type":"function","function":\#(Self.weather)}],"tool_choice":{"type":"function","function":{"name":"weather"}}"#
            let response = try await client.post("/v1/chat/completions", chat(fields))
            #expect(response.status == .ok)
        }
        #expect(model.calls.count == 1 && !model.calls[0].grammar.contains("other"))
    }

    @Test func `tokens' probabilities are those of the text that is seen`() async throws {
        try await withServer(StructuredModel([]).served) { client, _ in
            let chat = try await client.post(
                "/v1/chat/completions", chat(#""logprobs":true,"top_logprobs":2,"stop":["7"]"#))
            let content = try #require(try chat.value("choices", "0", "logprobs", "content") as? [[String: Any]])
            #expect(content.compactMap { $0["token"] as? String }.joined() == "It is ")
            #expect(
                content.allSatisfy { ($0["top_logprobs"] as? [Any])?.count == 2 && $0["logprob"] as? Double == -0.5 })
            let text = try await client.post("/v1/completions", #"{"prompt":"Who?","logprobs":1}"#)
            let logprobs = try #require(try text.value("choices", "0", "logprobs") as? [String: Any])
            #expect((logprobs["tokens"] as? [String])?.joined() == "It is 7.")
            #expect((logprobs["text_offset"] as? [Int]) == Array(0..<8))
        }
    }

    @Test(arguments: [
        (#""response_format":{"type":"yaml"}"#, "response_format.type"),
        (#""response_format":{"type":"json_schema"}"#, "response_format.json_schema"),
        (#""response_format":{"type":"json_schema","json_schema":{"name":"x"}}"#, "response_format.json_schema.schema"),
        (
            #""response_format":{"type":"json_schema","json_schema":{"schema":{"properties":{"a":{"type":"x"}}}}}"#,
            "response_format.json_schema.schema.properties.a.type"
        ),
        (
            #""response_format":{"type":"json_schema","json_schema":{"strict":true,"schema":{"type":"string","pattern":"a"}}}"#,
            "response_format.json_schema.schema.pattern"
        ),
        (
            #""response_format":{"type":"json_schema","json_schema":{"schema":{"const":"too-large"}}}"#,
            "response_format"
        ),
        (#""tools":[{"type":"web_search"}]"#, "tools[0].type"),
        (#""tools":[{"type":"function","function":{"name":"a b"}}]"#, "tools[0].function.name"),
        (
            #""tools":[{"type":"function","function":{"name":"a"}}],"tool_choice":{"type":"function","function":{"name":"b"}}"#,
            "tool_choice"
        ),
        (#""tool_choice":"required""#, "tool_choice"), (#""top_logprobs":3"#, "top_logprobs"),
        (#""logprobs":true,"top_logprobs":21"#, "top_logprobs"),
    ])
    func `what cannot be kept to is refused by name`(_ fields: String, _ param: String) async throws {
        try await withServer(StructuredModel([]).served) { client, _ in
            let response = try await client.post("/v1/chat/completions", chat(fields))
            #expect(response.status == .badRequest)
            #expect(try response.value("error", "param") as? String == param)
        }
    }

    @Test func `models that are not held to grammars refuse, before they search`() async throws {
        try await withServer { client, _ in
            for (fields, param) in [
                (format(), "response_format"), (#""tools":[{"type":"function","function":{"name":"a"}}]"#, "tools"),
                (#""logprobs":true"#, "logprobs"),
            ] {
                let response = try await client.post("/v1/chat/completions", chat(fields))
                #expect(response.status == .badRequest)
                #expect(try response.value("error", "param") as? String == param)
            }
        }
    }
}
