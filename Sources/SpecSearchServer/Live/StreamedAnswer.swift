internal import NIOCore
internal import SpecSearch
internal import Synchronization

/// A streamed answer, between its search and its client.
///
/// The search puts its events in as they happen, and the client takes what is certain when it can. What waits between them
/// is the search's own tree, whose texts are not copied, however slow the client: events are not queued, but for a trace
/// that was asked for.
final class StreamedAnswer: Sendable {
    private struct State {
        var stream: CompletionStream
        var outcome: Result<SearchResult, any Error>?
    }

    /// Ticks when there is something new, and ends with the search.
    let news: AsyncStream<Void>
    private let source: AsyncStream<Void>.Continuation
    private let state: Mutex<State>

    init(_ frame: CompletionFrame) {
        (news, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(State(stream: CompletionStream(frame)))
        source.yield()
    }

    /// Takes an event of the search.
    func take(_ event: SearchEvent) {
        if state.withLock({ $0.stream.take(event) }) { source.yield() }
    }

    /// Takes the end of the search.
    func end(_ outcome: Result<SearchResult, any Error>) {
        state.withLock { $0.outcome = outcome }
        source.yield()
        source.finish()
    }

    /// The parts that the client has not had yet, and whether they are the last.
    func next() throws -> (parts: [ByteBuffer], isLast: Bool) {
        try state.withLock { state in
            let parts = try state.stream.parts()
            switch state.outcome {
            case nil: return (parts, false)
            case .success(let result): return (parts + (try state.stream.end(result)), true)
            // No [DONE] after it: that would be success.
            case .failure(let error): return (parts + [EventStream.event(try JSON.text(APIError(error)))], true)
            }
        }
    }
}

/// The chunks of a stream: what may be sent, and what was sent so far.
private struct CompletionStream {
    let frame: CompletionFrame
    private var committed = CommittedPath()
    private var filter: StopFilter
    private var hasBegun = false
    private var sent = 0
    private var promptTokens: Int?
    private var trace: [SearchEvent]?

    init(_ frame: CompletionFrame) {
        self.frame = frame
        filter = StopFilter(frame.request.stops)
        trace = frame.request.fields.returnsTrace ? [] : nil
    }

    /// - Returns: Whether there is something to send.
    mutating func take(_ event: SearchEvent) -> Bool {
        if promptTokens == nil { promptTokens = event.promptTokens }
        trace?.append(event)
        // An event out of turn ends the stream with the search's own error, or with that of `end(_:)`.
        return (try? committed.receive(event)) ?? false
    }

    mutating func parts() throws -> [ByteBuffer] {
        let parts = try send(committed.steps)
        guard !hasBegun else { return parts }
        hasBegun = true
        return frame.isChat ? [try delta(Completion.Message(role: "assistant", content: ""))] + parts : parts
    }

    mutating func end(_ result: SearchResult) throws -> [ByteBuffer] {
        guard committed.isContinued(by: result) else {
            let error = SpecSearchError(.computeFailed, "The search took back a step that was sent already.")
            return [EventStream.event(try JSON.text(APIError(error)))]
        }
        let answer = GenerationAnswer(result, request: frame.request)
        var parts = try send(answer.reasoning)
        var last = frame.completion([])
        if frame.isChat {
            if !answer.content.isEmpty { parts.append(try delta(Completion.Message(content: answer.content))) }
            last.choices = [Completion.Choice(delta: Completion.Message(), finishReason: answer.finishReason)]
        } else {
            let text = filter.pass(answer.content, isLast: true)
            if !text.isEmpty { parts.append(try self.text(text)) }
            last.choices = [Completion.Choice(text: "", finishReason: answer.finishReason)]
        }
        last.specsearch = SearchReport(result, frame.search, trace: trace)
        parts.append(EventStream.event(try JSON.text(last)))
        if frame.request.includesUsage {
            var usage = frame.completion([])
            usage.usage = UsageReport(result, answer, promptTokens: promptTokens ?? 0)
            parts.append(EventStream.event(try JSON.text(usage)))
        }
        return parts + [EventStream.event("[DONE]")]
    }

    /// Steps that were not sent yet, as far as the caller's limit of tokens allows.
    private mutating func send(_ steps: [Step]) throws -> [ByteBuffer] {
        let allowed = GenerationAnswer.count(steps, within: frame.request.maximumTokens)
        guard allowed > sent else { return [] }
        defer { sent = allowed }
        return try steps[sent..<allowed].compactMap { step in
            if frame.isChat { return try delta(Completion.Message(reasoning: step.thought.text)) }
            let text = filter.pass(step.thought.text)
            return text.isEmpty ? nil : try self.text(text)
        }
    }

    private func delta(_ message: Completion.Message, finishReason: String? = nil) throws -> ByteBuffer {
        let choice = Completion.Choice(delta: message, finishReason: finishReason)
        return EventStream.event(try JSON.text(frame.completion([choice])))
    }

    private func text(_ text: String) throws -> ByteBuffer {
        EventStream.event(try JSON.text(frame.completion([Completion.Choice(text: text)])))
    }
}
