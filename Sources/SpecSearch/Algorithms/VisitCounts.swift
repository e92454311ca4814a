internal import Foundation

/// The visits to the nodes of a tree, their values and their children: what the tree searches that back values up have in
/// common.
struct VisitCounts: Sendable {
    private struct Count {
        var visits = 0
        /// The sum of the values backed up.
        var total = 0.0
    }

    private var counts: [NodeID: Count] = [:]
    /// Expansions so far, by depth: the next one's identity there.
    private var expansions: [Int: Int] = [:]
    /// The iterations that are over.
    private(set) var iteration = 0
    /// The children that the search got of each node that was expanded.
    private(set) var children: [NodeID: [NodeID]] = [:]

    func visits(of node: NodeID) -> Int { counts[node]?.visits ?? 0 }

    /// The mean value, or the path's own score before the first visit.
    func quality(of node: NodeID, in tree: SearchTree) -> Double {
        guard let count = counts[node], count.visits > 0 else { return tree.pathScore(of: node) }
        return count.total / Double(count.visits)
    }

    /// Ends an iteration: adds a value to a node and to all nodes above it.
    mutating func backUp(_ value: Double, from leaf: NodeID, in tree: SearchTree) -> SearchEvent {
        let event = SearchEvent.backedUp(
            .init(iteration: iteration, node: leaf, value: value, isRevisit: visits(of: leaf) > 0))
        var next: NodeID? = leaf
        while let node = next {
            counts[node, default: Count()].visits += 1
            counts[node, default: Count()].total += value
            next = tree[node].parent
        }
        iteration += 1
        return event
    }

    /// The batch that expands one node; an empty one for none.
    func expansion(of node: NodeID?, width: Int, in tree: SearchTree) -> ExpansionBatch {
        guard let node else { return ExpansionBatch() }
        let depth = tree[node].depth
        return ExpansionBatch(
            [Expansion(node: node, identity: expansions[depth] ?? 0, width: width, needed: width)], depth: depth)
    }

    /// Takes what the expansion of a node found.
    mutating func expanded(_ node: NodeID, into found: [NodeID], in tree: SearchTree) {
        expansions[tree[node].depth, default: 0] += 1
        children[node] = found
    }

    /// Whether a node can be expanded, and was not.
    func canGrow(_ node: NodeID, in tree: SearchTree) -> Bool {
        children[node] == nil && !tree[node].isFinished && tree[node].depth < tree.maximumDepth
    }

    /// The deepest unfinished nodes that the search got.
    func unfinished(in tree: SearchTree) -> [NodeID] {
        let nodes = ([SearchTree.root] + children.values.joined()).filter { !tree[$0].isFinished }.sorted()
        let depth = nodes.map { tree[$0].depth }.max()
        return nodes.filter { tree[$0].depth == depth }
    }

    /// PUCT: quality plus (ln((N + 19653) ÷ 19652) + c) · √N ÷ (n + 1) · prior, N and n visits of the parent and the
    /// node; without a prior, 1 ÷ siblings.
    func puct(
        _ node: NodeID, below parent: NodeID, exploration: Double, prior: Double? = nil, in tree: SearchTree
    ) -> Double {
        let prior = prior ?? 1 / Double(children[parent]?.count ?? 1)
        let parentVisits = Double(visits(of: parent))
        let rate = log((parentVisits + 19653) / 19652) + exploration
        return quality(of: node, in: tree)
            + rate * prior * parentVisits.squareRoot() / Double(visits(of: node) + 1)
    }

    /// UCT: quality plus c · √(ln N ÷ n); infinite before the first visit.
    func uct(_ node: NodeID, below parent: NodeID, exploration: Double, in tree: SearchTree) -> Double {
        let own = Double(visits(of: node))
        guard own > 0 else { return .infinity }
        return quality(of: node, in: tree) + exploration * (log(Double(visits(of: parent))) / own).squareRoot()
    }

    /// The node with the largest priority, the first on a tie; nil for none.
    func best(of nodes: [NodeID], in tree: SearchTree, by priority: (NodeID) -> Double) -> NodeID? {
        var best: (node: NodeID, priority: Double, quality: Double)?
        for node in nodes {
            let priority = priority(node)
            // Only the infinite priority of the unvisited needs a second look.
            let quality = priority == .infinity ? quality(of: node, in: tree) : 0
            if best.map({ (priority, quality) > ($0.priority, $0.quality) }) ?? true {
                best = (node, priority, quality)
            }
        }
        return best?.node
    }
}
