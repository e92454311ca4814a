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
            var options = options
            options.overlaps = false
            search = Search(engine, any: algorithm, generator, options)
        } else if var configuration = started.configuration {
            configuration.options.budget.seconds = nil
            // Answers come in the order in which they were needed.
            configuration.options.overlaps = false
            // Any judge's answers are in the trace.
            configuration.judge = .rewardModel
            search = try Search(engine, configuration: configuration)
        } else {
            throw SpecSearchError(
                .badTrace, "The trace is of a search that was put together from values.",
                remedy: "Give its algorithm and its generator.")
        }
        search.now = { 0 }
        search.recordedChoices = trace.choices
        let found = Mutex<[SearchEvent]>([])
        var result = try await search.solve(started.problem) { event in found.withLock { $0.append(event) } }
        // The tree would not show an event that is missing where it changes nothing.
        let (recorded, again) = (Self.compared(trace.events), Self.compared(found.withLock { $0 }))
        let isWhole: Bool
        if case .finished? = trace.events.last { isWhole = true } else { isWhole = false }
        guard result.tree == tree, isWhole ? again == recorded : again.starts(with: recorded) else {
            throw SpecSearchError(
                .badTrace, "The search gives other events than the trace.",
                remedy: "The trace is cut, edited, or of another version: record it again with solve --trace.")
        }
        if let interruption = models.interruption, result.end == .cancelled { result.outcome.end = interruption }
        return result
    }

    /// What must come out the same: all but times, the first event, which says how the search was put together, and the
    /// last one.
    private static func compared(_ events: [SearchEvent]) -> [SearchEvent] {
        var events = events.dropFirst().map(\.withoutTimes)
        if case .finished? = events.last { events.removeLast() }
        return events
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

/// All models of a recorded search: their answers come from its trace.
private struct RecordedModels: SpeculativeTarget, RewardModel {
    let aggregation: ScoreAggregation
    /// The interruption of the recorded search; nil where there was none.
    let interruption: SearchOutcome.End?
    private let calls: RecordedCalls

    init(_ events: [SearchEvent], tree: SearchTree, aggregation: ScoreAggregation) {
        self.aggregation = aggregation
        calls = RecordedCalls(events, tree: tree)
        var end: SearchOutcome.End?
        if case .finished(let outcome)? = events.last { end = outcome.end }
        interruption = end == .deadline || end == .cancelled ? end : nil
    }

    var capabilities: ModelCapabilities { [.earlyRejection, .nextTokenEntropy] }

    func checkDraft(_ draft: any LanguageModel) {}

    func sample(
        _ requests: [SampleRequest], proposedBy draft: any LanguageModel, numSpeculativeTokens: Int?
    ) async throws -> Samples { try await sample(requests) }

    func sample(_ requests: [SampleRequest]) async throws -> Samples { try recorded(calls.samples(for: requests)) }

    func score(_ paths: [ReasoningPath]) async throws -> StepScores { try recorded(calls.scores(of: paths)) }

    func logLikelihoods(of paths: [ReasoningPath], sampling: SamplingParameters) async throws -> LogLikelihoods {
        try recorded(calls.logLikelihoods(of: paths))
    }

    func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
        try recorded(calls.nextTokenEntropies(of: paths))
    }

    private func recorded<Answer>(_ answer: Answer?) throws -> Answer {
        if let answer { return answer }
        throw interruption == nil ? RecordedCalls.mismatch("more answers") : CancellationError()
    }
}
