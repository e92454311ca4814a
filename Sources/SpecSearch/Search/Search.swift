internal import Dispatch
internal import Synchronization

/// Runs one search: expands the beam with the method's generator until it is finished or its budget is spent.
public struct Search: Sendable {
    public let configuration: SearchConfiguration
    public let models: SearchModels
    private let now: @Sendable () -> Double

    /// - Parameter now: The clock, in seconds; tests give their own.
    public init(_ configuration: SearchConfiguration, models: SearchModels, now: (@Sendable () -> Double)? = nil) {
        self.configuration = configuration
        self.models = models
        self.now = now ?? { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }
    }

    /// Searches until the end, the deadline, or cancellation; the last two give the best so far, flagged.
    ///
    /// - Parameter onEvent: Told everything that happens, in order, on the searching task.
    /// - Throws: ``EngineError`` where a model fails, or a setting is out of range.
    public func run(
        _ problem: Problem, onEvent: @escaping @Sendable (SearchEvent) -> Void = { _ in }
    ) async throws -> SearchResult {
        try validate()
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
        var beam = BeamSearch(
            problem: problem, beams: configuration.beams, keepBeamFull: configuration.keepBeamFull,
            aggregation: aggregation)
        context.emit(
            .started(SearchEvent.Started(configuration: configuration, problem: problem, aggregation: aggregation)))
        var end = SearchResult.End.finished
        do {
            while let depth = beam.open.first?.depth {
                if depth >= configuration.maximumDepth {
                    end = .depth
                    break
                }
                if let limit = configuration.budget.tokens, context.usage.totalTokens >= limit {
                    end = .tokens
                    break
                }
                let children = try await generator.expand(beam.open, usable: beam.slots, in: context)
                if children.allSatisfy(\.isEmpty) {
                    end = .dead
                    break
                }
                context.emit(.selected(depth: depth, nodes: beam.select(children)))
            }
        } catch is CancellationError {
            end = interruption()
        }
        let result = result(of: beam, end: end, seconds: now() - begin, context, aggregation)
        context.emit(.finished(result))
        return result
    }

    private func makeGenerator() -> any ThoughtGenerator {
        switch configuration.method {
        case .specsearch: SpeculativeThoughtGenerator(configuration.speculation)
        case .ar, .sps: LargeModelGenerator(author: .target, width: configuration.speculation.width)
        case .draft: LargeModelGenerator(author: .draft, width: configuration.speculation.width)
        }
    }

    private func result(
        of beam: BeamSearch, end: SearchResult.End, seconds: Double, _ context: SearchContext,
        _ aggregation: ScoreAggregation
    ) -> SearchResult {
        let extraction = AnswerExtraction(prefix: configuration.answerPrefix)
        func scored(_ node: Node) -> SearchResult.ScoredPath {
            SearchResult.ScoredPath(
                steps: node.steps, score: node.score(aggregation),
                answer: node.isFinished ? extraction.answer(in: node.text) : nil)
        }
        let paths = beam.ranked.map(scored)
        let best = beam.best.map(scored) ?? SearchResult.ScoredPath(steps: [], score: 1)
        return SearchResult(
            best: best, isFinished: !paths.isEmpty, answer: best.answer,
            vote: AnswerVote.weighted(paths.map { ($0.answer, $0.score) }), paths: paths,
            end: end == .dead && !paths.isEmpty ? .finished : end, usage: context.usage, phases: context.phases,
            seconds: seconds, acceptance: context.acceptance, depths: context.depths)
    }

    private func validate() throws {
        let speculation = configuration.speculation
        let rules: [(Bool, String)] = [
            (configuration.beams >= 1, "The beam needs at least 1 path."),
            (speculation.width >= 1, "The width must be at least 1."),
            (configuration.maximumDepth >= 1, "The depth must be at least 1."),
            (speculation.draftFactor >= 1, "The draft factor must be at least 1."),
            ((0...1).contains(speculation.rejection.theta), "θ lies in 0 ... 1."),
            (configuration.sampling.temperature >= 0, "The temperature must not be negative."),
            (configuration.sampling.maximumTokens >= 1, "A step needs at least 1 token."),
            (configuration.sampling.topP > 0 && configuration.sampling.topP <= 1, "Top-p lies above 0 and up to 1."),
            ((0...1).contains(configuration.sampling.minP), "Min-p lies in 0 ... 1."),
            (configuration.sampling.topK >= 0, "Top-k must not be negative."),
            (
                configuration.budget.seconds.map { $0 > 0 && $0 <= 1e9 } ?? true,
                "The deadline must be more than 0 and at most 1e9 seconds."
            ),
        ]
        for (holds, message) in rules where !holds {
            throw EngineError(.badSetting, message, remedy: "")
        }
    }
}

/// Whether the deadline has passed, told apart from a cancellation of the whole search.
private final class Timer: Sendable {
    let hasExpired = Atomic(false)
}
