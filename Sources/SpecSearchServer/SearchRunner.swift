internal import Logging
internal import SpecSearch

/// Whoever wants to know of the searches for one request.
protocol GenerationReceiver: Sendable {
    /// The searches for the problem of this number begin; its prompt has so many tokens, for models that tell.
    func begin(problem: Int, prompt: [ModelRole: Int])
    /// Something happened in a search.
    func take(_ event: SearchEvent)
    /// A search ended, and gives the problem's next answers.
    func take(_ result: SearchResult, _ answers: [GenerationAnswer], by search: Search) throws
}

/// The part of the routes that runs searches: each with its ticket, counted in the metrics.
struct SearchRunner: Sendable {
    let model: ServedModel
    let limits: ServerConfiguration.Limits
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

    /// Searches for all answers to a request, one search after the other.
    ///
    /// The answers to a problem are those of one search, by rank; where it has too few, another one with the next seed goes
    /// on, as long as the time of the first is not over.
    ///
    /// - Parameter prompts: What ``promptTokens(of:by:)`` gave for each problem.
    func run(
        _ request: GenerationRequest, prompts: [[ModelRole: Int]], ticket: Admission.Ticket,
        for receiver: some GenerationReceiver
    ) async throws {
        for (number, text) in request.problems.enumerated() {
            receiver.begin(problem: number, prompt: prompts[number])
            var (found, seconds, attempt) = (0, 0.0, 0)
            while found < request.count {
                var search = try request.search(by: model, limits: limits, attempt: attempt)
                if attempt > 0, let whole = search.options.budget.seconds {
                    if whole <= seconds { break }
                    search = try request.search(by: model, limits: limits, attempt: attempt, within: whole - seconds)
                }
                let result = try await run(Problem(text: text), search, ticket: ticket) { receiver.take($0) }
                let answers = GenerationAnswer.ranked(result, count: request.count - found, request)
                try receiver.take(result, answers, by: search)
                found += answers.count
                seconds += result.seconds
                attempt += 1
            }
        }
    }

    /// Takes the texts of prompts that are tokens, of the target's vocabulary, or the draft's where there is no target.
    ///
    /// - Throws: ``APIError`` 400 where no model can tell, or there are no such tokens.
    func read(_ request: inout GenerationRequest, by search: Search) async throws {
        if request.tokens.isEmpty { return }
        let models = try search.engine.models(for: search.generator.needs)
        var texts: [String] = []
        for tokens in request.tokens {
            do {
                guard let text = try await (models.target ?? models.draft)?.text(of: tokens) else {
                    throw APIError.invalid(
                        "prompt is a text or a list of texts: this server's models do not read tokens.",
                        param: "prompt",
                        code: "unsupported")
                }
                texts.append(text)
            } catch let error as SpecSearchError where error.code == .badSetting {
                throw APIError(error, param: "prompt")
            }
        }
        try request.read(texts, limits: limits)
    }

    /// How many tokens each problem's prompt has in the models that read it, where they tell.
    ///
    /// - Throws: ``APIError`` 400 for a prompt that leaves no room for an answer.
    func promptTokens(of request: GenerationRequest, by search: Search) async throws -> [[ModelRole: Int]] {
        let models = try search.engine.models(for: search.generator.needs)
        var prompts: [[ModelRole: Int]] = []
        for text in request.problems {
            var tokens: [ModelRole: Int] = [:]
            for (role, reader) in [(ModelRole.draft, models.draft), (.target, models.target)] {
                do {
                    tokens[role] = try await reader?.promptTokens(of: Problem(text: text))
                } catch let error as SpecSearchError where error.code == .contextOverflow {
                    throw APIError(error, param: request.form.field)
                }
            }
            prompts.append(tokens)
        }
        return prompts
    }
}
