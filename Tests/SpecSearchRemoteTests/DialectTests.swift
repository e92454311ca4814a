import Foundation
import SpecSearch
import SpecSearchRemote
import Testing

/// Answers as the servers give them; vLLM's as recorded from 0.32, the others as their sources give them.
enum Recorded {
    static let vllm = #"""
        {"id":"cmpl-1","object":"text_completion","choices":[{"index":0,"text":"finds 63: 119.\n\n","logprobs":null,
        "finish_reason":"stop","stop_reason":"\n\n","token_ids":[5,6,7,8],"prompt_token_ids":[1,2]},
        {"index":1,"text":"The answer is 3","logprobs":null,"finish_reason":"stop","stop_reason":null,
        "token_ids":[9,10,2]}],"usage":{"prompt_tokens":2,"total_tokens":9,"completion_tokens":7,
        "prompt_tokens_details":{"cached_tokens":1}}}
        """#
    static let vllmLabels = #"""
        {"choices":[{"index":0,"text":"x","finish_reason":"length","stop_reason":null,"token_ids":[78],"logprobs":
        {"text_offset":[0],"token_logprobs":[-5.21],"tokens":["token_id:78"],
        "top_logprobs":[{"token_id:78":-5.21,"token_id:16":-5.944,"token_id:18":-5.609}]}}],
        "usage":{"prompt_tokens":3,"completion_tokens":1}}
        """#
    static let vllmPrompt = #"""
        {"choices":[{"index":0,"text":"x","finish_reason":"length","stop_reason":null,"token_ids":[9],
        "prompt_logprobs":[null,{"2":{"logprob":-1.5,"rank":3,"decoded_token":"a"}},
        {"3":{"logprob":-0.5,"rank":1,"decoded_token":"b"}},{"4":{"logprob":-0.25,"rank":1,"decoded_token":"c"}}]}]}
        """#
    static let sglang = #"""
        [{"text":"finds 63: 119.\n\n","output_ids":[5,6,7,8],"meta_info":{"id":"a","finish_reason":
        {"type":"stop","matched":"\n\n"},"prompt_tokens":2,"completion_tokens":4,"cached_tokens":1}},
        {"text":"The answer is 3","output_ids":[9,10,2],"meta_info":{"id":"b","finish_reason":
        {"type":"stop","matched":2},"prompt_tokens":2,"completion_tokens":3,"cached_tokens":2}}]
        """#
    static let sglangLabels = #"""
        {"text":"","output_ids":[7],"meta_info":{"finish_reason":{"type":"length","length":1},"prompt_tokens":3,
        "completion_tokens":1,"cached_tokens":0,"output_token_ids_logprobs":[[[-5.944,16,null],[-5.609,18,null]]]}}
        """#
    static let sglangPrompt = #"""
        {"text":"","output_ids":[7],"meta_info":{"finish_reason":{"type":"length","length":1},"prompt_tokens":4,
        "completion_tokens":1,"input_token_logprobs":[[null,2,null],[-0.5,3,null],[-0.25,4,null]]}}
        """#
    static let llama = #"""
        [{"index":0,"content":"finds 63: 119.","tokens":[5,6,7,8],"stop_type":"word","stopping_word":"\n\n",
        "tokens_predicted":4,"tokens_evaluated":2,"timings":{"cache_n":1,"prompt_n":1,"predicted_n":4}},
        {"index":1,"content":"The answer is 3","tokens":[9,10,2],"stop_type":"eos","stopping_word":"",
        "tokens_predicted":3,"tokens_evaluated":2,"timings":{"cache_n":2,"prompt_n":0,"predicted_n":3,"draft_n":4,
        "draft_n_accepted":2}}]
        """#
    static let llamaLabels = #"""
        {"content":"+","tokens":[16],"stop_type":"limit","stopping_word":"","completion_probabilities":[{"id":16,
        "token":"+","bytes":[43],"prob":0.417,"top_probs":[{"id":18,"token":"-","bytes":[45],"prob":0.583},
        {"id":16,"token":"+","bytes":[43],"prob":0.417}]}]}
        """#
    static let llamaPrompt = #"""
        {"content":"bc","tokens":[3,4],"stop_type":"limit","stopping_word":"","completion_probabilities":[
        {"id":3,"token":"b","bytes":[98],"logprob":-0.5,"top_logprobs":[]},
        {"id":4,"token":"c","bytes":[99],"logprob":-0.25,"top_logprobs":[]}]}
        """#
}

let call = GenerationCall(
    model: "m", prompt: [1, 2], count: 2,
    sampling: SamplingParameters(temperature: 0.7, topP: 0.9, maximumTokens: 48),
    seed: 11, delimiter: "\n\n")

@Suite struct DialectTests {
    static let answers: [(Dialect, String)] = [
        (.vllm, Recorded.vllm), (.sglang, Recorded.sglang), (.llamaServer, Recorded.llama),
    ]
    static let labels: [(Dialect, String)] = [
        (.vllm, Recorded.vllmLabels), (.sglang, Recorded.sglangLabels), (.llamaServer, Recorded.llamaLabels),
    ]
    static let prompts: [(Dialect, String)] = [
        (.vllm, Recorded.vllmPrompt), (.sglang, Recorded.sglangPrompt), (.llamaServer, Recorded.llamaPrompt),
    ]

    @Test(arguments: answers) func `Every dialect reads siblings, ids and stops`(_ dialect: Dialect, _ text: String)
        throws
    {
        let read = try dialect.codec.completions(Data(text.utf8), for: call)
        #expect(
            read.siblings == [
                Completion(text: "finds 63: 119.\n\n", tokens: [5, 6, 7, 8], stop: .delimiter),
                Completion(text: "The answer is 3", tokens: [9, 10, 2], stop: .endOfSequence),
            ])
        #expect(read.usage.outputTokens == 7)
        #expect(read.usage.prefillTokens == 1)
    }

    @Test(arguments: labels) func `Every dialect reads a label's share`(_ dialect: Dialect, _ text: String) throws {
        let score = try dialect.codec.labelScore(Data(text.utf8), good: 16, bad: 18)
        #expect(abs(score - 1 / (1 + exp(-5.609 + 5.944))) < 1e-3)
    }

    @Test(arguments: prompts) func `Every dialect reads a step's likelihood`(_ dialect: Dialect, _ text: String) throws
    {
        let values = try dialect.codec.logProbabilities(Data(text.utf8), of: [3, 4], after: [1, 2])
        #expect(values == [-0.5, -0.25])
    }

    /// Anything but the whole answer is a failure that may be tried again: no prefix of it passes.
    @Test(arguments: answers + labels + prompts)
    func `An answer cut at any byte is refused`(_ dialect: Dialect, _ text: String) {
        let bytes = Array(text.utf8)
        let codec = dialect.codec
        for count in 0..<bytes.count {
            let cut = Data(bytes[..<count])
            for read: () throws -> Void in [
                { _ = try codec.completions(cut, for: call) },
                { _ = try codec.labelScore(cut, good: 16, bad: 18) },
                { _ = try codec.logProbabilities(cut, of: [3, 4], after: [1, 2]) },
            ] {
                let failure = #expect(throws: RemoteFailure.self) { try read() }
                #expect(failure?.isRetryable == true, "cut at \(count)")
            }
        }
    }

    @Test(arguments: [
        #"{"error":{"message":"EngineCore died","type":"InternalServerError","code":500}}"#,
        #"{"error":"Unauthorized"}"#, #"{"object":"error","message":"died"}"#, #"{"detail":"Not Found"}"#,
    ])
    func `An error under status 200 is an error`(_ text: String) {
        for dialect in Dialect.allCases {
            let failure = #expect(throws: RemoteFailure.self) {
                try dialect.codec.completions(Data(text.utf8), for: call)
            }
            #expect(failure?.kind == .reported)
        }
    }

    /// Malformed answers, each one change away from a good one.
    static let malformed: [(Dialect, String, String)] = [
        (.vllm, #""index":1"#, #""index":0"#), (.vllm, #""index":1"#, #""index":2"#),
        (.vllm, #""index":1"#, #""index":-1"#), (.vllm, #""index":1"#, #""index":"1""#),
        (.vllm, #""finish_reason":"stop","stop_reason":null"#, #""finish_reason":null,"stop_reason":null"#),
        (.vllm, #""finish_reason":"stop","stop_reason":null"#, #""stop_reason":null"#),
        (.vllm, #""finish_reason":"stop","stop_reason":null"#, #""finish_reason":"abort","stop_reason":null"#),
        (.vllm, #""finish_reason":"stop","stop_reason":null"#, #""finish_reason":"error","stop_reason":null"#),
        (.vllm, #""finish_reason":"stop","stop_reason":null"#, #""finish_reason":"repetition","stop_reason":null"#),
        (.vllm, #""token_ids":[9,10,2]"#, #""token_ids":null"#), (.vllm, #""token_ids":[9,10,2]"#, #""tokens":[]"#),
        (.vllm, #""token_ids":[9,10,2]"#, #""token_ids":[9,10,NaN]"#),
        (.vllm, #""token_ids":[9,10,2]"#, #""token_ids":[99999999999]"#), (.vllm, #""choices""#, #""choice""#),
        (.vllm, "{", "["), (.vllm, #""text":"The answer is 3""#, #""text":3"#),
        (.sglang, #""output_ids":[9,10,2]"#, #""output_ids":null"#),
        (.sglang, #""type":"stop","matched":2"#, "\"a\":1"),
        (.sglang, #"{"type":"stop","matched":2}"#, "null"),
        (.sglang, #""type":"stop","matched":2"#, #""type":"abort""#),
        (.sglang, #""text":"The answer is 3","#, ""), (.sglang, "[{\"text\"", "{\"text\""),
        (.llamaServer, #""stop_type":"eos""#, #""stop_type":"none""#), (.llamaServer, #""stop_type":"eos","#, ""),
        (.llamaServer, #""tokens":[9,10,2]"#, #""tokens":[]"#), (.llamaServer, #""tokens":[9,10,2],"#, ""),
        (.llamaServer, #""index":1"#, #""index":0"#), (.llamaServer, #""index":1"#, #""index":7"#),
    ]

    @Test(arguments: malformed)
    func `A malformed answer is refused`(_ dialect: Dialect, _ good: String, _ bad: String) throws {
        let text = try #require(Self.answers.first { $0.0 == dialect }).1
        let broken = text.replacing(good, with: bad, maxReplacements: 1)
        #expect(broken != text)
        let failure = #expect(throws: RemoteFailure.self) {
            try dialect.codec.completions(Data(broken.utf8), for: call)
        }
        #expect(failure?.isRetryable == true)
    }

    static let badScores: [(Dialect, String, String)] = [
        (.vllm, "-5.944", "NaN"), (.vllm, "-5.944", "Infinity"), (.vllm, "-5.944", "null"), (.vllm, "-5.944", "1.5"),
        (.vllm, "token_id:16", "token_id:17"), (.vllm, #""finish_reason":"length","#, ""),
        (.sglang, "-5.944", "null"), (.sglang, "16,null", "17,null"), (.sglang, "-5.944", "-Infinity"),
        (.llamaServer, #""id":18"#, #""id":19"#), (.llamaServer, "0.583", "NaN"), (.llamaServer, "0.583", "null"),
        (.llamaServer, #""top_probs""#, #""top""#), (.llamaServer, #""stop_type":"limit","#, ""),
    ]

    @Test(arguments: badScores)
    func `A missing or impossible score is refused`(_ dialect: Dialect, _ good: String, _ bad: String) throws {
        let text = try #require(Self.labels.first { $0.0 == dialect }).1
        let broken = text.replacing(good, with: bad)
        #expect(broken != text)
        #expect(throws: RemoteFailure.self) { try dialect.codec.labelScore(Data(broken.utf8), good: 16, bad: 18) }
    }

    @Test(arguments: [#"{"data":[]}"#, #"{"data":[{"index":0,"data":[["a"]]}]}"#, #"{"data":{}}"#, "{}", "[]"])
    func `Rows of a class head that are missing are refused`(_ text: String) {
        #expect(throws: RemoteFailure.self) { try VLLMDialect().classRows(Data(text.utf8)) }
    }

    @Test func `A request names its ids, seed and neutral settings`() {
        let vllm = String(decoding: VLLMDialect().generation(call).body?.bytes ?? [], as: UTF8.self)
        #expect(
            vllm == #"{"prompt":[1,2],"add_special_tokens":false,"return_token_ids":true,"model":"m","n":2,"#
                + #""max_tokens":48,"temperature":0.7,"top_p":0.9,"top_k":0,"min_p":0.0,"seed":11,"#
                + #""stop":["\u000a\u000a"],"include_stop_str_in_output":true}"#)
        let sglang = String(decoding: SGLangDialect().generation(call).body?.bytes ?? [], as: UTF8.self)
        #expect(sglang.contains(#""input_ids":[[1,2],[1,2]]"#))
        #expect(sglang.contains(#""sampling_seed":11"#) && sglang.contains(#""sampling_seed":12"#))
        let llama = String(decoding: LlamaServerDialect().generation(call).body?.bytes ?? [], as: UTF8.self)
        #expect(llama.contains(#""n_cmpl":2,"seed":11,"samplers":["temperature","top_k","top_p","min_p"]"#))
    }

    @Test func `llama-server is made to generate a step by its ids`() {
        func grammar(_ step: [Token], ends: Bool) -> String {
            let request = LlamaServerDialect().likelihood(of: step, ends: ends, after: [1], model: nil)
            return String(decoding: request.body?.bytes ?? [], as: UTF8.self)
        }
        #expect(grammar([3, 4], ends: false).contains(#""grammar":"root ::= <[3]> <[4]>""#))
        #expect(grammar([3, 2], ends: true).contains(#""grammar":"root ::= <[3]>""#))
        #expect(grammar([3, 2], ends: true).contains(#""logit_bias":[[2,100]]"#))
        #expect(grammar([2], ends: true).contains(#""grammar":"root ::= \"\"""#))
    }

    @Test func `A text-only server's last step is the empty one, and never the marker of an answer alone`() throws {
        let text = #"""
            {"choices":[{"text":"The answer is ","finish_reason":"stop"},{"text":"","finish_reason":"stop"}]}
            """#
        let read = try TextOnlyDialect().completions(Data(text.utf8), for: call)
        #expect(read.siblings.map(\.stop) == [.delimiter, .endOfSequence])
        #expect(read.siblings.map(\.text) == ["The answer is \n\n", ""])
        #expect(throws: SpecSearchError.self) { try TextOnlyDialect().labels(prompt: [], good: 1, bad: 2, model: nil) }
    }

    @Test func `A status says whether trying again can help`() {
        func kind(_ code: Int, _ body: String = "") -> RemoteFailure.Kind {
            RemoteFailure.status(code, body: Array(body.utf8), retryAfter: nil).kind
        }
        #expect(kind(503) == .overloaded && kind(429) == .overloaded)
        #expect(kind(500) == .serverError && kind(502) == .serverError && kind(504) == .serverError)
        #expect(
            kind(401) == .unauthorized && kind(404) == .rejected && kind(422) == .rejected && kind(413) == .rejected)
        #expect(kind(400, #"{"error":{"type":"exceed_context_size_error","message":"too long"}}"#) == .contextOverflow)
        #expect(kind(400, #"{"error":{"message":"maximum context length is 9"}}"#) == .contextOverflow)
        #expect(kind(400, #"{"error":{"message":"bad"}}"#) == .rejected)
    }
}
