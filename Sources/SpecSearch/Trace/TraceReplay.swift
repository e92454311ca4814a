internal import Synchronization

/// A recorded search, run again without any model: the models' answers come from the trace, everything else is computed
/// again, so a replay also proves that the trace is whole and that the method has not changed.
public struct TraceReplay: Sendable {
    private let started: SearchEvent.Started
    private let trace: SearchTrace
    private let tree: SearchTree

    /// - Throws: ``SpecSearchError`` `badTrace` where the events contradict one another.
    public init(_ trace: SearchTrace) throws {
        started = try trace.started()
        tree = try trace.tree()
        self.trace = trace
    }

    /// Searches again.
    ///
    /// - Parameters:
    ///   - algorithm: For a search that was put together from values: its algorithm.
    ///   - generator: Likewise its generator.
    ///   - options: Likewise its options.
    /// - Returns: The result; equal to the recorded one apart from times.
    /// - Throws: ``SpecSearchError`` `badTrace` where the search asks for something else than what was recorded, or
    ///   gives another tree.
    public func run(
        algorithm: (any SearchAlgorithm)? = nil, generator: (any ThoughtGenerator)? = nil,
        options: SearchOptions = SearchOptions()
    ) async throws -> SearchResult {
        let models = RecordedModels(trace.events, tree: tree, aggregation: started.aggregation)
        let engine = Engine(
            draft: models, target: models, rewardModel: models, judge: models,
            defaults: Engine.Defaults(
                name: started.models, sampling: started.sampling, answerMarker: started.answerMarker))
        var search: Search
        if let algorithm, let generator {
            search = Search(engine, any: algorithm, generator, options)
        } else if var configuration = started.configuration {
            configuration.options.budget.seconds = nil
            // Any judge's answers are in the trace.
            configuration.judge = .rewardModel
            search = try Search(engine, configuration: configuration)
        } else {
            throw SpecSearchError(
                .badTrace, "The trace is of a search that was put together from values.",
                remedy: "Give its algorithm and its generator.")
        }
        search.now = { 0 }
        var result = try await search.solve(started.problem)
        guard result.tree == tree else {
            throw SpecSearchError(
                .badTrace, "The search gives another tree than the trace.",
                remedy: "The trace is edited, or of another version: record it again with solve --trace.")
        }
        if let interruption = models.interruption, result.end == .cancelled { result.outcome.end = interruption }
        return result
    }
}

extension Search {
    fileprivate init(
        _ engine: Engine, any algorithm: any SearchAlgorithm, _ generator: any ThoughtGenerator,
        _ options: SearchOptions
    ) {
        self.init(engine, algorithm: algorithm, generator: generator, options: options)
    }
}

/// The models' answers of a trace, given in their order after a look at what is asked.
private final class RecordedModels: SpeculativeTarget, RewardModel {
    let aggregation: ScoreAggregation
    /// The interruption of the recorded search; nil where there was none.
    let interruption: SearchOutcome.End?
    private let tree: SearchTree
    private let calls: Mutex<ArraySlice<SearchEvent>>

    init(_ events: [SearchEvent], tree: SearchTree, aggregation: ScoreAggregation) {
        self.aggregation = aggregation
        self.tree = tree
        var end: SearchOutcome.End?
        if case .finished(let outcome)? = events.last { end = outcome.end }
        interruption = end == .deadline || end == .cancelled ? end : nil
        let recorded = events.filter { event in
            switch event {
            case .sampled, .likelihoods: true
            case .scored(let call): call.twin == nil
            case .lost(let loss): loss.phase == .score
            default: false
            }
        }
        calls = Mutex(recorded[...])
    }

    func checkDraft(_ draft: any LanguageModel) {}

    func sample(
        _ requests: [SampleRequest], proposedBy draft: any LanguageModel, numSpeculativeTokens: Int?
    ) async throws -> Samples { try await sample(requests) }

    func sample(_ requests: [SampleRequest]) async throws -> Samples {
        guard case .sampled(let call) = try next(), call.role == requests.first?.key.role,
            call.samples.map(\.count) == requests.map(\.count),
            call.parents.map(tree.path) == requests.map(\.path)
        else { throw mismatch("thoughts") }
        return Samples(thoughts: call.samples.map { $0.map { tree[$0].thought } }, usage: call.usage)
    }

    func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        guard case .scored(let call) = try next() else { throw mismatch("scores") }
        let losses = takeLosses()
        if losses.isEmpty {
            guard call.nodes.map(tree.path) == paths else { throw mismatch("scores") }
            return StepScores(scores: call.scores, usage: call.usage ?? Usage())
        }
        let places = Dictionary(zip(paths, paths.indices), uniquingKeysWith: { first, _ in first })
        let lost = losses.flatMap { loss in loss.nodes.map { (tree.path(to: $0), loss.error) } }
        guard call.nodes.count + lost.count == paths.count, call.scores.count == call.nodes.count else {
            throw mismatch("scores")
        }
        var answer = StepScores(scores: Array(repeating: 0, count: paths.count), usage: call.usage ?? Usage())
        for (node, score) in zip(call.nodes, call.scores) {
            guard let place = places[tree.path(to: node)] else { throw mismatch("scores") }
            answer.scores[place] = score
        }
        for (path, error) in lost {
            guard let place = places[path] else { throw mismatch("scores") }
            answer.lost[place] = error
        }
        return answer
    }

    /// The branches that the reward model lost in the call before.
    private func takeLosses() -> [SearchEvent.Lost] {
        calls.withLock { calls in
            var losses: [SearchEvent.Lost] = []
            while case .lost(let loss)? = calls.first {
                losses.append(loss)
                calls.removeFirst()
            }
            return losses
        }
    }

    func logLikelihoods(of paths: [ReasoningPath], sampling: SamplingParameters) async throws -> LogLikelihoods {
        guard case .likelihoods(let call) = try next(), call.nodes.map(tree.path) == paths else {
            throw mismatch("likelihoods")
        }
        return LogLikelihoods(values: call.values, usage: call.usage)
    }

    private func next() throws -> SearchEvent {
        guard let event = calls.withLock({ $0.popFirst() }) else {
            if interruption != nil { throw CancellationError() }
            throw mismatch("more answers")
        }
        return event
    }

    private func mismatch(_ what: String) -> SpecSearchError {
        SpecSearchError(
            .badTrace, "The search asks for \(what) that the trace does not hold.",
            remedy: "The trace is cut, edited, or of another version: record it again with solve --trace.")
    }
}
