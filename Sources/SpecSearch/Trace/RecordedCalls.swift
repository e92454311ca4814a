internal import Synchronization

/// The models' answers of a trace, given in their order after a look at what is asked.
final class RecordedCalls: Sendable {
    private let tree: SearchTree
    private let calls: Mutex<ArraySlice<SearchEvent>>

    /// - Parameter tree: The tree of the events.
    init(_ events: [SearchEvent], tree: SearchTree) {
        self.tree = tree
        let recorded = events.filter { event in
            switch event {
            case .sampled, .likelihoods: true
            case .scored(let call): call.twin == nil
            default: false
            }
        }
        calls = Mutex(recorded[...])
    }

    /// The recorded answer to these requests; nil after the last.
    ///
    /// - Throws: ``SpecSearchError`` `badTrace` where something else was asked then.
    func samples(for requests: [SampleRequest]) throws(SpecSearchError) -> Samples? {
        guard let event = next() else { return nil }
        guard case .sampled(let call) = event, call.role == requests.first?.key.role,
            call.samples.map(\.count) == requests.map(\.count),
            call.parents.map(tree.path) == requests.map(\.path)
        else { throw Self.mismatch("thoughts") }
        return Samples(thoughts: call.samples.map { $0.map { tree[$0].thought } }, usage: call.usage)
    }

    /// The recorded scores of these paths; nil after the last.
    func scores(of paths: [ReasoningPath]) throws(SpecSearchError) -> StepScores? {
        guard let event = next() else { return nil }
        guard case .scored(let call) = event, call.nodes.map(tree.path) == paths else { throw Self.mismatch("scores") }
        return StepScores(scores: call.scores, usage: call.usage ?? Usage())
    }

    /// The recorded log-likelihoods of these paths; nil after the last.
    func logLikelihoods(of paths: [ReasoningPath]) throws(SpecSearchError) -> LogLikelihoods? {
        guard let event = next() else { return nil }
        guard case .likelihoods(let call) = event, call.nodes.map(tree.path) == paths else {
            throw Self.mismatch("likelihoods")
        }
        return LogLikelihoods(values: call.values, usage: call.usage)
    }

    private func next() -> SearchEvent? { calls.withLock { $0.popFirst() } }

    static func mismatch(_ what: String) -> SpecSearchError {
        SpecSearchError(
            .badTrace, "The search asks for \(what) that the trace does not hold.",
            remedy: "The trace is cut, edited, or of another version: record it again with solve --trace.")
    }
}
