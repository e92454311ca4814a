internal import SpecSearch
internal import SpecSearchEvaluation
internal import Synchronization

/// A search's progress in one line, redrawn at every event.
final class LiveProgress: Sendable {
    private struct State {
        var depth = 0
        var judged = 0
        var kept = 0
        var corrected = 0
        var threshold: Double?
        var step = ""
    }

    private let terminal: Terminal
    private let state = Mutex(State())

    init(_ terminal: Terminal) {
        self.terminal = terminal
    }

    func show(_ event: SearchEvent) {
        guard terminal.showsProgress else { return }
        let line = state.withLock { state -> String in
            switch event {
            case .sampled(let sampled): state.depth = sampled.depth
            case .accepted(_, _, let steps):
                state.kept += steps.count
                state.judged += steps.count
            case .rejected(_, _, let steps): state.judged += steps.count
            case .corrected(_, _, let steps): state.corrected += steps.count
            case .thresholdUpdated(_, let threshold): state.threshold = threshold
            case .selected(_, let nodes): state.step = nodes.first?.steps.last?.thought.text.singleLine ?? ""
            case .backedUp(let visit): state.step = visit.node.steps.last?.thought.text.singleLine ?? ""
            case .started, .evaluated, .finished: break
            }
            var parts = ["step \(state.depth + 1)"]
            if state.judged > 0 { parts.append("kept \(state.kept) of \(state.judged) draft texts") }
            if state.corrected > 0 { parts.append("\(state.corrected) rewritten") }
            if let threshold = state.threshold { parts.append("β̂ \(threshold.fixed(3))") }
            if !state.step.isEmpty { parts.append(state.step) }
            return parts.joined(separator: " · ")
        }
        terminal.progress(line)
    }
}

extension String {
    /// The text on one line.
    var singleLine: String { split(whereSeparator: \.isWhitespace).joined(separator: " ") }
}
