internal import Dispatch
internal import Synchronization

/// Runs one search: expands what its algorithm asks for with the method's generator, until it is over or its budget is
/// spent.
public struct Search: Sendable {
    public let configuration: SearchConfiguration
    public let models: SearchModels
    private let answerForm: @Sendable (String) -> String
    private let now: @Sendable () -> Double

    /// - Parameters:
    ///   - configuration: What decides the search.
    ///   - models: Who writes and who judges.
    ///   - answerForm: Makes answers equal that mean the same, for votes.
    ///   - now: The clock, in seconds; tests give their own.
    public init(
        _ configuration: SearchConfiguration, models: SearchModels,
        answerForm: @escaping @Sendable (String) -> String = AnswerVote.plainForm,
        now: (@Sendable () -> Double)? = nil
    ) {
        self.configuration = configuration
        self.models = models
        self.answerForm = answerForm
        self.now = now ?? { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
    }

    /// Searches until the end, the deadline, or cancellation; the last two give the best so far, flagged.
    ///
    /// - Parameters:
    ///   - problem: What to solve.
    ///   - onEvent: Told everything that happens, in order, on the searching task.
    /// - Throws: ``EngineError`` where a model fails, or a setting is out of range.
    public func run(
        _ problem: Problem, onEvent: @escaping @Sendable (SearchEvent) -> Void = { _ in }
    ) async throws -> SearchResult {
        try configuration.validate()
        return try await models.withProblem(problem) { try await timed(problem, onEvent) }
    }

    private func timed(
        _ problem: Problem, _ onEvent: @escaping @Sendable (SearchEvent) -> Void
    ) async throws -> SearchResult {
        guard let deadline = configuration.budget.seconds else {
            return try await search(problem, onEvent) { .cancelled }
        }
        let timer = Timer()
        return try await withThrowingTaskGroup(of: SearchResult?.self) { group in
            group.addTask {
                try await search(problem, onEvent) {
                    timer.hasExpired.load(ordering: .acquiring) ? .deadline : .cancelled
                }
            }
            group.addTask {
                // Cancelled from outside, or by the search's end, the sleep ends early: nothing has expired.
                if (try? await Task.sleep(for: .seconds(deadline))) != nil {
                    timer.hasExpired.store(true, ordering: .releasing)
                }
                return nil
            }
            for try await result in group {
                group.cancelAll()
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    private func search(
        _ problem: Problem, _ onEvent: @escaping @Sendable (SearchEvent) -> Void,
        interruption: @Sendable () -> SearchResult.End
    ) async throws -> SearchResult {
        let context = SearchContext(
            configuration: configuration, problem: problem, models: models, now: now, onEvent: onEvent)
        let begin = now()
        let aggregation = configuration.aggregation ?? models.evaluator.defaultAggregation
        var generator = makeGenerator()
        let lookahead = Lookahead(configuration)
        var algorithm = configuration.algorithm(for: problem, aggregation: aggregation)
        var thoughts = 0
        context.emit(
            .started(SearchEvent.Started(configuration: configuration, problem: problem, aggregation: aggregation)))
        var end: SearchResult.End?
        do {
            while end == nil {
                let batch = algorithm.next
                guard let depth = batch.depth else { break }
                thoughts += batch.thoughts
                if depth >= configuration.maximumDepth {
                    end = .depth
                } else if let limit = configuration.budget.tokens, context.usage.totalTokens >= limit {
                    end = .tokens
                } else if let limit = configuration.budget.thoughts, thoughts > limit {
                    end = .thoughts
                } else {
                    var children = try await generator.expand(batch, in: context)
                    if let lookahead { children = try await lookahead.extend(children, of: batch, in: context) }
                    for event in algorithm.receive(children) { context.emit(event) }
                }
            }
        } catch is CancellationError {
            end = interruption()
        }
        let isDeep = algorithm.unfinished.contains { $0.depth >= configuration.maximumDepth }
        let natural: SearchResult.End = !algorithm.finished.isEmpty ? .finished : isDeep ? .depth : .dead
        let result = result(of: algorithm, end: end ?? natural, seconds: now() - begin, context)
        context.emit(.finished(result))
        return result
    }

    private func makeGenerator() -> any ThoughtGenerator {
        switch configuration.method {
        case .specsearch:
            GuidedThoughtGenerator(configuration.speculation) ?? SpeculativeThoughtGenerator(configuration.speculation)
        case .ar, .sps: LargeModelGenerator(author: .target)
        case .draft: LargeModelGenerator(author: .draft)
        }
    }

    private func result(
        of algorithm: any SearchAlgorithm, end: SearchResult.End, seconds: Double, _ context: SearchContext
    ) -> SearchResult {
        let extraction = AnswerExtraction(prefix: configuration.answerPrefix)
        func scored(_ node: Node) -> SearchResult.ScoredPath {
            SearchResult.ScoredPath(
                steps: node.steps, score: node.score(algorithm.aggregation),
                answer: node.isFinished ? extraction.answer(in: node.text) : nil)
        }
        let paths = algorithm.ranked.map(scored)
        var best = algorithm.best.map(scored) ?? SearchResult.ScoredPath(steps: [], score: 1)
        let vote = AnswerVote.weighted(paths.map { ($0.answer, $0.score) }, form: answerForm)
        let chosen: String? =
            switch configuration.answerRule ?? (configuration.search == .selfConsistency ? .majority : .best) {
            case .best: nil
            case .vote: vote
            case .majority: AnswerVote.weighted(paths.map { ($0.answer, 1) }, form: answerForm)
            }
        if let chosen { best = paths.first { $0.answer.map(answerForm) == answerForm(chosen) } ?? best }
        return SearchResult(
            best: best, isFinished: !paths.isEmpty, answer: chosen ?? best.answer, vote: vote, paths: paths, end: end,
            usage: context.usage, phases: context.phases, seconds: seconds, acceptance: context.acceptance,
            depths: context.depths)
    }
}

/// Whether the deadline has passed, told apart from a cancellation of the whole search.
private final class Timer: Sendable {
    let hasExpired = Atomic(false)
}
