internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import SpecSearch
internal import Synchronization

/// The routes of OpenAI: `/v1/chat/completions` and `/v1/completions`.
struct CompletionRoutes: Sendable {
    let configuration: ServerConfiguration
    let runner: SearchRunner

    var routes: [Route] {
        [
            Route(.post, "/v1/chat/completions") { try await answer($0, $1, as: .chat) },
            Route(.post, "/v1/completions") { try await answer($0, $1, as: .completion) },
        ]
    }

    private func answer(
        _ request: Request, _ context: ServerContext, as form: GenerationRequest.Form
    ) async throws -> Response {
        var request = request
        let body = try await request.jsonBody(configuration, runner.admission, caller: context.caller)
        let asked = try GenerationRequest(Data(body.readableBytesView), as: form, limits: configuration.limits)
        try runner.check(model: asked.model)
        let search = try asked.search(by: runner.model, limits: configuration.limits)
        if configuration.logsProblems {
            context.log.info("A problem", metadata: ["problem": "\(asked.problem)"])
        }
        let frame = CompletionFrame(asked, as: form, search, model: runner.model.id)
        // The place is kept until the answer is taken: so many searches, and no more, wait for slow clients.
        let ticket = try runner.admission.enter(context.caller)
        let watched = request
        guard asked.isStreamed else {
            var response: Response
            do {
                response = try await watched.body.consumeWithCancellationOnInboundClose { _ in
                    try await whole(frame, ticket)
                }
            } catch {
                context.log.error("A search failed", metadata: ["error": "\(SpecSearchError.logged(error))"])
                // A connection that was watched for its client's hang-up is of no use any more.
                var failure = APIError(error)
                failure.endsConnection = true
                throw failure
            }
            let body = response.body
            response.body = ResponseBody(contentLength: body.contentLength) { writer in
                defer { withExtendedLifetime(ticket) {} }
                try await body.write(writer)
            }
            return response
        }
        return Response(
            status: .ok, headers: EventStream.headers,
            body: ResponseBody { writer in
                try await watched.body.consumeWithCancellationOnInboundClose { _ in
                    try await stream(frame, ticket, to: &writer)
                }
                try await writer.finish(nil)
            })
    }

    private func whole(_ frame: CompletionFrame, _ ticket: Admission.Ticket) async throws -> Response {
        let account = EventAccount(keepsEvents: frame.request.fields.returnsTrace)
        let result = try await runner.run(frame.problem, frame.search, ticket: ticket) { account.take($0) }
        let answer = GenerationAnswer(result, request: frame.request)
        var choice = Completion.Choice(finishReason: answer.finishReason)
        if frame.isChat {
            let reasoning = answer.reasoning.map(\.thought.text).joined()
            choice.message = Completion.Message(
                role: "assistant", content: answer.content, reasoning: reasoning.isEmpty ? nil : reasoning)
        } else {
            choice.text = answer.text(frame.request.stops)
        }
        var completion = frame.completion([choice])
        completion.usage = UsageReport(result, answer, promptTokens: account.promptTokens)
        completion.specsearch = SearchReport(result, frame.search, trace: account.events)
        return try .json(completion, headers: [.connection: "close"])
    }

    private func stream(
        _ frame: CompletionFrame, _ ticket: Admission.Ticket, to writer: inout any ResponseBodyWriter
    ) async throws {
        let answer = StreamedAnswer(frame)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    answer.end(
                        .success(
                            try await runner.run(frame.problem, frame.search, ticket: ticket) { answer.take($0) }))
                } catch {
                    answer.end(.failure(error))
                }
            }
            defer { group.cancelAll() }
            try await EventStream.follow(answer.news, pingSeconds: configuration.pingSeconds, to: &writer) {
                try answer.next()
            }
        }
    }
}

/// The frame of an answer: what it is about, and what all its chunks have in common.
struct CompletionFrame: Sendable {
    let request: GenerationRequest
    let isChat: Bool
    let problem: Problem
    let search: Search
    private let head: Completion

    init(_ request: GenerationRequest, as form: GenerationRequest.Form, _ search: Search, model: String) {
        self.request = request
        self.search = search
        isChat = form == .chat
        problem = Problem(text: request.problem)
        let chat = request.isStreamed ? "chat.completion.chunk" : "chat.completion"
        head = Completion(
            id: RandomName.make(isChat ? "chatcmpl" : "cmpl"), object: isChat ? chat : "text_completion",
            created: Int(Date().timeIntervalSince1970), model: model, choices: [])
    }

    func completion(_ choices: [Completion.Choice]) -> Completion {
        var completion = head
        completion.choices = choices
        return completion
    }
}

/// The account of a whole answer: what it needs of the events.
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
