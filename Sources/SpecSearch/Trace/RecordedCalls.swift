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
            case .lost(let loss): loss.phase == .score
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

    /// The recorded scores of these paths; nil after the last, and where the trace was cut before it said which were lost.
    func scores(of paths: [ReasoningPath]) throws(SpecSearchError) -> StepScores? {
        guard let event = next() else { return nil }
        guard case .scored(let call) = event, call.scores.count == call.nodes.count else {
            throw Self.mismatch("scores")
        }
        let (losses, isLast) = takeLosses()
        let scored = call.nodes.map(tree.path)
        if losses.isEmpty, scored == paths {
            return StepScores(scores: call.scores, rawScores: call.rawScores, usage: call.usage ?? Usage())
        }
        let lost = losses.flatMap { loss in loss.nodes.map { (tree.path(to: $0), loss.error) } }
        guard scored.count + lost.count == paths.count else {
            if isLast, scored.count + lost.count < paths.count { return nil }
            throw Self.mismatch("scores")
        }
        // Chains may say the same: equal paths take the places of theirs in turn.
        var places = Dictionary(grouping: paths.indices.reversed()) { paths[$0] }
        func place(of path: ReasoningPath) throws(SpecSearchError) -> Int {
            guard let place = places[path]?.popLast() else { throw Self.mismatch("scores") }
            return place
        }
        var answer = StepScores(scores: Array(repeating: 0, count: paths.count), usage: call.usage ?? Usage())
        if call.rawScores != nil { answer.rawScores = answer.scores }
        for (index, path) in scored.enumerated() {
            let place = try place(of: path)
            answer.scores[place] = call.scores[index]
            if let raw = call.rawScores, raw.indices.contains(index) { answer.rawScores?[place] = raw[index] }
        }
        for (path, error) in lost { answer.lost[try place(of: path)] = error }
        return answer
    }

    /// The branches that the reward model lost in the call before, and whether the trace ends with them.
    private func takeLosses() -> (losses: [SearchEvent.Lost], isLast: Bool) {
        calls.withLock { calls in
            var losses: [SearchEvent.Lost] = []
            while case .lost(let loss)? = calls.first {
                losses.append(loss)
                calls.removeFirst()
            }
            return (losses, calls.isEmpty)
        }
    }

    /// The recorded log-likelihoods of these paths; nil after the last.
    func logLikelihoods(of paths: [ReasoningPath]) throws(SpecSearchError) -> LogLikelihoods? {
        guard let event = next() else { return nil }
        guard case .likelihoods(let call) = event, call.nodes.map(tree.path) == paths, call.ofNextToken != true else {
            throw Self.mismatch("likelihoods")
        }
        return LogLikelihoods(values: call.values, usage: call.usage)
    }

    /// The recorded entropies of the next tokens of these paths; nil after the last.
    func nextTokenEntropies(of paths: [ReasoningPath]) throws(SpecSearchError) -> NextTokenEntropies? {
        guard let event = next() else { return nil }
        guard case .likelihoods(let call) = event, call.nodes.map(tree.path) == paths, call.ofNextToken == true else {
            throw Self.mismatch("entropies")
        }
        return NextTokenEntropies(values: call.values.map { -$0 }, usage: call.usage)
    }

    private func next() -> SearchEvent? { calls.withLock { $0.popFirst() } }

    static func mismatch(_ what: String) -> SpecSearchError {
        SpecSearchError(
            .badTrace, "The search asks for \(what) that the trace does not hold.",
            remedy: "The trace is cut, edited, or of another version: record it again with solve --trace.")
    }
}
