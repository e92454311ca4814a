public import SpecSearch

/// What must hold in every search, whatever the models: checked on the events of one run.
public enum SearchInvariants {
    /// The rules that a run broke, in words; empty for a sound one.
    public static func violations(in events: [SearchEvent]) -> [String] {
        guard case .started(let started)? = events.first else { return ["The first event is not `started`."] }
        var checker = Checker(configuration: started.configuration, root: Node(problem: started.problem))
        for event in events.dropFirst() { checker.check(event) }
        if case .finished? = events.last {} else { checker.violations.append("The last event is not `finished`.") }
        return checker.violations
    }

    private struct Checker {
        let configuration: SearchConfiguration
        var open: [Node]
        var accepted: [Int: Int] = [:]
        var corrections: [Int: Int] = [:]
        var depth = 0
        var violations: [String] = []

        init(configuration: SearchConfiguration, root: Node) {
            self.configuration = configuration
            open = [root]
        }

        mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
            if !holds { violations.append("Depth \(depth): \(rule())") }
        }

        mutating func check(_ event: SearchEvent) {
            switch event {
            case .sampled(let call): sampled(call)
            case .evaluated(let call):
                require(
                    Set(zip(call.nodes, call.texts).map { "\($0) \($1)" }).count == call.texts.count,
                    "a step is scored twice.")
                require(call.scores.allSatisfy { (0...1).contains($0) }, "a score lies outside 0 ... 1.")
            case .accepted(_, let node, let steps):
                accepted[node] = steps.count
                check(steps)
                require(steps.count <= configuration.speculation.width, "more drafts were handed over than the width.")
                require(steps.allSatisfy { $0.thought.author == .draft }, "an accepted thought is not a draft.")
                require(steps.allSatisfy { $0.score >= $0.threshold ?? 0 }, "a draft below the threshold was kept.")
                correctionsFit(node)
            case .rejected(_, _, let steps):
                check(steps)
                require(steps.allSatisfy { $0.score < $0.threshold ?? 2 }, "a draft at the threshold was rejected.")
            case .corrected(_, _, let steps):
                check(steps)
                require(steps.allSatisfy { $0.thought.author == .target }, "a correction is not the large model's.")
            case .selected(let depth, let nodes): selected(depth, nodes)
            case .thresholdUpdated(_, let threshold):
                require(threshold?.isFinite ?? true, "a threshold is not finite.")
            case .started: require(false, "`started` came twice.")
            case .finished: break
            }
        }

        mutating func sampled(_ call: SearchEvent.Sampled) {
            require(call.depth == depth, "thoughts were written for depth \(call.depth).")
            require(call.nodes.allSatisfy { open.indices.contains($0) }, "thoughts were written for no open node.")
            guard call.phase == .correct else { return }
            for (node, thoughts) in zip(call.nodes, call.thoughts) { corrections[node] = thoughts.count }
        }

        /// Corrections never exceed N − a + 1 at a node.
        mutating func correctionsFit(_ node: Int) {
            guard configuration.speculation.correction != .all else { return }
            let bound = max(0, configuration.speculation.width - (accepted[node] ?? 0)) + 1
            require(corrections[node] ?? 0 <= bound, "node \(node) got more corrections than N − a + 1.")
        }

        mutating func check(_ steps: [Step]) {
            require(steps.allSatisfy { $0.thought.stop != .length }, "a thought cut by length is a candidate.")
            let keys = steps.map {
                $0.thought.text.split(whereSeparator: \.isWhitespace) + [Substring($0.thought.stop.rawValue)]
            }
            require(Set(keys).count == keys.count, "a node has the same thought twice.")
            require(keys.allSatisfy { $0.count > 1 }, "an empty thought is a candidate.")
        }

        mutating func selected(_ depth: Int, _ nodes: [Node]) {
            require(depth == self.depth, "depth \(depth) was selected.")
            require(nodes.count <= configuration.beams, "more nodes were selected than the beam has slots.")
            for node in nodes {
                let parent = Node(problem: node.problem, steps: Array(node.steps.dropLast()))
                require(open.contains(parent), "a selected node has no open parent.")
            }
            open = nodes.filter { !$0.isFinished }
            self.depth += 1
            accepted = [:]
            corrections = [:]
        }
    }
}
