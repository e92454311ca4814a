public import SpecSearch

/// The rules that every search keeps, whatever the models: checked on the events of one run.
///
/// ```swift
/// #expect(SearchInvariants.violations(in: log.events, of: result) == [])
/// ```
public enum SearchInvariants {
    /// The rules that a run broke, in words; empty for a sound one.
    ///
    /// - Parameters:
    ///   - events: Everything that happened, in order.
    ///   - result: The result of the same run, whose tree the events are to build.
    public static func violations(in events: [SearchEvent], of result: SearchResult? = nil) -> [String] {
        guard case .started(let started)? = events.first else { return ["The first event is not `started`."] }
        var checker = Checker(started)
        for event in events.dropFirst() { checker.check(event) }
        if case .finished(let outcome)? = events.last {
            checker.require(result?.outcome ?? outcome == outcome, "the last event is not the result.")
        } else {
            checker.violations.append("The last event is not `finished`.")
        }
        if let result { checker.require(checker.tree == result.tree, "the events do not build the result's tree.") }
        return checker.violations
    }

    private struct Checker {
        /// An expansion, by depth and identity.
        private struct Place: Hashable {
            var depth: Int
            var identity: Int
        }

        /// What a thought says, as far as it matters: its words, and whether they are the last.
        private struct Words: Hashable {
            var text: String
            var isEnd: Bool

            init(_ thought: Thought) {
                var text = thought.text
                while text.last?.isWhitespace == true { text.removeLast() }
                self.text = text
                isEnd = thought.stop.isEnd
            }
        }

        /// Nil for a search that was put together from values.
        private let configuration: SearchConfiguration?
        private(set) var tree: SearchTree
        private var open: Set<NodeID> = [SearchTree.root]
        private var places: [NodeID: Place] = [:]
        private var widths: [Place: Int] = [:]
        private var accepted: [Place: Int] = [:]
        private var ends: Set<NodeID> = []
        /// What the next model call says again, and how often.
        private var repeated: [NodeID: Int] = [:]
        /// The first node that no model call has named yet.
        private var fresh = 1
        private var depth = 0
        var violations: [String] = []

        init(_ started: SearchEvent.Started) {
            configuration = started.configuration
            tree = SearchTree(started)
        }

        /// Whether the search is known to expand depth after depth; tree searches go back up.
        private var goesByDepth: Bool {
            guard let search = configuration?.search else { return false }
            return search != .mcts && search != .mctsOpenR
        }

        private var isSpecSearch: Bool { configuration?.rejects ?? false }
        private var stepsAhead: Int { isSpecSearch ? configuration?.draftSteps ?? 1 : 1 }
        private var isInWaves: Bool {
            guard let speculation = configuration?.speculation else { return false }
            return speculation.targetWaves > 1 || isSpecSearch && speculation.draftWaves > 1
        }

        mutating func require(_ holds: Bool, _ rule: @autoclosure () -> String) {
            if !holds { violations.append("Depth \(depth): \(rule())") }
        }

        mutating func check(_ event: SearchEvent) {
            if case .scored(let call) = event { scored(call) }
            do { try tree.apply(event) } catch {
                violations.append(error.message)
                return
            }
            switch event {
            case .started: require(false, "`started` came twice.")
            case .chosen(let choice):
                require(configuration?.method ?? .auto == .auto, "a method was chosen that was given.")
                require(choice.costs[choice.method] != nil, "a method was chosen that was not possible.")
            case .thought(let new): thought(tree[new.node])
            case .repeated(let node, let samples):
                require(isInWaves, "a thought is sampled again, and there are no waves.")
                repeated[node, default: 0] += samples
            case .sampled(let call): sampled(call)
            case .scored: break
            case .lost(let loss): require(!loss.nodes.isEmpty, "nothing is lost.")
            case .likelihoods(let call):
                require(call.nodes.count == call.values.count, "a likelihood is missing.")
                require(call.values.allSatisfy { $0 <= 0 }, "a likelihood is above 1.")
            case .resolved(let event): resolved(event)
            case .selected(let depth, let nodes): selected(depth, nodes)
            case .thresholdUpdated(_, let threshold):
                require(threshold?.isFinite ?? true, "a threshold is not finite.")
            case .lookedAhead(_, let score): require((0...1).contains(score), "a score lies outside 0 ... 1.")
            case .backedUp(let backUp):
                require(!goesByDepth, "a value was backed up, and the search has no tree.")
                require((0...1).contains(backUp.value), "a value lies outside 0 ... 1.")
                if tree[backUp.node].isFinished {
                    require(
                        ends.insert(backUp.node).inserted != backUp.isRevisit, "a visit is not named as what it is.")
                }
            case .finished(let outcome): finished(outcome)
            }
        }

