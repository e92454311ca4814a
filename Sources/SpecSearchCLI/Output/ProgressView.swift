package import SpecSearch
internal import SpecSearchEvaluation

/// What people see of a search that runs: a value, made of its events.
package struct ProgressView {
    private var tree = SearchTree(problem: "")
    private var ended = 0
    private var judged = 0
    private var kept = 0
    private var regenerated = 0
    private var generation: GenerationProgress?
    private var steps: [String] = []
    private var remaining: RemainingTime

    package init(_ configuration: SearchConfiguration) {
        let iterations = configuration.iterationCount ?? (configuration.writesPrograms ? 1 : nil)
        remaining = RemainingTime(
            maximumSteps: iterations ?? configuration.options.maximumDepth, isExact: iterations != nil,
            isProgram: configuration.writesPrograms)
    }

    /// Notes how far a model's call is.
    package mutating func generating(_ progress: GenerationProgress) { generation = progress }

    /// Takes in an event.
    ///
    /// - Returns: The line of a step that it ends.
    mutating func add(_ event: SearchEvent, at seconds: Double) -> String? {
        if case .started(let started) = event { tree = SearchTree(started) }
        // A running search's events are in turn.
        try? tree.apply(event)
        switch event {
        case .sampled: generation = nil
        case .resolved(let event):
            switch event.state {
            case .accepted, .surplus:
                kept += event.nodes.count
                judged += event.nodes.count
            case .rejected: judged += event.nodes.count
            case .correction, .duplicate: regenerated += event.nodes.count
            // Counted when it was rejected.
            case .salvaged: break
            case .sampled, .unusable, .lookahead, .lost: break
            }
        case .selected(let depth, let nodes): return end("\(depth + 1)", nodes.first, at: seconds)
        case .backedUp(let backUp): return end("\(backUp.iteration + 1)", backUp.node, at: seconds)
        default: break
        }
        return nil
    }

    private mutating func end(_ number: String, _ node: NodeID?, at seconds: Double) -> String? {
        ended += 1
        remaining.stepEnded(at: seconds)
        guard let node, tree.contains(node) else { return nil }
        let thought = tree[node].thought
        let score = tree[node].score.map { $0.fixed(3) + "  " } ?? ""
        steps.append(
            "\(number.leftPadded(3))  \(thought.source.rawValue.padded(6))  \(score)\(thought.text.singleLine)")
        let line = steps[steps.count - 1].fitted(160)
        return seconds < 1 ? line : "\(line)  (\(time(at: seconds)))"
    }

    /// What goes on, in a line.
    package func status(at seconds: Double) -> String {
        var parts: [String] = []
        if let generation {
            parts.append(
                "step \(ended + 1): \(generation.role.rawValue) generates \(generation.thoughts) "
                    + (generation.thoughts == 1 ? "thought" : "thoughts") + ", \(generation.tokens) tokens")
        }
        if judged > 0 { parts.append("\(kept) of \(judged) drafts accepted") }
        if regenerated > 0 { parts.append("\(regenerated) regenerated") }
        return (parts + [time(at: seconds)]).joined(separator: " · ")
    }

    /// The last steps, the text under way, and what goes on.
    package func lines(at seconds: Double) -> [String] {
        var lines = Array(steps.suffix(8))
        if let text = generation?.text.singleLine, !text.isEmpty { lines.append("  …  \(text)") }
        return lines + [status(at: seconds)]
    }

    private func time(at seconds: Double) -> String {
        let each = generation.map { Double($0.tokens) / Double(max($0.thoughts, 1)) } ?? 0
        let left = remaining.seconds(at: seconds, tokensOfThought: each) ?? 0
        return seconds.duration + (left >= 1 ? ", about \(left.duration) left" : "")
    }
}
