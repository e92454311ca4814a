import Foundation
import HTTPTypes
import HummingbirdTesting
import SpecSearch
import SpecSearchServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct ResponseRouteTests {
    @Test func `a response holds the reasoning and the message`() async throws {
        try await withServer { client, _ in
            let body =
                #"{"model":"toy","input":"What is 7","instructions":null,"metadata":{"a":"b"},"max_output_tokens":900}"#
            let response = try await client.post("/v1/responses", body)
            #expect(response.status == .ok)
            #expect(try response.value("object") as? String == "response")
            #expect(try response.value("status") as? String == "completed")
            #expect(try response.value("output", "0", "type") as? String == "reasoning")
            #expect(try response.value("output", "1", "type") as? String == "message")
            #expect(try response.value("output", "1", "content", "0", "type") as? String == "output_text")
            #expect(try response.value("output", "1", "content", "0", "text") as? String == "The answer is 7.")
            #expect(try response.value("metadata", "a") as? String == "b")
            #expect(try response.value("max_output_tokens") as? Int == 900)
            let names = ["input_tokens", "output_tokens", "total_tokens"]
            let counts = try names.map { try #require(try response.value("usage", $0) as? Int) }
            #expect(counts[0] == 9 && counts[0] + counts[1] == counts[2])
            #expect(try response.value("usage", "input_tokens_details", "cached_tokens") is Int)
            #expect(try response.value("usage", "output_tokens_details", "reasoning_tokens") is Int)
        }
    }

    @Test func `a response that runs out of tokens is incomplete`() async throws {
        try await withServer { client, _ in
            let response = try await client.post("/v1/responses", #"{"input":"What is 7","max_output_tokens":5}"#)
            #expect(try response.value("status") as? String == "incomplete")
            #expect(try response.value("incomplete_details", "reason") as? String == "max_output_tokens")
        }
    }

    @Test func `a stream is events by name, numbered, that end with the whole`() async throws {
        try await withServer { client, _ in
            let text = try await client.post("/v1/responses", #"{"input":"What is 7","stream":true}"#).text
            let events = text.components(separatedBy: "\n\n").filter { $0.hasPrefix("event: ") }.map { event in
                event.components(separatedBy: "\n")
            }
            let names = events.map { String($0[0].dropFirst(7)) }
            let data = events.map { String($0[1].dropFirst(6)) }
            #expect(names.prefix(2) == ["response.created", "response.in_progress"])
            #expect(names.last == "response.completed")
            #expect(names.filter { $0 == "response.reasoning_text.delta" }.count == 3)
            for kind in ["output_item.added", "content_part.added", "content_part.done", "output_item.done"] {
                #expect(names.filter { $0 == "response.\(kind)" }.count == 2)
            }
            #expect(try data.map { try jsonValue(in: $0, ["sequence_number"]) as? Int } == Array(0..<data.count))
            #expect(try zip(names, data).allSatisfy { try jsonValue(in: $1, ["type"]) as? String == $0 })
            func joined(_ name: String, _ field: String) throws -> String {
                try zip(names, data).filter { $0.0 == name }.compactMap { try jsonValue(in: $0.1, [field]) as? String }
                    .joined()
            }
            #expect(try joined("response.output_text.delta", "delta") == "The answer is 7.")
            #expect(try joined("response.output_text.done", "text") == "The answer is 7.")
            let reasoning = try joined("response.reasoning_text.delta", "delta")
            #expect(try joined("response.reasoning_text.done", "text") == reasoning)
            let last = try #require(data.last)
            #expect(
                try jsonValue(in: last, ["response", "output", "0", "content", "0", "text"]) as? String == reasoning)
            #expect(try jsonValue(in: last, ["response", "usage", "input_tokens"]) as? Int == 9)
            #expect(!text.contains("[DONE]"))
        }
    }

    @Test func `a failure ends the stream as failed`() async throws {
        try await withServer(TestModel.make(fails: true)) { client, _ in
            let text = try await client.post("/v1/responses", #"{"input":"What is 7","stream":true}"#).text
            #expect(text.contains("event: response.failed") && !text.contains("response.completed"))
        }
    }

    @Test(arguments: [
        (#""text":{"format":{"type":"json_schema","name":"x","schema":{}}}"#, "text.format"),
        (#""text":{"format":{"type":"text"},"verbosity":"low"}"#, "text.verbosity"),
        (#""reasoning":{"effort":"high"}"#, "reasoning.effort"),
        (#""include":["file_search_call.results"]"#, "include"),
        (#""n":2"#, "n"), (#""max_output_tokens":0"#, "max_output_tokens"), (#""stop":["x"]"#, "stop"),
        (#""input":[{"type":"file_search_call","id":"x"}]"#, "input[0].type"),
        (#""input":[{"type":"function_call_output","call_id":"x","output":"y"}]"#, "input"),
        (#""input":[{"role":"user","content":[{"type":"input_image","image_url":"x"}]}]"#, "input"),
        (#""input":7"#, "input"),
    ])
    func `what a response cannot hold is refused by name`(field: String, param: String) async throws {
        try await withServer { client, _ in
            let body = field.contains(#""input""#) ? "{\(field)}" : #"{"input":"What is 7",\#(field)}"#
            let response = try await client.post("/v1/responses", body)
            #expect(response.status == .badRequest)
            #expect(try response.value("error", "param") as? String == param)
        }
    }
}
