import Foundation
import SpecSearch
import SpecSearchRemote
import Testing

@Suite struct TokenCountTests {
    private static let usage = #""usage":{"prompt_tokens":COUNT,"completion_tokens":2}"#
    private static let choice = #""choices":[{"index":0,"text":"a","token_ids":[5],"finish_reason":"length"}]"#

    private var one: GenerationCall {
        var one = call
        one.count = 1
        return one
    }

    /// Such counts stopped the program: their sum is more than an integer holds.
    @Test(arguments: ["9223372036854775807", "-9223372036854775808", "-1"])
    func `counts that cannot be make an answer malformed`(count: String) throws {
        let usage = Self.usage.replacing("COUNT", with: count)
        for dialect in [Dialect.vllm, .openAI] {
            let failure = #expect(throws: RemoteFailure.self) {
                try dialect.codec.completions(Data("{\(Self.choice),\(usage)}".utf8), for: one)
            }
            #expect(failure?.kind == .malformed)
        }
    }

    @Test func `more cached tokens than the prompt has are no negative work`() throws {
        let usage = #""usage":{"prompt_tokens":3,"completion_tokens":2,"prompt_tokens_details":{"cached_tokens":9}}"#
        let read = try Dialect.vllm.codec.completions(Data("{\(Self.choice),\(usage)}".utf8), for: one)
        #expect(read.usage.prefillTokens == 0)
        #expect(read.usage.evaluatedTokens == 2)
    }
}
