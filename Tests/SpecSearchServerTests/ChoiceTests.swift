import Foundation
import HTTPTypes
import HummingbirdTesting
import SpecSearch
import SpecSearchServer
import Testing

/// Several answers, several prompts, and what is counted of them.
@Suite(.timeLimit(.minutes(1))) struct ChoiceTests {
    private static func choices(_ response: TestResponse) throws -> [[String: Any]] {
        try #require(try response.value("choices") as? [[String: Any]])
    }

    @Test(arguments: [1, 2, 3, 16]) func `n answers have n indices, the best one first`(count: Int) async throws {
        try await withServer { client, _ in
            let chat = #"{"messages":[{"role":"user","content":"What is 7"}],"n":\#(count)}"#
            let response = try await client.post("/v1/chat/completions", chat)
            #expect(response.status == .ok)
            let choices = try Self.choices(response)
            #expect(choices.map { $0["index"] as? Int } == Array(0..<count))
            for choice in choices {
                #expect((choice["message"] as? [String: Any])?["content"] as? String == "The answer is 7.")
                #expect(choice["finish_reason"] as? String == "stop")
            }
            // The same search gives the same best answer, however many are asked for.
            let one = try await client.post(
                "/v1/chat/completions", chat.replacing(#""n":\#(count)"#, with: #""n":1"#))
            let first = (choices.first?["message"] as? [String: Any])?["reasoning"] as? String
            #expect(try one.value("choices", "0", "message", "reasoning") as? String == first)
            #expect(try response.value("usage", "prompt_tokens") as? Int == "What is 7".utf8.count)
        }
    }

    @Test func `the answers of one search come by rank, and cost no second one`() async throws {
        try await withServer(TestModel.make { $0.beams = 4 }) { client, server in
            let response = try await client.post("/v1/completions", #"{"prompt":"What is 7","n":2}"#)
            let choices = try Self.choices(response)
            let scores = choices.compactMap { ($0["specsearch"] as? [String: Any])?["score"] as? Double }
            #expect(scores.count == 2 && scores[0] >= scores[1])
            #expect(choices.map { $0["text"] as? String }.allSatisfy { $0?.hasSuffix("The answer is 7.") == true })
            let metrics = try await client.get("/metrics").text
            #expect(metrics.contains(#"specsearch_searches_total{method="specsearch",end="finished"} 1"#))
        }
    }

    @Test func `each prompt of a list has its own answers`() async throws {
        try await withServer { client, _ in
            let body = #"{"prompt":["What is 7","What is 8","What is 9"],"n":2}"#
            let choices = try Self.choices(try await client.post("/v1/completions", body))
            #expect(choices.map { $0["index"] as? Int } == Array(0..<6))
            let ends = choices.compactMap { ($0["text"] as? String)?.suffix(2) }
            #expect(ends == ["7.", "7.", "8.", "8.", "9.", "9."])
            #expect(try await client.post("/v1/completions", #"{"prompt":[]}"#).status == .badRequest)
            #expect(try await client.post("/v1/completions", #"{"prompt":["x",7]}"#).status == .badRequest)
        }
    }

    @Test func `prompts may be tokens`() async throws {
        try await withServer { client, _ in
            let (seven, eight) = (Array("What is 7".utf8), Array("What is 8".utf8))
            for (prompt, ends) in [("\(seven)", ["7."]), ("[\(seven),\(eight)]", ["7.", "8."])] {
                let choices = try Self.choices(try await client.post("/v1/completions", #"{"prompt":\#(prompt)}"#))
                #expect(choices.compactMap { ($0["text"] as? String)?.suffix(2) } == ends.map { $0[...] })
            }
            for prompt in ["[999]", "[[]]"] {
                let refused = try await client.post("/v1/completions", #"{"prompt":\#(prompt)}"#)
                #expect(refused.status == .badRequest)
                #expect(try refused.value("error", "param") as? String == "prompt")
            }
        }
    }

    @Test func `a stream of several answers holds the same as the whole`() async throws {
        try await withServer { client, _ in
            let rest = #""prompt":["What is 7","What is 8"],"n":2,"stop":["."]"#
            let whole = try Self.choices(try await client.post("/v1/completions", "{\(rest)}"))
            let events = try await client.post(
                "/v1/completions", #"{\#(rest),"stream":true,"stream_options":{"include_usage":true}}"#
            ).events
            #expect(events.last == "[DONE]")
            var texts = [Int: String]()
            var reasons = [Int: String]()
            for event in events.dropLast() {
                guard let index = try jsonValue(in: event, ["choices", "0", "index"]) as? Int else { continue }
                texts[index, default: ""] += try jsonValue(in: event, ["choices", "0", "text"]) as? String ?? ""
                reasons[index] =
                    try jsonValue(in: event, ["choices", "0", "finish_reason"]) as? String ?? reasons[index]
                #expect(event.contains(#""usage":null"#))
            }
            #expect(whole.map { $0["text"] as? String } == (0..<4).map { texts[$0] })
            #expect((0..<4).allSatisfy { reasons[$0] == "stop" })
            let prompts = try jsonValue(in: events[events.count - 2], ["usage", "prompt_tokens"]) as? Int
            #expect(prompts == 18)
        }
    }

    @Test func `a stream of chats begins every choice with its role`() async throws {
        try await withServer { client, _ in
            let body = #"{"messages":[{"role":"user","content":"What is 7"}],"n":3,"stream":true}"#
            let events = try await client.post("/v1/chat/completions", body).events.dropLast()
            let roles = try events.compactMap { event -> Int? in
                guard try jsonValue(in: event, ["choices", "0", "delta", "role"]) is String else { return nil }
                return try jsonValue(in: event, ["choices", "0", "index"]) as? Int
            }
            #expect(roles == [0, 1, 2])
        }
    }

    @Test func `equal questions at once have equal prompt tokens`() async throws {
        try await withServer { client, _ in
            let counts = try await withThrowingTaskGroup(of: (Int?, Int?).self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let answer = try await client.post("/v1/completions", #"{"prompt":"What is 7"}"#)
                        return (
                            try answer.value("usage", "prompt_tokens") as? Int,
                            try answer.value("usage", "prompt_tokens_details", "cached_tokens") as? Int
                        )
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(counts.allSatisfy { $0.0 == 9 && $0.1.map((0...9).contains) == true })
        }
    }

    @Test(arguments: ["/v1/completions", "/v1/chat/completions", "/v1/responses", "/v1/searches"])
    func `a prompt that is too long is refused before the first byte, and names no path`(path: String) async throws {
        try await withServer { client, server in
            let text = String(repeating: "x ", count: 600)
            let field =
                [
                    "/v1/completions": #""prompt":"\#(text)""#, "/v1/responses": #""input":"\#(text)""#,
                    "/v1/chat/completions": #""messages":[{"role":"user","content":"\#(text)"}]"#,
                    "/v1/searches": #""problem":"\#(text)""#,
                ][path] ?? ""
            for rest in [",\"stream\":true", ""] {
                let response = try await client.post(path, "{\(field)\(rest)}")
                #expect(response.status == .badRequest)
                #expect(try response.value("error", "code") as? String == "context_length_exceeded")
                let param = try response.value("error", "param") as? String
                #expect(["prompt", "messages", "input", "problem"].contains(param))
                #expect(!response.text.contains("/home"))
                #expect(response.text.contains("large.gguf"))
            }
            try await server.idle()
        }
    }

    @Test func `a whole answer has every field that is published`() async throws {
        try await withServer { client, _ in
            let chat = try await client.post(
                "/v1/chat/completions", #"{"messages":[{"role":"user","content":"What is 7"}]}"#)
            let whole = try #require(try JSONSerialization.jsonObject(with: Data(chat.text.utf8)) as? [String: Any])
            #expect(
                Set(["id", "object", "created", "model", "choices", "usage", "system_fingerprint"]).isSubset(
                    of: whole.keys))
            let choice = try #require(try Self.choices(chat).first)
            #expect(Set(["index", "message", "logprobs", "finish_reason"]).isSubset(of: choice.keys))
            let message = try #require(choice["message"] as? [String: Any])
            #expect(Set(["role", "content", "refusal"]).isSubset(of: message.keys))
            let usage = try #require(whole["usage"] as? [String: Any])
            let details = try #require(usage["completion_tokens_details"] as? [String: Any])
            #expect(
                Set(details.keys) == [
                    "reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens",
                ])
            let prompt = try #require(usage["prompt_tokens_details"] as? [String: Any])
            #expect(Set(prompt.keys) == ["cached_tokens", "audio_tokens"])
        }
    }
}
