internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import SpecSearch
internal import Synchronization

/// `/v1/chat/completions` and `/v1/completions`.
struct CompletionRoutes: Sendable {
    let configuration: ServerConfiguration
    let runner: SearchRunner

    var routes: [Route] {
        [
            Route(.post, "/v1/chat/completions") { try await answer($0, $1, as: .chat) },
            Route(.post, "/v1/completions") { try await answer($0, $1, as: .completion) },
        ]
    }

    /// One request that was let in.
    private struct Job: Sendable {
        let form: GenerationRequest.Form
        let request: GenerationRequest
        let problem: Problem
        let search: SearchConfiguration
        let ticket: Admission.Ticket
        var head: Completion

        func completion(_ choices: [Completion.Choice]) -> Completion {
            var completion = head
            completion.choices = choices
            return completion
        }
    }

    private func answer(
        _ request: Request, _ context: ServerContext, as form: GenerationRequest.Form
    ) async throws -> Response {
        var request = request
        let body = try await request.jsonBody(
            limit: configuration.limits.bodyBytes, seconds: configuration.idleSeconds)
        let asked = try GenerationRequest(Data(body.readableBytesView), as: form, limits: configuration.limits)
        try runner.check(model: asked.model)
        let search = try asked.configuration(runner.model.defaults, limits: configuration.limits)
        if configuration.logsProblems {
            context.log.info("A problem", metadata: ["problem": "\(asked.problem)"])
        }
        let isChat = form == .chat
        let job = Job(
            form: form, request: asked, problem: Problem(text: asked.problem), search: search,
            ticket: try runner.admission.enter(context.caller),
            head: Completion(
                id: RandomName.make(isChat ? "chatcmpl" : "cmpl"),
                object: isChat ? asked.isStreamed ? "chat.completion.chunk" : "chat.completion" : "text_completion",
                created: Int(Date().timeIntervalSince1970), model: runner.model.id, choices: []))
        let watched = request
        guard asked.isStreamed else {
            return try await watched.body.consumeWithCancellationOnInboundClose { _ in
                try await whole(job)
            }
        }
        return Response(
            status: .ok, headers: EventStream.headers,
            body: ResponseBody { writer in
                try await watched.body.consumeWithCancellationOnInboundClose { _ in
                    try await stream(job, to: &writer)
                }
                try await writer.finish(nil)
            })
    }

    // MARK: Whole

    private func whole(_ job: Job) async throws -> Response {
        let account = EventAccount(keepsEvents: job.request.options.returnsTrace ?? false)
        let result = try await runner.run(job.problem, job.search, ticket: job.ticket) { account.take($0) }
        let answer = GenerationAnswer(result, request: job.request)
        var choice = Completion.Choice(finishReason: answer.finishReason)
        if job.form == .chat {
            let reasoning = answer.reasoning.map(\.thought.text).joined()
            choice.message = Completion.Message(
                role: "assistant", content: answer.content, reasoning: reasoning.isEmpty ? nil : reasoning)
        } else {
            choice.text = answer.text(job.request.stops)
        }
        var completion = job.completion([choice])
        completion.usage = UsageReport(result, answer, promptTokens: account.promptTokens)
        completion.specsearch = SearchReport(result, job.search, trace: account.events)
        return try .json(completion, headers: [.connection: "close"])
    }

    // MARK: Streamed

    private enum Signal: Sendable {
        case event(SearchEvent)
        case finished(SearchResult)
        case failed(any Error)
        case ping
    }

