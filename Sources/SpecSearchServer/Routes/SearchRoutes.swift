internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import SpecSearch

/// The routes of `/v1/searches`: searches whose every event can be watched, for the page.
struct SearchRoutes: Sendable {
    private struct Begun: Encodable {
        var id: String
        var object = "search"
        var finished: Bool
    }

    let configuration: ServerConfiguration
    let runner: SearchRunner
    let registry: SearchRegistry

    var routes: [Route] {
        [
            Route(.post, "/v1/searches") { try await begin($0, $1) },
            Route(.get, "/v1/searches/:id") { _, context in
                let search = try find(context)
                return try .json(Begun(id: search.id, finished: search.isOver))
            },
            Route(.delete, "/v1/searches/:id") { _, context in
                try find(context).stop()
                return Response(status: .noContent)
            },
            Route(.get, "/v1/searches/:id/events", isStream: true) { try watch($0, $1) },
        ]
    }

    private func find(_ context: ServerContext) throws -> WatchedSearch {
        try registry.search(context.parameters.get("id") ?? "", of: context.caller)
    }

    private func begin(_ request: Request, _ context: ServerContext) async throws -> Response {
        var request = request
        let body = try await request.jsonBody(configuration, runner.admission, context)
        let asked = try GenerationRequest(Data(body.readableBytesView), as: .search, limits: configuration.limits)
        try runner.check(model: asked.model)
        let search = try asked.search(by: runner.model, limits: configuration.limits)
        let ticket = try runner.admission.enter(context.caller)
        _ = try await runner.promptTokens(of: asked, by: search)
        if configuration.logsProblems {
            context.log.info("A problem", metadata: ["problem": "\(asked.problem.logged)"])
        }
        let watched = WatchedSearch(caller: context.caller, patience: configuration.reconnectSeconds)
        let logger = context.log
        // The search outlives this request; the registry owns it, and stops it when nobody watches.
        let task = Task { [runner] in
            do {
                _ = try await runner.run(Problem(text: asked.problem), search, ticket: ticket) { event in
                    do {
                        let line = try SearchTrace.line(for: event.forClients)
                        watched.append(WatchedSearch.Line(data: String(decoding: line, as: UTF8.self)))
                    } catch {
                        logger.error(
                            "An event cannot be written", metadata: ["error": "\(SpecSearchError.logged(error))"])
                    }
                }
                watched.end(WatchedSearch.Line(name: "end", data: "{}"))
            } catch is CancellationError {
                watched.end(WatchedSearch.Line(name: "end", data: "{}"))
            } catch {
                let failure = APIError(failureOf: error, param: "problem")
                if failure.statusCode >= 500, failure.code != APIError.stopping.code {
                    logger.error("A search failed", metadata: ["error": "\(SpecSearchError.logged(error))"])
                }
                let text = (try? JSON.text(failure)) ?? "{}"
                watched.end(WatchedSearch.Line(name: "failure", data: text))
            }
        }
        watched.onStop { task.cancel() }
        registry.add(watched)
        watched.expectWatcher()
        return try .json(
            Begun(id: watched.id, finished: false), status: .created, headers: [.location: "/v1/searches/\(watched.id)"]
        )
    }

    private func watch(_ request: Request, _ context: ServerContext) throws -> Response {
        let search = try find(context)
        let last = request.headers[.lastEventID] ?? request.uri.queryParameters["after"].map(String.init)
        let start = last.flatMap(Int.init).map { $0 < Int.max ? $0 + 1 : $0 } ?? 0
        return Response(
            status: .ok, headers: EventStream.headers,
            body: ResponseBody { writer in
                try await request.body.consumeWithCancellationOnInboundClose { _ in
                    try await send(search, from: start, to: &writer)
                }
                try await writer.finish(nil)
            })
    }

    private func send(_ search: WatchedSearch, from start: Int, to writer: inout any ResponseBodyWriter) async throws {
        let (id, ticks) = search.watch()
        defer { search.unwatch(id) }
        var place = start
        try await EventStream.follow(ticks, pingSeconds: configuration.pingSeconds, to: &writer) {
            let (lines, isLast) = search.lines(from: place)
            place = max(place, lines.endIndex)
            return (
                zip(lines.indices, lines).map { EventStream.event($1.data, name: $1.name, id: $0) }, isLast
            )
        }
    }
}
