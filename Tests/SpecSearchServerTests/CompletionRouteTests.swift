import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct CompletionRouteTests {
    static let chat = #"{"model":"toy","messages":[{"role":"user","content":"What is 7"}]}"#

    @Test func `a chat is answered in OpenAI's form`() async throws {
        try await withServer { client, _ in
            let response = try await client.post("/v1/chat/completions", Self.chat)
            #expect(response.status == .ok)
            #expect(try response.value("object") as? String == "chat.completion")
            #expect(try response.value("choices", "0", "message", "role") as? String == "assistant")
            #expect(try response.value("choices", "0", "message", "content") as? String == "The answer is 7.")
            #expect(try response.value("choices", "0", "finish_reason") as? String == "stop")
            let reasoning = try response.value("choices", "0", "message", "reasoning_content") as? String
            #expect(reasoning?.split(separator: "\n").count == 3)
            #expect(try response.value("choices", "0", "message", "reasoning") as? String == reasoning)
            #expect(try response.value("specsearch", "answer") as? String == "7")
            let completion = try #require(try response.value("usage", "completion_tokens") as? Int)
            let thinking = try #require(
                try response.value("usage", "completion_tokens_details", "reasoning_tokens") as? Int)
            // The scripted models' tokens are bytes.
            #expect(completion - thinking == "The answer is 7.".utf8.count)
            let drafted = try response.value("usage", "specsearch", "draft_tokens") as? Int
            #expect(drafted ?? 0 > 0)
            #expect(response.headers[.requestID] != nil)
        }
    }

    @Test func `a completion has the whole text`() async throws {
        try await withServer { client, _ in
            let response = try await client.post("/v1/completions", #"{"prompt":"What is 7","model":"toy"}"#)
            let text = try #require(try response.value("choices", "0", "text") as? String)
            #expect(text.hasSuffix("The answer is 7."))
            #expect(text.split(separator: "\n").count == 4)
        }
    }

    @Test func `a stream holds the role once, committed steps, the answer, the reason, usage and the end`() async throws
    {
        try await withServer { client, _ in
            let body = #"""
                {"model":"toy","messages":[{"role":"user","content":"What is 7"}],"stream":true,
                "stream_options":{"include_usage":true}}
                """#
            let response = try await client.post("/v1/chat/completions", body)
            #expect(response.headers[.contentType] == "text/event-stream; charset=utf-8")
            let events = response.events
            #expect(events.last == "[DONE]")
            let chunks = events.dropLast()
            let roles = try chunks.compactMap { try jsonValue(in: $0, ["choices", "0", "delta", "role"]) as? String }
            #expect(roles == ["assistant"])
            let names = try chunks.map { try jsonValue(in: $0, ["id"]) as? String }
            #expect(Set(names).count == 1)
            let reasoning = try chunks.compactMap {
                try jsonValue(in: $0, ["choices", "0", "delta", "reasoning_content"]) as? String
            }
            #expect(reasoning.count == 3)
            let content = try chunks.compactMap {
                try jsonValue(in: $0, ["choices", "0", "delta", "content"]) as? String
            }
            #expect(content.joined() == "The answer is 7.")
            let reasons = try chunks.compactMap { try jsonValue(in: $0, ["choices", "0", "finish_reason"]) as? String }
            #expect(reasons == ["stop"])
            let usage = try #require(chunks.last)
            let choices = try jsonValue(in: usage, ["choices"]) as? [Any]
            #expect(choices?.isEmpty == true)
            let tokens = try jsonValue(in: usage, ["usage", "completion_tokens"]) as? Int
            #expect(tokens ?? 0 > 0)
        }
    }

    @Test func `stream and whole say the same`() async throws {
        try await withServer { client, _ in
            for seed in 0..<5 {
                let rest = #""prompt":"What is 7","seed":\#(seed),"stop":["answer"]"#
                let whole = try await client.post("/v1/completions", "{\(rest)}")
                let stream = try await client.post("/v1/completions", #"{\#(rest),"stream":true}"#)
                let sent = try stream.events.dropLast().compactMap {
                    try jsonValue(in: $0, ["choices", "0", "text"]) as? String
                }
                let text = try whole.value("choices", "0", "text") as? String
                #expect(sent.joined() == text)
                #expect(text?.hasSuffix("The ") == true)
            }
        }
    }

    @Test func `a failure in a stream is an error and never done`() async throws {
        try await withServer(TestModel.make(fails: true)) { client, _ in
            let body = #"{"stream":true,"messages":[{"role":"user","content":"What is 7"}]}"#
            let events = try await client.post("/v1/chat/completions", body).events
            let code = try jsonValue(in: events.last ?? "{}", ["error", "code"]) as? String
            #expect(code == "badScore")
            #expect(!events.contains("[DONE]"))
            let whole = try await client.post("/v1/chat/completions", Self.chat)
            #expect(whole.status == .internalServerError)
            #expect(whole.headers[.shouldRetry] == "false")
        }
    }

    @Test func `a limit of tokens ends before the step that exceeds it`() async throws {
        try await withServer { client, _ in
            let body = #"{"max_tokens":5,"prompt":"What is 7"}"#
            let response = try await client.post("/v1/completions", body)
            #expect(try response.value("choices", "0", "finish_reason") as? String == "length")
            #expect(try response.value("usage", "completion_tokens") as? Int == 4)
        }
    }

    @Test(arguments: [
        ("{", "", 400), ("[]", "", 400), (#"{"messages":[]}"#, "messages", 400),
        (#"{"messages":[{"role":"king","content":"x"}]}"#, "messages[0].role", 400),
        (#"{"messages":[{"role":"user","content":7}]}"#, "messages[0].content", 400),
        (#"{"messages":[{"role":"user","content":" "}]}"#, "messages", 400),
        (#"{"messages":[{"role":"user","content":[{"type":"image_url"}]}]}"#, "messages", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"n":0}"#, "n", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"n":17}"#, "n", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"temperature":3}"#, "temperature", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"max_tokens":0}"#, "max_tokens", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"tools":[{}]}"#, "tools[0].type", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"specsearch":{"beam_width":2}}"#, "specsearch.beam_width", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"specsearch":{"beams":9999}}"#, "specsearch.beams", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"specsearch":[]}"#, "specsearch", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"top_p":0}"#, "top_p", 400),
        (#"{"messages":[{"role":"user","content":"x"}],"model":"other"}"#, "", 404),
    ])
    func `bad requests are refused and say where`(body: String, param: String, status: Int) async throws {
        try await withServer { client, _ in
            let response = try await client.post("/v1/chat/completions", body)
            #expect(response.status.code == status)
            #expect(try response.value("error", "message") is String)
            let place = try response.value("error", "param") as? String
            #expect(place ?? "" == param)
        }
    }

    @Test func `the settings of a request are those of its trace, whose nodes go by ids`() async throws {
        try await withServer { client, _ in
            let body = #"""
                {"prompt":"What is 7","specsearch":{"search":"mcts","iterations":3,"tree_policy":"uct","exploration":0.5,
                "margin":0.25,"token_budget":1000,"thought_budget":500,"return_trace":true}}
                """#
            let response = try await client.post("/v1/completions", body)
            let lines = try #require(try response.value("specsearch", "trace") as? [[String: Any]])
            let events = try lines.map { line in
                try JSONDecoder().decode(
                    SearchEvent.self, from: try JSONSerialization.data(withJSONObject: line, options: .sortedKeys))
            }
            let trace = SearchTrace(events: events)
            let found = try #require(try trace.started().configuration)
            #expect(found.search == .mcts && found.iterations == 3)
            #expect(found.treePolicy == .uct && found.exploration == 0.5)
            #expect(found.rejection.margin == 0.25)
            #expect(found.options.budget.tokens == 1000 && found.options.budget.thoughts == 500)
            #expect(try response.value("specsearch", "search") as? String == "mcts")
            // The tree of the trace leads to the answer's steps.
            guard case .finished(let outcome)? = events.last else {
                Issue.record("The last event is not the result.")
                return
            }
            let steps = try trace.tree().steps(to: outcome.best.node)
            let reported = try #require(try response.value("specsearch", "steps") as? [[String: Any]])
            #expect(reported.map { $0["text"] as? String } == steps.map(\.thought.text))
            #expect(reported.map { $0["source"] as? String } == steps.map(\.thought.source.rawValue))
        }
    }

    @Test func `a model that the engine does not have is the caller's matter`() async throws {
        var defaults = SearchConfiguration()
        defaults.method = .ar
        defaults.search = .selfConsistency
        let engine = Engine(target: ScriptedModel(.target) { _ in [.init("7", stop: .endOfSequence)] })
        try await withServer(ServedModel(id: "toy", engine: engine, defaults: defaults)) { client, _ in
            let body = #"{"stream":true,"prompt":"What is 7","specsearch":{"method":"specsearch"}}"#
            let response = try await client.post("/v1/completions", body)
            #expect(response.status == .badRequest)
            #expect(try response.value("error", "code") as? String == "bad_setting")
            #expect(try await client.post("/v1/completions", #"{"prompt":"What is 7"}"#).status == .ok)
        }
        #expect(throws: SpecSearchError.self) {
            try SearchServer(
                model: ServedModel(id: "toy", engine: engine), configuration: ServerConfiguration(),
                logger: Logger(label: "test"))
        }
    }

    @Test func `a search that fails ends its connection, which was watched`() async throws {
        try await withServer(TestModel.make(fails: true)) { client, _ in
            let response = try await client.post("/v1/completions", #"{"prompt":"What is 7"}"#)
            #expect(response.status.code >= 500)
            #expect(response.headers[.connection] == "close")
        }
    }

    @Test func `without a place for it, a body is not looked at`() async throws {
        let change: (inout ServerConfiguration) -> Void = {
            $0.limits.runningSearches = 1
            $0.limits.queuedSearches = 1
        }
        try await withServer(TestModel.make(delay: .seconds(600)), change) { client, server in
            for count in 1...2 {
                #expect(try await client.post("/v1/completions", "{").status == .badRequest)
                #expect(try await client.post("/v1/searches", #"{"problem":"What is 7"}"#).status == .created)
                #expect(server.running + server.queued == count)
            }
            for path in ["/v1/completions", "/v1/chat/completions", "/v1/searches"] {
                let refused = try await client.post(path, "{")
                #expect(refused.status == .tooManyRequests)
                #expect(refused.headers[.retryAfter] != nil)
            }
        }
    }

    @Test func `a long body is refused`() async throws {
        try await withServer(TestModel.make(), { $0.limits.bodyBytes = 2000 }) { client, _ in
            let body = #"{"prompt":"\#(String(repeating: "x", count: 3000))"}"#
            let response = try await client.post("/v1/completions", body)
            #expect(response.status.code == 413)
        }
    }

    @Test func `fields that change no answer are fine, and so is tool_choice none`() async throws {
        try await withServer { client, _ in
            let body = #"""
                {"prompt":"What is 7","user":"me","tools":[{}],"tool_choice":"none","metadata":{},"logprobs":null,
                "frequency_penalty":0,"presence_penalty":0.0,"best_of":1,"logit_bias":{},"echo":false}
                """#
            let response = try await client.post("/v1/completions", body)
            #expect(response.status == .ok)
        }
    }
}
