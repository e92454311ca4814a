internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import SpecSearch

/// The routes of OpenAI: `/v1/chat/completions`, `/v1/completions` and `/v1/responses`.
struct CompletionRoutes: Sendable {
    let configuration: ServerConfiguration
    let runner: SearchRunner

    var routes: [Route] {
        [
            Route(.post, "/v1/chat/completions") { try await answer($0, $1, as: .chat) },
            Route(.post, "/v1/completions") { try await answer($0, $1, as: .completion) },
            Route(.post, "/v1/responses") { try await answer($0, $1, as: .response) },
        ]
    }

    private func answer(
        _ request: Request, _ context: ServerContext, as form: GenerationRequest.Form
    ) async throws -> Response {
        var request = request
        let body = try await request.jsonBody(configuration, runner.admission, context)
        var read = try GenerationRequest(Data(body.readableBytesView), as: form, limits: configuration.limits)
        try runner.check(model: read.model)
        let search = try read.search(by: runner.model, limits: configuration.limits)
        try await runner.check(read)
        try await runner.read(&read, by: search)
        let asked = read
        if configuration.logsProblems {
            for problem in asked.problems { context.log.info("A problem", metadata: ["problem": "\(problem.logged)"]) }
        }
        // The place is kept until the answer is taken: so many searches, and no more, wait for slow clients.
        let ticket = try runner.admission.enter(context.caller)
        let prompts = try await runner.promptTokens(of: asked, by: search)
        let form = asked.answerForm(model: runner.model.id)
        let watched = request
        guard asked.isStreamed else {
            var response: Response
            do {
                response = try await watched.body.consumeWithCancellationOnInboundClose { _ in
                    let answer = WholeAnswer(asked)
                    try await runner.run(asked, prompts: prompts, ticket: ticket, for: answer)
                    return try .json(answer.form(form), headers: [.connection: "close"])
                }
            } catch {
                // A connection that was watched for its client's hang-up is of no use any more.
                var failure = Self.failure(error, asked, context)
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
                    try await stream(asked, prompts, form, ticket, context, to: &writer)
                }
                try await writer.finish(nil)
            })
    }

    private func stream(
        _ asked: GenerationRequest, _ prompts: [[ModelRole: Int]], _ form: any AnswerForm, _ ticket: Admission.Ticket,
        _ context: ServerContext, to writer: inout any ResponseBodyWriter
    ) async throws {
        let answer = StreamedAnswer(asked, form)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                do {
                    try await runner.run(asked, prompts: prompts, ticket: ticket, for: answer)
                    answer.end(.success(()))
                } catch {
                    answer.end(.failure(Self.failure(error, asked, context)))
                }
            }
            defer { group.cancelAll() }
            try await EventStream.follow(answer.news, pingSeconds: configuration.pingSeconds, to: &writer) {
                try answer.next()
            }
        }
    }

    /// What the client learns of a failure, which the log learns too unless it is the client's own.
    private static func failure(_ error: any Error, _ asked: GenerationRequest, _ context: ServerContext) -> APIError {
        let failure = APIError(failureOf: error, param: asked.form.field)
        if failure.statusCode >= 500, failure.code != APIError.stopping.code {
            context.log.error("A search failed", metadata: ["error": "\(SpecSearchError.logged(error))"])
        }
        return failure
    }
}

extension SearchRunner {
    /// - Throws: ``APIError`` 404 for a model that is not served; none named is the served one.
    func check(model name: String?) throws(APIError) {
        guard let name, name != model.id else { return }
        throw .notFound("There is no model \(name.shortened); \(model.id) is served.", code: "model_not_found")
    }
}