        private mutating func thought(_ node: SearchTree.Node) {
            let isEmpty = node.thought.text.allSatisfy(\.isWhitespace)
            guard node.state != .unusable else { return }
            require(node.thought.stop != .length, "a thought cut by length is a candidate.")
            if node.thought.stop == .rejected {
                require(node.thought.source == .draft && node.score != nil, "a thought was given up without a reason.")
                return
            }
            require(!isEmpty || node.thought.stop.isEnd, "an empty thought is a candidate.")
            if let parent = node.parent { require(!tree[parent].isFinished, "a thought follows the end of its path.") }
        }

        private mutating func sampled(_ call: SearchEvent.Sampled) {
            require(Set(call.identities).count == call.identities.count, "two expansions of a batch are one.")
            require(call.parents.count == call.identities.count, "an expansion has no identity.")
            require(call.parents.count == call.samples.count, "an expansion has no samples.")
            if goesByDepth, call.phase == .draft, call.depth > depth {
                require(call.depth < depth + stepsAhead, "drafts were written too far ahead.")
                require(
                    call.parents.allSatisfy { tree[$0].thought.source == .draft && !tree[$0].isFinished },
                    "a draft was written ahead of another thought than a draft.")
            } else if goesByDepth, call.phase != .lookahead {
                require(call.depth == depth, "thoughts were sampled for depth \(call.depth).")
                require(call.parents.allSatisfy(open.contains), "thoughts were sampled for no open node.")
            }
            for (index, samples) in call.samples.enumerated() where index < call.parents.count {
                for (id, count) in Dictionary(samples.map { ($0, 1) }, uniquingKeysWith: +) {
                    let isOld = id.rawValue < fresh
                    require(!isOld || repeated[id] != nil, "a sample is an old node.")
                    require(tree[id].parent == call.parents[index], "a sample has another parent.")
                    require(
                        (isOld ? repeated[id] : tree[id].samples) == count, "the samples of a node are miscounted.")
                    require(tree[id].thought.source == call.role, "a thought names another source.")
                    require(tree[id].depth == call.depth + 1, "a thought has another depth.")
                    places[id] = Place(depth: call.depth, identity: call.identities[index])
                }
                let place = Place(depth: call.depth, identity: call.identities[index])
                if call.phase == .draft, let factor = configuration?.draftFactor, configuration?.method != .draft {
                    // The first of several waves has its share.
                    if !isInWaves { widths[place] = samples.count / factor }
                }
                // Corrections never exceed N − a + 1 at a node.
                if call.phase == .correct, isSpecSearch, configuration?.correction != .all, let width = widths[place] {
                    // As many as AR's, where it corrects the whole node.
                    let kept = configuration?.correction == .whole ? 0 : accepted[place] ?? 0
                    require(
                        samples.count <= max(0, width - kept) + 1,
                        "an expansion got more corrections than N − a + 1.")
                }
            }
            fresh = tree.count
            repeated = [:]
        }

        private mutating func scored(_ call: SearchEvent.Scored) {
            require(Set(call.nodes).count == call.nodes.count, "a step is scored twice at once.")
            require(call.scores.allSatisfy { (0...1).contains($0) }, "a score lies outside 0 ... 1.")
            for id in call.nodes where tree.contains(id) {
                require(tree[id].score == nil, "node \(id) is scored again.")
                require(tree[id].state != .unusable, "node \(id) is unusable, and scored.")
            }
            if let twin = call.twin, tree.contains(twin) {
                require(call.scores.allSatisfy { $0 == tree[twin].score ?? 1 }, "a twin has another score.")
            }
        }

