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
        let result = try await Self.stoppable(by: ticket) {
            try await search.solve(problem) { event in
                metrics.observe(event)
                onEvent(event)
            }
        }
        metrics.searched(result, method: search.configuration?.method)
        admission.note(seconds: result.seconds)
        if ticket.isStopped, result.end == .cancelled { throw APIError.stopping }
        try Task.checkCancellation()
        return result
    }

    /// Does something that both the caller's going and the server's end cancel.
    private static func stoppable<Value: Sendable>(
        by ticket: Admission.Ticket, _ work: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let task = Task { try await work() }
        ticket.onStop { task.cancel() }
        let outcome = await withTaskCancellationHandler {
            await task.result
        } onCancel: {
            task.cancel()
        }
        do {
            return try outcome.get()
        } catch is CancellationError where ticket.isStopped {
            throw APIError.stopping
        }
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
        let writer = try AnswerWriter(request, model, limits)
        for (number, text) in request.problems.enumerated() {
            // What the search read is read again to write the answer.
            let reader = writer == nil && request.topLogProbabilities == nil ? nil : answerModel
            let session = try await reader?.openSession(for: Problem(text: text))
            do {
                try await run(request, number, writer, prompt: prompts[number], ticket: ticket, for: receiver)
            } catch {
                await session?.close()
                throw error
            }
            await session?.close()
        }
    }

    /// The model that writes and reads answers after a search.
    private var answerModel: (any LanguageModel)? { model.engine.target ?? model.engine.draft }

    private func run(
        _ request: GenerationRequest, _ number: Int, _ writer: AnswerWriter?, prompt: [ModelRole: Int],
        ticket: Admission.Ticket, for receiver: some GenerationReceiver
    ) async throws {
        let text = request.problems[number]
        receiver.begin(problem: number, prompt: prompt)
        var (found, seconds, attempt) = (0, 0.0, 0)
        while found < request.count {
            var search = try request.search(by: model, limits: limits, attempt: attempt)
            if attempt > 0, let whole = search.options.budget.seconds {
                if whole <= seconds { break }
                search = try request.search(by: model, limits: limits, attempt: attempt, within: whole - seconds)
            }
            let result = try await run(Problem(text: text), search, ticket: ticket) { receiver.take($0) }
            let ranked = GenerationAnswer.ranked(result, count: request.count - found, request)
            let answers = try await Self.stoppable(by: ticket) {
                var answers: [GenerationAnswer] = []
                for (answer, path) in ranked {
                    answers.append(try await finished(answer, path, writer, request))
                }
                return answers
            }
            try receiver.take(result, answers, by: search)
            found += answers.count
            seconds += result.seconds
            attempt += 1
        }
    }

    /// An answer in the form that is asked for, with its tokens' probabilities where they are.
    private func finished(
        _ answer: GenerationAnswer, _ path: ReasoningPath, _ writer: AnswerWriter?, _ request: GenerationRequest
    ) async throws -> GenerationAnswer {
        var answer = answer
        try await writer?.write(&answer, after: path)
        guard let topCount = request.topLogProbabilities, answer.toolCalls.isEmpty else { return answer }
        let (text, paths) = answer.visible(of: path, in: request)
        let tokens = try await answerModel?.tokenLogProbabilities(of: paths, topCount: topCount)
        answer.logProbabilities = AnswerLogProbabilities((tokens ?? []).flatMap(\.self), of: text)
        return answer
    }

    /// - Throws: ``APIError`` 400 for a request whose answer these models cannot give.
    func check(_ request: GenerationRequest) async throws {
        try await AnswerWriter(request, model, limits)?.check()
        guard request.topLogProbabilities != nil else { return }
        guard try await answerModel?.tokenLogProbabilities(of: [], topCount: 0) != nil else {
            throw APIError.invalid(
                "logprobs is not supported: this server's models do not tell them.", param: "logprobs",
                code: "unsupported")
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
