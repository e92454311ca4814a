/// Monte Carlo tree search over thoughts, with the reward model in the place of random playouts.
///
/// An iteration selects a leaf from the root down, expands it, takes the best score of its new children as its value (0
/// for a leaf that cannot go on), and backs the value up to the root. A finished leaf, or one at the depth limit, is worth
/// its own score; it is visited once, then closed, and so is a node all of whose children are closed: no iteration is
/// spent twice on one end. Every finished child that an expansion finds counts. Where no path is finished after the last
/// iteration, one more walk follows the most visited, then the best child to an end.
///
/// UCT: Kocsis, Szepesvári, "Bandit Based Monte-Carlo Planning", ECML 2006. PUCT: Silver et al., "A general
/// reinforcement learning algorithm that masters chess, shogi, and Go through self-play", Science 2018; the prior is
/// uniform, since mean log-probabilities of a small and a large model are not comparable.
public struct MonteCarloTreeSearch: SearchAlgorithm {
    /// A way to go down the tree: to the child with the largest quality plus bonus, the first on a tie.
    ///
    /// Quality is the mean of the values backed up, and before the first visit the child's own score.
    public enum Policy: String, Sendable, Hashable, Codable, CaseIterable {
        /// A bonus that grows with the parent's visits and falls with the child's.
        case puct
        /// Bonus c · √(ln N ÷ n); unvisited children first, the best of them before the others.
        case uct
    }

    /// The settings of the search.
    public struct Configuration: Sendable, Hashable {
        /// Thoughts for each expansion.
        public var width: Int
        public var iterations: Int
        public var policy: Policy
        /// The exploration constant c; nil takes 1.25 for PUCT and √2 for UCT.
        public var exploration: Double?

        public init(width: Int = 6, iterations: Int = 32, policy: Policy = .puct, exploration: Double? = nil) {
            self.width = width
            self.iterations = iterations
            self.policy = policy
            self.exploration = exploration
        }
    }

    public let configuration: Configuration
    public private(set) var finished: [NodeID] = []
    private var counts = VisitCounts()
    /// Nodes below which everything was visited.
    private var closed: Set<NodeID> = []
    /// The node that is being expanded; nil once the search is over.
    private var pending: NodeID? = SearchTree.root
    /// Whether the last walk to an end is under way.
    private var isFinishing = false

    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        if configuration.iterations < 1 { pending = nil }
    }

    public func next(in tree: SearchTree) -> ExpansionBatch {
        counts.expansion(of: pending, width: configuration.width, in: tree)
    }

    public func unfinished(in tree: SearchTree) -> [NodeID] { counts.unfinished(in: tree) }

    public mutating func receive(_ received: [[NodeID]], in tree: SearchTree) -> [SearchEvent] {
        guard let node = pending, let found = received.first else { return [] }
        pending = nil
        counts.expanded(node, into: found, in: tree)
        finished += found.filter { tree[$0].isFinished }
        if isFinishing {
            if let best = tree.ranked(found).first, counts.canGrow(best, in: tree) { pending = best }
            return []
        }
        let value = found.map(tree.pathScore).max() ?? 0
        if found.isEmpty { close(node, tree) }
        return [counts.backUp(value, from: node, in: tree)] + iterate(tree)
    }

    /// Selects until a leaf is to be expanded, or the search is over.
    private mutating func iterate(_ tree: SearchTree) -> [SearchEvent] {
        var events: [SearchEvent] = []
        while counts.iteration < configuration.iterations, !closed.contains(SearchTree.root) {
            let leaf = descend(tree) { counts.best(of: $1, in: tree, by: priority(below: $0, in: tree)) }
            if counts.canGrow(leaf, in: tree) {
                pending = leaf
                return events
            }
            close(leaf, tree)
            events.append(counts.backUp(tree.pathScore(of: leaf), from: leaf, in: tree))
        }
        if finished.isEmpty, !closed.contains(SearchTree.root) {
            isFinishing = true
            let leaf = descend(tree) { _, open in
                let most = open.map(counts.visits).max()
                return counts.best(of: open.filter { counts.visits(of: $0) == most }, in: tree) {
                    counts.quality(of: $0, in: tree)
                }
            }
            if counts.canGrow(leaf, in: tree) { pending = leaf }
        }
        return events
    }

    /// Closes a node, and the nodes above it that have nothing open left.
    private mutating func close(_ node: NodeID, _ tree: SearchTree) {
        closed.insert(node)
        var next = tree[node].parent
        while let node = next, (counts.children[node] ?? []).allSatisfy(closed.contains) {
            closed.insert(node)
            next = tree[node].parent
        }
    }

    /// The leaf that choosing leads to, past everything closed.
    private func descend(_ tree: SearchTree, choose: (_ parent: NodeID, _ open: [NodeID]) -> NodeID?) -> NodeID {
        var node = SearchTree.root
        while let next = choose(node, (counts.children[node] ?? []).filter { !closed.contains($0) }) { node = next }
        return node
    }

    private func priority(below parent: NodeID, in tree: SearchTree) -> (NodeID) -> Double {
        switch configuration.policy {
        case .puct:
            let exploration = configuration.exploration ?? 1.25
            return { counts.puct($0, below: parent, exploration: exploration, in: tree) }
        case .uct:
            let exploration = configuration.exploration ?? 2.0.squareRoot()
            return { counts.uct($0, below: parent, exploration: exploration, in: tree) }
        }
    }
}

extension SearchAlgorithm where Self == MonteCarloTreeSearch {
    /// Monte Carlo tree search: `iterations` expansions of `width` thoughts.
    public static func mcts(
        iterations: Int = 32, width: Int = 6, policy: MonteCarloTreeSearch.Policy = .puct, exploration: Double? = nil
    ) -> MonteCarloTreeSearch {
        MonteCarloTreeSearch(.init(width: width, iterations: iterations, policy: policy, exploration: exploration))
    }
}
