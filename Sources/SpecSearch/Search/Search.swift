internal import Dispatch
internal import MathGrading
internal import Synchronization

/// A search: expands what its algorithm asks for by its generator, until it is over or its budget is spent.
///
/// ```swift
/// let search = Search(engine)                                             // SpecSearch in a beam
/// let result = try await search.solve("Mia has 47 shells. …")
/// for try await event in search.events(for: problem) { print(event) }
/// let other = Search(engine, algorithm: .mcts(iterations: 32), generator: .targetOnly)
/// ```
/// A search is a value; it may solve any number of problems, one after the other or at once.
public struct Search: Sendable {
    /// The models.
    public let engine: Engine
    /// The algorithm, which says what to expand next; each problem gets a copy.
    public let algorithm: any SearchAlgorithm
    /// The generator, which expands nodes; each problem gets a copy.
    public let generator: any ThoughtGenerator
    /// The options that every search has.
    public let options: SearchOptions
    /// The settings by name, where the search was made of them; traces hold them, so that they can be replayed.
    public let configuration: SearchConfiguration?
    /// What the models answered in an earlier part of the search.
    var recorded: RecordedCalls?
    /// What the method auto chose in it.
    var recordedChoices: [MethodChoice] = []
    /// The clock, in seconds; tests give their own.
    package var now: @Sendable () -> Double = { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

    /// A search by any algorithm and generator.
    public init(
        _ engine: some EngineConvertible, algorithm: some SearchAlgorithm = .beam(),
        generator: some ThoughtGenerator = .specsearch(), options: SearchOptions = SearchOptions()
    ) {
        self.engine = engine.engine
        self.algorithm = algorithm
        self.generator = generator
        self.options = options
        configuration = nil
    }

    /// A search by the names of its settings.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming the first setting out of range; what ``Engine/judged(by:)`` does;
    ///   and where the engine lacks a model that the method needs.
    public init(_ engine: some EngineConvertible, configuration: SearchConfiguration) throws {
        try configuration.validate()
        self.engine = try engine.engine.judged(by: configuration.judge)
        algorithm = configuration.algorithm
        generator = configuration.generator
        var options = configuration.options
        options.sampling = (options.sampling ?? engine.engine.defaults.sampling).changed(by: configuration.sampling)
        self.options = options
        self.configuration = configuration
        // What is missing is better said now than after a stream has begun.
        _ = try models(for: Problem(text: ""))
    }

    /// Searches until the end, the deadline, or cancellation; the last two give the best so far, flagged.
    ///
    /// - Throws: ``SpecSearchError`` where an option is out of range, or a model is missing or fails.
    public func solve(_ problem: Problem) async throws -> SearchResult { try await solve(problem, onEvent: nil) }

    /// Everything that happens in a search, in order, as it happens; the last event is
    /// ``SearchEvent/finished(_:)``.
    ///
    /// Whoever stops listening ends the search.
    public func events(for problem: Problem) -> AsyncThrowingStream<SearchEvent, any Error> {
        AsyncThrowingStream { continuation in
            let task = Task {
                do {
                    _ = try await solve(problem) { continuation.yield($0) }
                    continuation.finish()
                } catch {
                    continuation.finish(throwing: error)
                }
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    /// Searches as ``solve(_:)`` does.
    ///
    /// - Parameter onEvent: Called with everything that happens, in order, on the searching task.
    package func solve(
        _ problem: Problem, onEvent: (@Sendable (SearchEvent) -> Void)?
    ) async throws -> SearchResult {
        try options.validate()
        let models = try models(for: problem)
        let session = try await models.openSession(for: problem)
        let asked = models.resuming(recorded)
        let result: Result<SearchResult, any Error>
        do {
            result = .success(
                try await withTaskExecutorPreference(session?.executor) { try await timed(problem, asked, onEvent) })
        } catch {
            result = .failure(error)
        }
        await session?.close()
        return try result.get()
    }

    /// The models that the search needs, which are there.
    private func models(for problem: Problem) throws -> SearchModels {
        let models = try engine.models(for: generator.needs)
        if models.rewardModel == nil,
            generator.needs.scores || algorithm.next(in: SearchTree(problem: problem)).isScored
        {
            throw SpecSearchError.missingRewardModel(of: engine.defaults.name)
        }
        return models
    }

    private func timed(
        _ problem: Problem, _ models: SearchModels, _ onEvent: (@Sendable (SearchEvent) -> Void)?
    ) async throws -> SearchResult {
        guard let deadline = options.budget.seconds else {
            return try await run(problem, models, onEvent) { .cancelled }
        }
        let timer = Timer()
        return try await withThrowingTaskGroup(of: SearchResult?.self) { group in
            group.addTask {
                try await run(problem, models, onEvent) {
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

    private func run(
        _ problem: Problem, _ models: SearchModels, _ onEvent: (@Sendable (SearchEvent) -> Void)?,
        interruption: @Sendable () -> SearchOutcome.End
    ) async throws -> SearchResult {
        let begin = now()
        let aggregation = options.aggregation ?? models.rewardModel?.aggregation ?? .last
        var models = models
        // Recorded answers come in the order in which they were needed.
        let foreseeing = options.overlaps && recorded == nil ? models.draft.map(ForeseeingDraft.init) : nil
        if let foreseeing { models.draft = foreseeing }
        let context = SearchContext(
            options: options, sampling: options.sampling ?? engine.defaults.sampling, extraction: extraction,
            tree: SearchTree(problem: problem, aggregation: aggregation, maximumDepth: options.maximumDepth),
            models: models, controller: engine.controller, memory: engine.memory,
            recordedChoices: recordedChoices, now: now, onEvent: onEvent)
        var generator = generator
        var algorithm = algorithm
        var thoughts = 0
        context.emit(.started(.init(self, problem: problem, aggregation: aggregation)))
        var end: SearchOutcome.End?
        var undecisive: Int?
        do {
            while end == nil {
                let batch = algorithm.next(in: context.tree)
                if batch.expansions.isEmpty { break }
                if !options.followsAllPaths, let open = algorithm.openPaths(in: context.tree),
                    isDecided(algorithm, batch, context.tree, open: open)
                {
                    undecisive = min(open, batch.expansions.count)
                    break
                }
                thoughts += batch.thoughts
                if batch.depth >= options.maximumDepth {
                    end = .depth
                } else if let limit = options.budget.tokens, context.usage.totalTokens >= limit {
                    end = .tokens
                } else if let limit = options.budget.thoughts, thoughts > limit {
                    end = .thoughts
                } else {
                    context.foresee = { [algorithm] children, tree in
                        var algorithm = algorithm
                        _ = algorithm.receive(children, in: tree)
                        return algorithm.next(in: tree)
                    }
                    let children = try await generator.expand(batch, in: context)
                    context.account.add(batch, children, in: context.tree)
                    // Whatever the generator says, a lost branch ends.
                    let going = children.map { $0.filter { context.tree[$0].state != .lost } }
                    for event in algorithm.receive(going, in: context.tree) { context.emit(event) }
                }
            }
        } catch is CancellationError {
            end = interruption()
        } catch {
            await foreseeing?.end()
            throw error
        }
        await foreseeing?.end()
        var outcome = outcome(of: algorithm, end: end, seconds: now() - begin, context)
        outcome.undecisive = undecisive
        // The paths that are left could have changed a vote.
        if undecisive != nil, options.answerRule ?? algorithm.answerRule == .best { outcome.vote = nil }
        // Where nothing at all is left, the reason is an error.
        if outcome.end == .dead, outcome.best.node == SearchTree.root, let loss = context.losses.last {
            throw loss.error
        }
        context.emit(.finished(outcome))
        return SearchResult(outcome: outcome, tree: context.tree)
    }

    /// Whether no more than `open` further paths, all of which go on from a batch, can change the answer of the finished ones.
    private func isDecided(
        _ algorithm: any SearchAlgorithm, _ batch: ExpansionBatch, _ tree: SearchTree, open: Int
    ) -> Bool {
        let rule = options.answerRule ?? algorithm.answerRule
        if rule == .best {
            guard let best = algorithm.ranked(in: tree).first else { return false }
            let rank = tree.rank(ofPathTo: best)
            return batch.expansions.allSatisfy { tree.highestRank(through: $0.node).map { $0 < rank } ?? false }
        }
        // So many at least have to agree.
        guard algorithm.finished.count > open else { return false }
        let ballots = algorithm.ranked(in: tree).map { node in
            (answer: extraction.answer(in: tree.text(to: node)), weight: rule == .vote ? tree.pathScore(of: node) : 1)
        }
        return AnswerVote.isDecided(ballots, open: open)
    }

    private func outcome(
        of algorithm: any SearchAlgorithm, end: SearchOutcome.End?, seconds: Double, _ context: SearchContext
    ) -> SearchOutcome {
        let tree = context.tree
        func path(_ node: NodeID) -> SearchOutcome.Path {
            SearchOutcome.Path(
                node: node, score: tree.pathScore(of: node),
                answer: tree[node].isFinished ? extraction.answer(in: tree.text(to: node)) : nil)
        }
        let unfinished = algorithm.unfinished(in: tree)
        let paths = algorithm.ranked(in: tree).map(path)
        var best = paths.first ?? path(tree.ranked(unfinished).first ?? SearchTree.root)
        let vote = AnswerVote.weighted(paths.map { ($0.answer, $0.score) })
        let chosen: String? =
            switch options.answerRule ?? algorithm.answerRule {
            case .best: nil
            case .vote: vote
            case .majority: AnswerVote.weighted(paths.map { ($0.answer, 1) })
            }
        if let chosen { best = paths.first { $0.answer.map { AnswerVote.same($0, chosen) } ?? false } ?? best }
        let isDeep = unfinished.contains { tree[$0].depth >= options.maximumDepth }
        return SearchOutcome(
            best: best, isFinished: !paths.isEmpty, answer: chosen ?? best.answer, vote: vote, paths: paths,
            end: end ?? (!paths.isEmpty ? .finished : isDeep ? .depth : .dead), usage: context.usage,
            phases: context.phases, seconds: seconds, acceptance: context.account.acceptance,
            depths: context.account.depths, lost: SearchOutcome.Lost.summary(of: context.losses),
            choices: context.choices.isEmpty ? nil : context.choices)
    }

    private var extraction: AnswerExtractor {
        AnswerExtractor(marker: options.answerMarker ?? engine.defaults.answerMarker)
    }
}

/// Whether the deadline has passed, as opposed to a cancellation of the whole search.
private final class Timer: Sendable {
    let hasExpired = Atomic(false)
}
