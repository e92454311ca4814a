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
        /// An expansion, by depth and identity.
        private struct Place: Hashable {
            var depth: Int
            var node: Int
        }

        let configuration: SearchConfiguration
        var open: [Node]
        private var widths: [Place: Int] = [:]
        private var corrections: [Place: Int] = [:]
        private var ends: Set<Node> = []
        var depth = 0
        var violations: [String] = []

        init(configuration: SearchConfiguration, root: Node) {
            self.configuration = configuration
            let chains =
                switch configuration.search {
                case .dvts: configuration.beams
                case .bestOfN, .selfConsistency: configuration.beams * configuration.speculation.width
                case .beam, .mcts, .mctsOpenR, .rebase: 1
                }
            open = Array(repeating: root, count: chains)
        }

        /// Monte Carlo tree search goes back up; the others expand depth after depth.
        private var goesByDepth: Bool { configuration.search != .mcts && configuration.search != .mctsOpenR }

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
            case .accepted(let depth, let node, let steps):
                let place = Place(depth: depth, node: node)
                let width = widths[place] ?? configuration.speculation.width
                check(steps)
                require(steps.count <= width, "more drafts were handed over than the width.")
                require(steps.allSatisfy { $0.thought.author == .draft }, "an accepted thought is not a draft.")
                require(steps.allSatisfy { $0.score >= $0.threshold ?? 0 }, "a draft below the threshold was kept.")
                // Corrections never exceed N − a + 1 at a node.
                require(
                    configuration.speculation.correction == .all
                        || corrections[place] ?? 0 <= max(0, width - steps.count) + 1,
                    "node \(node) got more corrections than N − a + 1.")
            case .rejected(_, _, let steps):
                check(steps)
                require(steps.allSatisfy { $0.score < $0.threshold ?? 2 }, "a draft at the threshold was rejected.")
            case .corrected(_, _, let steps):
                check(steps)
                require(steps.allSatisfy { $0.thought.author == .target }, "a correction is not the large model's.")
            case .selected(let depth, let nodes): selected(depth, nodes)
            case .thresholdUpdated(_, let threshold):
                require(threshold?.isFinite ?? true, "a threshold is not finite.")
            case .backedUp(let backUp):
                require(!goesByDepth, "a value was backed up, and the search has no tree.")
                require((0...1).contains(backUp.value), "a value lies outside 0 ... 1.")
                if backUp.node.isFinished {
                    require(ends.insert(backUp.node).inserted != backUp.isRevisit, "a visit is not told as what it is.")
                }
            case .started: require(false, "`started` came twice.")
            case .finished(let result):
                let voters = Set(result.paths.map(\.steps))
                require(
                    goesByDepth || voters.count == result.paths.count, "a leaf votes twice.")
            }
        }

        mutating func sampled(_ call: SearchEvent.Sampled) {
            require(Set(call.nodes).count == call.nodes.count, "two expansions of a batch have the same identity.")
            guard call.phase != .lookahead else { return }
            if goesByDepth {
                require(call.depth == depth, "thoughts were written for depth \(call.depth).")
                require(call.nodes.count <= open.count, "thoughts were written for no open node.")
            }
            for (node, thoughts) in zip(call.nodes, call.thoughts) {
                let place = Place(depth: call.depth, node: node)
                if call.phase == .correct { corrections[place] = thoughts.count }
                if call.phase == .draft { widths[place] = thoughts.count / configuration.speculation.draftFactor }
            }
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
            // REBASE's finished paths may exceed its budget by extra thoughts.
            let counted = configuration.search == .rebase ? nodes.filter { !$0.isFinished } : nodes
            let isNarrow = configuration.search == .beam || configuration.search == .dvts
            let slots = configuration.beams * (isNarrow ? 1 : configuration.speculation.width)
            require(counted.count <= slots, "more nodes were selected than the search has slots.")
            for node in nodes {
                let parent = Node(problem: node.problem, steps: Array(node.steps.dropLast()))
                require(open.contains(parent), "a selected node has no open parent.")
            }
            open = nodes.filter { !$0.isFinished }
            self.depth += 1
        }
    }
}
