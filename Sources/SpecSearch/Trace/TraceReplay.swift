internal import Synchronization

/// Runs a recorded search again without any model: the models' answers come from the trace, everything else is computed
/// anew, so a replay also proves that the trace is whole and that the method has not changed.
public struct TraceReplay: Sendable {
    private let started: SearchEvent.Started
    private let trace: SearchTrace

    /// - Throws: ``SearchTrace/FormatError`` if the trace does not begin with `started`.
    public init(_ trace: SearchTrace) throws {
        guard case .started(let started)? = trace.events.first, started.version == 1 else {
            throw SearchTrace.FormatError(description: "the trace does not begin with a version 1 `started` event.")
        }
        self.started = started
        self.trace = trace
    }

    /// Searches again.
    ///
    /// - Returns: The result; equal to the recorded one apart from times.
    /// - Throws: ``SearchTrace/FormatError`` where the search asks for something else than what was recorded.
    public func run(onEvent: @escaping @Sendable (SearchEvent) -> Void = { _ in }) async throws -> SearchResult {
        var configuration = started.configuration
        configuration.budget.seconds = nil
        let models = RecordedModels(trace.events, defaultAggregation: started.aggregation)
        let search = Search(
            configuration, models: SearchModels(draft: models, target: models, evaluator: models), now: { 0 })
        var result = try await search.run(started.problem, onEvent: onEvent)
        if let interruption = models.interruption, result.end == .cancelled { result.end = interruption }
        return result
    }
}

/// The models' answers of a trace, given in their order after a look at what is asked.
private final class RecordedModels: ThoughtSampler, ThoughtEvaluator {
    let defaultAggregation: ScoreAggregation
    /// How the recorded search was interrupted, if it was.
    let interruption: SearchResult.End?
    private let calls: Mutex<ArraySlice<SearchEvent>>
    /// What is known of the steps that were scored last.
    private let likelihoods = Mutex<[Double]?>(nil)

    init(_ events: [SearchEvent], defaultAggregation: ScoreAggregation) {
        self.defaultAggregation = defaultAggregation
        var end: SearchResult.End?
        if case .finished(let result)? = events.last { end = result.end }
        interruption = end == .deadline || end == .cancelled ? end : nil
        let recorded = events.filter {
            switch $0 {
            case .sampled, .evaluated: true
            default: false
            }
        }
        calls = Mutex(recorded[...])
    }

    func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
        guard case .sampled(let call) = try next(), call.role == requests.first?.key.role,
            call.depth == requests.first?.path.depth, call.thoughts.map(\.count) == requests.map(\.count)
        else { throw mismatch("thoughts") }
        return SampledThoughts(thoughts: call.thoughts, usage: call.usage)
    }

    func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        guard case .evaluated(let call) = try next(), call.texts == paths.map({ $0.thoughts.last?.text ?? "" })
        else { throw mismatch("scores") }
        likelihoods.withLock { $0 = call.logLikelihoods }
        return StepScores(scores: call.scores, usage: call.usage)
    }

    func logLikelihoods(_ paths: [ReasoningPath], parameters: SamplingParameters) async throws -> ThoughtLikelihoods {
        guard let values = likelihoods.withLock({ $0 }) else { throw mismatch("likelihoods") }
        return ThoughtLikelihoods(values: values)
    }

    private func next() throws -> SearchEvent {
        guard let event = calls.withLock({ $0.popFirst() }) else {
            if interruption != nil { throw CancellationError() }
            throw mismatch("more answers")
        }
        return event
    }

    private func mismatch(_ what: String) -> SearchTrace.FormatError {
        SearchTrace.FormatError(
            description:
                "the search asks for \(what) that the trace does not hold: it is cut, edited, or of another version.")
    }
}
