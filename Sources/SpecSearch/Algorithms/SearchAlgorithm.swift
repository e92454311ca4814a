/// A tree search, as a value without I/O: it says which nodes are to be expanded next, and is given their children.
///
/// ```swift
/// struct Greedy: SearchAlgorithm {
///     var open: NodeID? = SearchTree.root
///     var finished: [NodeID] = []
///     func next(in tree: SearchTree) -> ExpansionBatch {
///         guard let open else { return ExpansionBatch() }
///         return ExpansionBatch([Expansion(node: open, identity: 0, width: 4)], depth: tree[open].depth, usable: 1)
///     }
///     mutating func receive(_ children: [[NodeID]], in tree: SearchTree) -> [SearchEvent] { … }
/// }
/// let search = Search(engine, algorithm: Greedy())
/// ```
/// ``Search`` runs a copy of it with any ``ThoughtGenerator``. Between two expansions it always holds the best so far, so a
/// search can end at any time.
public protocol SearchAlgorithm: Sendable {
    /// The next nodes to expand, of one depth; without expansions the search is over.
    func next(in tree: SearchTree) -> ExpansionBatch

    /// Takes the children of each expansion of ``next(in:)``, in its order, and decides what comes after.
    ///
    /// - Returns: The events of the decision: ``SearchEvent/selected(depth:nodes:)`` for what goes on.
    mutating func receive(_ children: [[NodeID]], in tree: SearchTree) -> [SearchEvent]

    /// The finished paths, each once, in the order of finishing.
    var finished: [NodeID] { get }

    /// The unfinished nodes that stand for the result where no path is finished: the deepest scored nodes that can go on, unless said otherwise.
    func unfinished(in tree: SearchTree) -> [NodeID]

    /// The finished paths, best first; by their scores unless said otherwise, ties in the order of finishing.
    func ranked(in tree: SearchTree) -> [NodeID]

    /// The most paths that may finish beyond those that have; nil where that is not known, as unless said otherwise.
    ///
    /// A search ends once they cannot change its answer any more. So an algorithm that says how many must ask for all open nodes
    /// at once, as those that go depth after depth do, and rank finished paths by ``SearchTree/ranked(_:)``, unless votes choose.
    func openPaths(in tree: SearchTree) -> Int?

    /// The rule that chooses the answer where the settings leave it open: the best path's, unless said otherwise.
    var answerRule: AnswerRule { get }
}

extension SearchAlgorithm {
    public func unfinished(in tree: SearchTree) -> [NodeID] {
        // What an interrupted expansion left behind has no score.
        let nodes = tree.ids.filter { id in
            let node = tree[id]
            let isOpen =
                [.sampled, .accepted, .correction].contains(node.state) && !node.isFinished
                && node.thought.stop != .rejected
            // Nor does what was drafted behind a step that did not go on.
            let isReached = tree.ancestry(of: id).allSatisfy {
                ![.rejected, .surplus, .duplicate, .unusable, .lookahead, .lost].contains(tree[$0].state)
            }
            return isOpen && isReached && (node.score != nil || id == SearchTree.root)
        }
        let depth = nodes.map { tree[$0].depth }.max()
        return nodes.filter { tree[$0].depth == depth }
    }
    public func ranked(in tree: SearchTree) -> [NodeID] { tree.ranked(finished) }
    public func openPaths(in tree: SearchTree) -> Int? { nil }
    public var answerRule: AnswerRule { .best }
}