    private func stream(_ job: Job, to writer: inout any ResponseBodyWriter) async throws {
        let (signals, source) = AsyncStream<Signal>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(configuration.pingSeconds))
                    source.yield(.ping)
                }
            }
            group.addTask {
                do {
                    let result = try await runner.run(job.problem, job.search, ticket: job.ticket) {
                        source.yield(.event($0))
                    }
                    source.yield(.finished(result))
                } catch {
                    source.yield(.failed(error))
                }
                source.finish()
            }
            defer { group.cancelAll() }
            var talk = Talk(job: job)
            if job.form == .chat {
                try await writer.write(try talk.delta(Completion.Message(role: "assistant", content: "")))
            }
            for await signal in signals {
                switch signal {
                case .event(let event): for part in try talk.parts(of: event) { try await writer.write(part) }
                case .finished(let result): for part in try talk.end(result) { try await writer.write(part) }
                case .failed(let error):
                    try Task.checkCancellation()
                    // No [DONE] after it: that would be success.
                    try await writer.write(EventStream.event(try JSON.text(APIError(error))))
                case .ping: try await writer.write(EventStream.ping)
                }
            }
            try Task.checkCancellation()
        }
    }

    /// What a stream says, and has said so far.
    private struct Talk {
        let job: Job
        private var committed: CommittedPath
        private var filter: StopFilter
        private var told = 0
        private var promptTokens: Int?
        private var trace: [SearchEvent] = []

        init(job: Job) {
            self.job = job
            committed = CommittedPath(job.search)
            filter = StopFilter(job.request.stops)
        }

        func delta(_ message: Completion.Message, finishReason: String? = nil) throws -> ByteBuffer {
            let choice = Completion.Choice(delta: message, finishReason: finishReason)
            return EventStream.event(try JSON.text(job.completion([choice])))
        }

        mutating func parts(of event: SearchEvent) throws -> [ByteBuffer] {
            if promptTokens == nil { promptTokens = event.promptTokens }
            if job.request.options.returnsTrace ?? false { trace.append(event) }
            guard !committed.receive(event).isEmpty else { return [] }
            return try tell(committed.steps)
        }

        mutating func end(_ result: SearchResult) throws -> [ByteBuffer] {
            guard committed.finish(result.best.steps) != nil else {
                let error = EngineError(.computeFailed, "The search took back a step that it had told.", remedy: "")
                return [EventStream.event(try JSON.text(APIError(error)))]
            }
            let answer = GenerationAnswer(result, request: job.request)
            var parts = try tell(answer.reasoning)
            var last = job.completion([])
            if job.form == .chat {
                if !answer.content.isEmpty { parts.append(try delta(Completion.Message(content: answer.content))) }
                last.choices = [Completion.Choice(delta: Completion.Message(), finishReason: answer.finishReason)]
            } else {
                let text = filter.pass(answer.content, isLast: true)
                if !text.isEmpty { parts.append(try self.text(text)) }
                last.choices = [Completion.Choice(text: "", finishReason: answer.finishReason)]
            }
            let traced = job.request.options.returnsTrace ?? false
            last.specsearch = SearchReport(result, job.search, trace: traced ? trace : nil)
            parts.append(EventStream.event(try JSON.text(last)))
            if job.request.includesUsage {
                var usage = job.completion([])
                usage.usage = UsageReport(result, answer, promptTokens: promptTokens ?? 0)
                parts.append(EventStream.event(try JSON.text(usage)))
            }
            return parts + [EventStream.event("[DONE]")]
        }

        /// Steps that were not told yet, as far as the caller's limit of tokens allows.
        private mutating func tell(_ steps: [Step]) throws -> [ByteBuffer] {
            let allowed = GenerationAnswer.count(steps, within: job.request.maximumTokens)
            guard allowed > told else { return [] }
            defer { told = allowed }
            return try steps[told..<allowed].compactMap { step in
                if job.form == .chat { return try delta(Completion.Message(reasoning: step.thought.text)) }
                let text = filter.pass(step.thought.text)
                return text.isEmpty ? nil : try self.text(text)
            }
        }

        private func text(_ text: String) throws -> ByteBuffer {
            EventStream.event(try JSON.text(job.completion([Completion.Choice(text: text)])))
        }
    }
}

/// What a whole answer needs of the events.
private final class EventAccount: Sendable {
    private struct State {
        var promptTokens: Int?
        var events: [SearchEvent] = []
    }

    private let keepsEvents: Bool
    private let state = Mutex(State())

    init(keepsEvents: Bool) { self.keepsEvents = keepsEvents }

    func take(_ event: SearchEvent) {
        state.withLock { state in
            if state.promptTokens == nil { state.promptTokens = event.promptTokens }
            if keepsEvents { state.events.append(event) }
        }
    }

    var promptTokens: Int { state.withLock { $0.promptTokens ?? 0 } }
    var events: [SearchEvent]? { keepsEvents ? state.withLock { $0.events } : nil }
}

extension SearchRunner {
    /// - Throws: ``APIError`` 404 for a model that is not served; none named is the served one.
    func check(model name: String?) throws(APIError) {
        guard let name, name != model.id else { return }
        throw .notFound("There is no model \(name.shortened); \(model.id) is served.", code: "model_not_found")
    }
}
