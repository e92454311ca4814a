internal import SpecSearch
internal import SpecSearchEvaluation
internal import Synchronization

/// A search's progress: one line, redrawn at every event, on a terminal; elsewhere a line for each depth.
final class LiveProgress: Sendable {
    private struct State {
        var tree = SearchTree(problem: "")
        var depth = 0
        var judged = 0
        var kept = 0
        var regenerated = 0
        var threshold: Double?
        var step = ""

        /// Takes in an event.
        mutating func add(_ event: SearchEvent) {
            if case .started(let started) = event { tree = SearchTree(started) }
            // A running search's events are in turn.
            try? tree.apply(event)
            switch event {
            case .sampled(let call): depth = call.depth
            case .resolved(let event):
                switch event.state {
                case .accepted, .surplus:
                    kept += event.nodes.count
                    judged += event.nodes.count
                case .rejected: judged += event.nodes.count
                case .correction, .duplicate: regenerated += event.nodes.count
                case .sampled, .unusable, .lookahead, .lost: break
                }
            case .thresholdUpdated(_, let threshold): self.threshold = threshold
            case .selected(_, let nodes): step = nodes.first.map(text) ?? ""
            case .backedUp(let backUp): step = text(backUp.node)
            default: break
            }
        }

        private func text(_ node: NodeID) -> String { tree.contains(node) ? tree[node].thought.text.singleLine : "" }

        var line: String {
            var parts = ["step \(depth + 1)"]
            if judged > 0 { parts.append("kept \(kept) of \(judged) drafts") }
            if regenerated > 0 { parts.append("\(regenerated) regenerated") }
            if let threshold { parts.append("β̂ \(threshold.fixed(3))") }
            if !step.isEmpty { parts.append(step) }
            return parts.joined(separator: " · ")
        }
    }

    private let terminal: Terminal
    private let state = Mutex(State())

    init(_ terminal: Terminal) {
        self.terminal = terminal
    }

    func show(_ event: SearchEvent) {
        guard !terminal.isQuiet else { return }
        let line = state.withLock { state in
            state.add(event)
            return state.line
        }
        if terminal.showsProgress { return terminal.progress(line) }
        switch event {
        case .selected, .backedUp: Terminal.say(line)
        default: break
        }
    }
}

extension String {
    /// The text on one line.
    var singleLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
