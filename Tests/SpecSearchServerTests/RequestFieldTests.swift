import Foundation
import HummingbirdTesting
import SpecSearch
import SpecSearchServer
import Testing

/// Every field that is published is done or refused by name, and wrong types are named.
@Suite struct RequestFieldTests {
    private static func refusal(_ body: String, as form: GenerationRequest.Form) -> APIError? {
        do {
            _ = try GenerationRequest(Data(body.utf8), as: form, limits: ServerConfiguration.Limits())
            return nil
        } catch {
            return error
        }
    }

    private static func body(_ form: GenerationRequest.Form, _ fields: String) -> String {
        switch form {
        case .chat: #"{"messages":[{"role":"user","content":"What is 7"}],\#(fields)}"#
        case .completion: #"{"prompt":"What is 7",\#(fields)}"#
        case .response: #"{"input":"What is 7",\#(fields)}"#
        case .search: #"{"problem":"What is 7",\#(fields)}"#
        }
    }

    private static let forms: [GenerationRequest.Form] = [.chat, .completion, .response, .search]

    @Test(arguments: [
        #""frequency_penalty":0.5"#, #""presence_penalty":-1"#, #""logit_bias":{"5":-100}"#,
        #""top_logprobs":3"#, #""functions":[{"name":"f"}]"#, #""function_call":{"name":"f"}"#,
        #""tool_choice":"required""#, #""modalities":["audio"]"#,
        #""audio":{"voice":"x"}"#, #""web_search_options":{}"#, #""reasoning_effort":"high""#, #""verbosity":"low""#,
        #""suffix":"x""#, #""echo":true"#, #""repetition_penalty":1.1"#, #""min_tokens":5"#, #""ignore_eos":true"#,
        #""guided_json":{}"#, #""grammar":"root ::= x""#, #""json_schema":{}"#, #""structured_outputs":{}"#,
        #""use_beam_search":true"#, #""n_predict":5"#, #""chat_template":"x""#, #""typical_p":0.5"#, #""mirostat":2"#,
        #""background":true"#, #""previous_response_id":"resp_1""#, #""conversation":"c""#,
        // Misspelt, or nobody's.
        #""temprature":1"#, #""max_token":7"#, #""xyz":null,"Stream":true"#,
    ])
    func `what would change the answer, and is not done, is refused by name`(field: String) throws {
        let name = try #require(
            field.split(separator: "\"").map(String.init).first { $0 != "xyz" && !$0.contains(":n") })
        for form in Self.forms {
            let refusal = try #require(Self.refusal(Self.body(form, field), as: form), "\(form)")
            #expect(refusal.statusCode == 400)
            #expect(refusal.param == name)
            #expect(refusal.message.contains(name))
        }
    }

    @Test(arguments: [#""best_of":3"#, #""n":2,"best_of":3"#, #""logprobs":6"#])
    func `completions have fields of their own that are refused`(field: String) {
        let names = ["best_of", "logprobs"]
        #expect(
            Self.refusal(Self.body(.completion, field), as: .completion).map { names.contains($0.param ?? "") } == true)
    }

    @Test(arguments: [
        ("[]", "prompt"), ("[[]]", ""), (#"["x",7]"#, "prompt[1]"), (#"[7,"x"]"#, "prompt[1]"),
        ("[[7],8]", "prompt[1]"),
        ("[[7],[1.5]]", "prompt[1][0]"), ("[4294967296]", "prompt[0]"), ("{}", "prompt"), ("7", "prompt"),
        ("null", "prompt"),
    ])
    func `prompts are texts or tokens, and nothing mixed`(prompt: String, param: String) {
        #expect(Self.refusal(#"{"prompt":\#(prompt)}"#, as: .completion)?.param ?? "" == param)
    }

    @Test(arguments: [
        #""frequency_penalty":0"#, #""presence_penalty":0.0"#, #""logit_bias":{}"#, #""logprobs":false"#,
        #""functions":[]"#, #""tools":[]"#, #""tools":[{}],"tool_choice":"none""#, #""tool_choice":"auto""#,
        #""modalities":["text"]"#, #""user":"me""#, #""metadata":{"a":"b"}"#, #""store":true"#,
        #""service_tier":"auto""#, #""parallel_tool_calls":false"#, #""safety_identifier":"x""#,
        #""prompt_cache_key":"x""#, #""seed":-1"#, #""seed":9223372036854775807"#, #""temperature":1"#, #""top_p":1"#,
        #""top_k":40"#, #""min_p":0.05"#, #""stream":true"#, #""logprobs":null,"echo":null,"tools":null"#,
        #""repetition_penalty":1.0"#, #""cache_prompt":true"#, #""specsearch":{"beams":3,"seed":18446744073709551615}"#,
    ])
    func `what changes nothing, or is done, is taken`(field: String) {
        for form in Self.forms { #expect(Self.refusal(Self.body(form, field), as: form)?.message == nil) }
    }

    @Test(arguments: [
        (#""max_tokens":1.5"#, "max_tokens", "1.5"), (#""max_tokens":"7""#, "max_tokens", "7"),
        (#""max_tokens":true"#, "max_tokens", "true"), (#""seed":9223372036854775808"#, "seed", "9223372036854775808"),
        (#""seed":-9223372036854775809"#, "seed", "e+18"), (#""seed":1e300"#, "seed", "1e+300"),
        (#""seed":"x""#, "seed", "x"),
        (#""temperature":"hot""#, "temperature", "hot"), (#""temperature":1e999"#, "temperature", "out of range"),
        (#""user":"\ud800""#, "user", "Unicode"),
        (#""temperature":[1]"#, "temperature", "a list"), (#""top_p":false"#, "top_p", "false"),
        (#""stream":1"#, "stream", "1"), (#""stream":"true""#, "stream", "true"), (#""stop":7"#, "stop", "7"),
        (#""stop":[7]"#, "stop[0]", "7"), (#""n":1.5"#, "n", "1.5"), (#""n":"2""#, "n", "2"),
        (#""model":7"#, "model", "7"),
        (#""stream":true,"stream_options":[]"#, "stream_options", "a list"),
        (#""stream":true,"stream_options":{"include_usage":1}"#, "stream_options.include_usage", "1"),
        (#""tools":{}"#, "tools", "an object"), (#""response_format":"json""#, "response_format", "json"),
        (#""specsearch":7"#, "specsearch", "7"),
        (#""specsearch":{"return_trace":"yes"}"#, "specsearch.return_trace", "yes"),
        (#""specsearch":{"beams":1.5}"#, "specsearch.beams", "1.5"), (#""max_tokens":1e30"#, "max_tokens", "1e+30"),
    ])
    func `a wrong type is named, and what it is`(field: String, param: String, value: String) throws {
        let body = Self.body(.chat, field)
        var refusal = Self.refusal(body, as: .chat)
        if refusal == nil {
            // Settings are checked with the search.
            let request = try GenerationRequest(Data(body.utf8), as: .chat, limits: ServerConfiguration.Limits())
            do {
                _ = try request.search(by: TestModel.make(), limits: ServerConfiguration.Limits())
            } catch { refusal = error }
        }
        let found = try #require(refusal)
        #expect(found.param == param)
        #expect(found.message.contains(value), "\(found.message)")
        #expect(!found.message.contains("not JSON"))
    }

    @Test(arguments: [
        #"{"messages":"x"}"#, #"{"messages":[7]}"#, #"{"messages":[{"content":"x"}]}"#,
        #"{"messages":[{"role":"user","content":[{"text":"x"}]}]}"#,
        #"{"messages":[{"role":"user","content":[{"type":"text"}]}]}"#, #"{"messages":[{"role":7,"content":"x"}]}"#,
        #"{"messages":[{"role":"assistant","content":"x"}]}"#,
    ])
    func `damaged messages are the caller's matter`(body: String) {
        #expect(Self.refusal(body, as: .chat)?.param?.hasPrefix("messages") == true)
    }

    @Test(arguments: [
        ("{", "not JSON"), ("", "not JSON"), ("[1]", "not a JSON object"), ("7", "not a JSON object"),
        ("null", "not a JSON object"), (#"{"a":}"#, "not JSON"), (String(repeating: "[", count: 100_000), "not JSON"),
    ])
    func `what is no JSON object is said to be none`(body: String, message: String) {
        #expect(Self.refusal(body, as: .completion)?.message.contains(message) == true)
    }

    @Test func `a conversation is a problem, the system's words first`() throws {
        let body = #"""
            {"messages":[{"role":"user","content":[{"type":"text","text":"What "},{"type":"text","text":"is 7"}]},
            {"role":"assistant","content":null},{"role":"developer","content":"Be brief."}]}
            """#
        let request = try GenerationRequest(Data(body.utf8), as: .chat, limits: ServerConfiguration.Limits())
        #expect(request.problem == "Be brief.\n\nUser: What is 7\n\nAssistant: ")
        let input = #"""
            {"instructions":"Be brief.","input":[{"role":"user","content":[{"type":"input_text","text":"What is 7"}]},
            {"type":"reasoning","id":"rs_1","summary":[]}]}
            """#
        let response = try GenerationRequest(Data(input.utf8), as: .response, limits: ServerConfiguration.Limits())
        #expect(response.problem == "Be brief.\n\nWhat is 7")
    }
}
