internal import Foundation

/// The visits to the nodes of a tree, and their values: what the tree searches that back values up
/// have in common.
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

    /// The identity of the next expansion at a depth.
    func identity(at depth: Int) -> Int { expansions[depth] ?? 0 }

    mutating func countExpansion(at depth: Int) { expansions[depth, default: 0] += 1 }

    /// PUCT: quality plus (ln((N + 19653) ÷ 19652) + c) · √N ÷ (n + 1) ÷ siblings, N and n visits of the parent and the
    /// node.
    func puct(_ node: NodeID, below parent: NodeID, of siblings: Int, exploration: Double, in tree: SearchTree)
        -> Double
    {
        let parentVisits = Double(visits(of: parent))
        let rate = log((parentVisits + 19653) / 19652) + exploration
        return quality(of: node, in: tree)
            + rate / Double(siblings) * parentVisits.squareRoot() / Double(visits(of: node) + 1)
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
