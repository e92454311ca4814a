import Foundation
import SpecSearch
import SpecSearchRemote
import Testing

@Suite struct ServerSentEventsTests {
    static let stream = Array(
        """
        \u{FEFF}: ping\r\ndata: {"choices":[{"index":0,"text":"finds","token_ids":[5,6]}]}\r\n\r\nevent: x
        data:{"choices":[{"index":1,"text":"The answer is 3","token_ids":[9,2],"finish_reason":"stop","stop_reason":null}]}

        data: {"choices":[{"index":0,"text":" é.\\n\\n","token_ids":[7],"finish_reason":"stop","stop_reason":"\\n\\n"}]}

        data: {"choices":[],
        data: "usage":{"prompt_tokens":2,"completion_tokens":5}}

        data: [DONE]


        """.utf8)

    @Test func `Events do not depend on how the bytes are cut`() throws {
        var whole = ServerSentEvents()
        let expected = try whole.add(Self.stream)
        #expect(expected.count == 5)
        #expect(!whole.hasRest)
        for cut in 0...Self.stream.count {
            var reader = ServerSentEvents()
            let found = try reader.add(Self.stream[..<cut]) + reader.add(Self.stream[cut...])
            #expect(found == expected)
        }
        var single = ServerSentEvents()
        var found: [[UInt8]] = []
        for byte in Self.stream { found += try single.add([byte]) }
        #expect(found == expected)
    }

    @Test func `A line without end is refused`() {
        #expect(throws: ServerSentEvents.TooLong.self) {
            var reader = ServerSentEvents(lineLimit: 100)
            _ = try reader.add([UInt8](repeating: UInt8(ascii: "a"), count: 101))
        }
    }

    @Test func `A stream is put together`() throws {
        let read = try StreamedCompletions.read(Self.stream, for: call)
        #expect(
            read.siblings == [
                Completion(text: "finds é.\n\n", tokens: [5, 6, 7], stop: .delimiter),
                Completion(text: "The answer is 3", tokens: [9, 2], stop: .endOfSequence),
            ])
        #expect(read.usage.outputTokens == 5)
    }

    @Test func `A stream cut at any byte is refused`() {
        // The last empty line may be missing only where the event before it is already complete.
        let end = Self.stream.count - 1
        for count in 0..<end {
            let failure = #expect(throws: RemoteFailure.self) {
                try StreamedCompletions.read(Self.stream[..<count], for: call)
            }
            #expect(failure?.isRetryable == true, "cut at \(count)")
        }
    }

    @Test func `DONE after an error is no success`() {
        let stream = #"""
            data: {"choices":[{"index":0,"text":"a","token_ids":[5],"finish_reason":"stop","stop_reason":"\n\n"}]}

            data: {"error":{"message":"EngineCore encountered an issue","type":"InternalServerError","code":500}}

            data: [DONE]


            """#
        let failure = #expect(throws: RemoteFailure.self) { try StreamedCompletions.read(stream.utf8, for: call) }
        #expect(failure?.kind == .reported)
    }

    @Test func `A sibling without an end is refused`() {
        let stream = "data: {\"choices\":[{\"index\":0,\"text\":\"a\",\"token_ids\":[5]}]}\n\ndata: [DONE]\n\n"
        let failure = #expect(throws: RemoteFailure.self) { try StreamedCompletions.read(stream.utf8, for: call) }
        #expect(failure?.kind == .malformed)
    }
}
