internal import Foundation
internal import SpecSearch

/// vLLM's streamed `/v1/completions`, put together again.
///
/// Streaming is for servers behind proxies that cut silent connections; the answer still counts only as a whole.
/// `[DONE]` is no success by itself: a dying engine sends an error event, and then `[DONE]`, under status 200.
package struct StreamedCompletions: Sendable {
    private struct Chunk: Decodable {
        struct Choice: Decodable {
            var index: Int
            var text: String?
            var tokenIds: [Token]?
            var finishReason: String?
            var stopReason: StopMatch?
        }
        struct Usage: Decodable {
            var promptTokens: TokenCount?
            var completionTokens: TokenCount?
        }
        var choices: [Choice]
        var usage: Usage?
    }

    /// Reads a whole streamed body.
    ///
    /// - Throws: ``RemoteFailure`` for an error event, and where anything is missing, the final `[DONE]` included.
    package static func read(_ body: some Sequence<UInt8>, for call: GenerationCall) throws -> Completions {
        var reader = ServerSentEvents()
        let events: [[UInt8]]
        do {
            events = try reader.add(body)
        } catch {
            throw Answer.malformed("a line of more than \(error.limit) bytes")
        }
        guard let last = events.last, last.elementsEqual("[DONE]".utf8), !reader.hasRest else {
            for event in events { _ = try? decode(event).choices }
            if let message = events.lazy.compactMap({ ServerErrorBody.message(in: $0) }).first {
                throw RemoteFailure(.reported, message)
            }
            throw Answer.malformed("a stream that is cut")
        }
        var siblings = [(text: String, tokens: [Token], stop: Thought.Stop?)](
            repeating: ("", [], nil), count: call.count)
        var usage: Chunk.Usage?
        for event in events.dropLast() {
            let chunk = try decode(event)
            usage = chunk.usage ?? usage
            for choice in chunk.choices {
                guard siblings.indices.contains(choice.index), siblings[choice.index].stop == nil else {
                    throw Answer.malformed("a choice numbered \(choice.index) of \(call.count), or after its end")
                }
                siblings[choice.index].text += choice.text ?? ""
                siblings[choice.index].tokens += choice.tokenIds ?? []
                if let reason = choice.finishReason {
                    siblings[choice.index].stop = try Answer.stop(reason, choice.stopReason)
                }
            }
        }
        return Completions(
            siblings: try siblings.map { sibling in
                guard let stop = sibling.stop else { throw Answer.malformed("a choice without a finish reason") }
                guard !sibling.tokens.isEmpty else { throw Answer.malformed("a choice without token ids") }
                return Completion(text: sibling.text, tokens: sibling.tokens, stop: stop)
            }, usage: ModelUsage(prompt: usage?.promptTokens, written: usage?.completionTokens))
    }

    private static func decode(_ event: [UInt8]) throws(RemoteFailure) -> Chunk {
        try Answer.decode(Chunk.self, from: Data(event))
    }
}
