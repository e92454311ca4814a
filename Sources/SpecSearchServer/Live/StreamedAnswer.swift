internal import NIOCore
internal import SpecSearch
internal import Synchronization

/// A streamed answer, between its searches and its client.
///
/// A search puts its events in as they happen, and the client takes what is certain when it can. What waits between them
/// is the search's own tree, whose texts are not copied, however slow the client: events are not queued, but for a trace
/// that was asked for.
final class StreamedAnswer: GenerationReceiver {
    private struct State {
        var stream: AnswerStream
        var outcome: Result<Void, any Error>?
    }

    /// Ticks when there is something new, and ends with the last search.
    let news: AsyncStream<Void>
    private let source: AsyncStream<Void>.Continuation
    private let state: Mutex<State>

    init(_ request: GenerationRequest, _ form: any AnswerForm) {
        (news, source) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(State(stream: AnswerStream(request, form)))
        source.yield()
    }

    func begin(problem: Int, prompt: [ModelRole: Int]) {
        state.withLock { $0.stream.begin(problem, prompt: prompt) }
    }

    func take(_ event: SearchEvent) {
        if state.withLock({ $0.stream.take(event) }) { source.yield() }
    }

    func take(_ result: SearchResult, _ answers: [GenerationAnswer], by search: Search) throws {
        try state.withLock { try $0.stream.take(result, answers, by: search) }
        source.yield()
    }

    /// Takes the end of all searches.
    func end(_ outcome: Result<Void, any Error>) {
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
            case .success: return (parts + (try state.stream.finish()), true)
            case .failure(let error): return (parts + (try state.stream.fail(APIError(error))), true)
            }
        }
    }
}

/// The parts of a stream: what may be sent, and what was sent so far.
private struct AnswerStream {
    private let request: GenerationRequest
    private var form: any AnswerForm
    private var account: GenerationAccount
    /// The certain beginning of the current problem's first search.
    private var committed = CommittedPath()
    /// The choice that it is for; nil after its end.
    private var current: Int?
    /// Choices of the current problem that ended.
    private var ended = 0
    private var hasBegun = false
    /// Steps of the current choice that were sent.
    private var sent = 0
    /// Parts of choices that ended.
    private var waiting: [ByteBuffer] = []

    init(_ request: GenerationRequest, _ form: any AnswerForm) {
        self.request = request
        self.form = form
        account = GenerationAccount(request)
    }

    mutating func begin(_ problem: Int, prompt: [ModelRole: Int]) {
        account.begin(prompt: prompt)
        committed = CommittedPath()
        current = problem * request.count
        ended = 0
        sent = 0
    }

    /// - Returns: Whether there is something to send.
    mutating func take(_ event: SearchEvent) -> Bool {
        account.take(event)
        // Further searches for the same problem give their answers at their ends.
        guard current != nil, ended == 0 else { return false }
        // An event out of turn ends the stream with the search's own error, or with that of `take(_:_:by:)`.
        return (try? committed.receive(event)) ?? false
    }

    mutating func take(_ result: SearchResult, _ answers: [GenerationAnswer], by search: Search) throws {
        account.take(result, answers, by: search)
        for answer in answers {
            let choice = (current ?? 0) + ended
            if ended == 0 {
                guard committed.isContinued(by: result) else {
                    throw SpecSearchError(.computeFailed, "The search took back a step that was sent already.")
                }
                waiting += try begun() + send(answer.reasoning, of: choice)
            } else {
                sent = 0
                waiting += try send(answer.reasoning, of: choice)
            }
            waiting += try form.end(answer, of: choice, account)
            ended += 1
        }
    }

    mutating func parts() throws -> [ByteBuffer] {
        var parts = try begun() + waiting
        waiting = []
        if let current, ended == 0 { parts += try send(committed.steps, of: current) }
        return parts
    }

    mutating func finish() throws -> [ByteBuffer] { try form.finish(account) }
    mutating func fail(_ error: APIError) throws -> [ByteBuffer] { try form.fail(error) }

    private mutating func begun() throws -> [ByteBuffer] {
        if hasBegun { return [] }
        hasBegun = true
        return try form.begin()
    }

    /// Steps that were not sent yet, as far as the caller's limit of tokens allows.
    private mutating func send(_ steps: [Step], of choice: Int) throws -> [ByteBuffer] {
        let allowed = GenerationAnswer.count(steps, within: request.maximumTokens)
        guard allowed > sent else { return [] }
        defer { sent = allowed }
        return try steps[sent..<allowed].flatMap { try form.step($0.thought.text, of: choice) }
    }
}