        private mutating func resolved(_ event: SearchEvent.Resolved) {
            let nodes = event.nodes.map { tree[$0] }
            require(nodes.allSatisfy { $0.parent == event.parent }, "a thought was resolved below another parent.")
            let isDraft = nodes.allSatisfy { $0.thought.source == .draft }
            let isTarget = nodes.allSatisfy { $0.thought.source == .target }
            // A router keeps what is below, where the target would hardly do better.
            let isRouted = configuration?.rejection.router != nil
            switch event.state {
            case .accepted:
                require(isDraft, "an accepted thought is not a draft.")
                require(nodes.allSatisfy { $0.thought.stop != .rejected }, "a draft was given up, and kept.")
                require(
                    isRouted || nodes.allSatisfy { $0.score ?? 1 >= $0.threshold ?? 0 },
                    "a draft below the bound was kept.")
                for id in event.nodes {
                    guard let place = places[id] else { continue }
                    accepted[place, default: 0] += 1
                    require(
                        accepted[place] ?? 0 <= widths[place] ?? .max, "more drafts were handed over than the width.")
                }
            case .surplus:
                require(isDraft, "a surplus thought is not a draft.")
                require(
                    isRouted || nodes.allSatisfy { $0.score ?? 1 >= $0.threshold ?? 0 },
                    "a surplus draft is below the bound.")
                for place in event.nodes.compactMap({ places[$0] }) where isSpecSearch && !isInWaves {
                    require(accepted[place] == widths[place], "a draft is surplus, and there was room.")
                }
            case .rejected:
                require(isDraft, "a rejected thought is not a draft.")
                require(nodes.allSatisfy { $0.score ?? 1 < $0.threshold ?? 2 }, "a draft at the bound was rejected.")
            case .salvaged:
                require(isDraft, "a salvaged thought is not a draft.")
                require(nodes.allSatisfy { $0.thought.stop != .rejected }, "a draft was given up, and salvaged.")
                require(nodes.allSatisfy { $0.score ?? 1 < $0.threshold ?? 2 }, "a draft at the bound was salvaged.")
            case .correction: require(isTarget, "a correction is not the target's.")
            case .duplicate: require(isTarget, "a duplicate is not the target's.")
            case .sampled, .unusable, .lookahead, .lost: require(false, "thoughts were resolved as \(event.state).")
            }
        }

        /// Whether the search got the node.
        private func isHandedOver(_ id: NodeID) -> Bool {
            switch tree[id].state {
            // Written ahead, and never asked for.
            case .sampled where stepsAhead > 1 && tree[id].thought.source == .draft: false
            case .sampled, .accepted, .salvaged, .correction: true
            case .surplus, .rejected, .duplicate, .unusable, .lookahead, .lost: false
            }
        }

        private mutating func selected(_ depth: Int, _ nodes: [NodeID]) {
            require(Set(nodes).count == nodes.count, "a node was selected twice.")
            require(nodes.allSatisfy(isHandedOver), "a selected node was not handed over.")
            guard let configuration else { return }
            require(depth == self.depth, "depth \(depth) was selected.")
            // REBASE's finished paths may exceed its budget by extra thoughts.
            let counted = configuration.search == .rebase ? nodes.filter { !tree[$0].isFinished } : nodes
            let isNarrow = configuration.search == .beam || configuration.search == .dvts
            let slots = configuration.beams * (isNarrow ? 1 : configuration.width)
            require(counted.count <= slots, "more nodes were selected than the search has slots.")
            require(
                nodes.allSatisfy { id in tree[id].parent.map(open.contains) ?? false },
                "a selected node has no open parent.")
            open = Set(nodes.filter { !tree[$0].isFinished })
            self.depth += 1
        }

        private mutating func finished(_ outcome: SearchOutcome) {
            let nodes = outcome.paths.map(\.node)
            require(Set(nodes).count == nodes.count, "a path votes twice.")
            require(nodes.allSatisfy { tree[$0].isFinished }, "an unfinished path votes.")
            require(outcome.isFinished == !nodes.isEmpty, "the result is flagged as what it is not.")
            require(!outcome.isFinished || nodes.contains(outcome.best.node), "the best path is none of the paths.")
            for path in outcome.paths + [outcome.best] {
                require(path.score == tree.pathScore(of: path.node), "path \(path.node) has another score.")
            }
            var seen: [Place: Set<Words>] = [:]
            for id in tree.ids.dropFirst() where isHandedOver(id) {
                guard let place = places[id] else { continue }
                require(
                    seen[place, default: []].insert(Words(tree[id].thought)).inserted,
                    "an expansion has the same thought twice.")
            }
        }
    }
}
