internal import Logging
internal import SpecSearch

/// The part of the routes that runs searches: each with its ticket, counted in the metrics.
struct SearchRunner: Sendable {
    let model: ServedModel
    let metrics: ServerMetrics
    let admission: Admission

    /// Waits for its turn and searches.
    ///
    /// - Throws: ``APIError`` when the server stops it; what the search throws; `CancellationError` when the caller went.
    func run(
        _ problem: Problem, _ search: Search, ticket: Admission.Ticket,
        onEvent: @escaping @Sendable (SearchEvent) -> Void
    ) async throws -> SearchResult {
        try await ticket.turn()
        let metrics = metrics
        let task = Task {
            try await search.solve(problem) { event in
                metrics.observe(event)
                onEvent(event)
            }
        }
        ticket.onStop { task.cancel() }
        let outcome = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        let result = try outcome.get()
        metrics.searched(result, method: search.configuration?.method)
        admission.note(seconds: result.seconds)
        if ticket.isStopped, result.end == .cancelled { throw APIError.stopping }
        try Task.checkCancellation()
        return result
    }
}

extension SearchEvent {
    /// Tokens of the prompt, where the event is the search's first call of a model: what the model read before it generated.
    var promptTokens: Int? {
        guard case .sampled(let call) = self else { return nil }
        return call.usage[call.role].prefillTokens
    }
}
