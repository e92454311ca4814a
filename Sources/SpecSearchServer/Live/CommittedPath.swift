package import SpecSearch

/// The beginning that all possible results of a running search have in common: what a stream may hold already.
///
/// A beam's result continues one of its open paths or is one of the finished ones, so their common beginning is certain.
/// Other searches may still return to the root, and commit nothing before their end. A last step is held back until the
/// end, since another path's may win.
package struct CommittedPath: Sendable {
    /// The nodes that are certain, from the first step on.
    package private(set) var nodes: [NodeID] = []
    private var tree: SearchTree?
    private var finished: [NodeID] = []

    package init() {}

    /// The steps that are certain.
    package var steps: [Step] { nodes.last.flatMap { tree?.steps(to: $0) } ?? [] }

    /// Takes an event.
    ///
    /// - Returns: Whether more steps became certain.
    /// - Throws: ``SpecSearchError`` `badTrace` for an event that contradicts those before it.
    package mutating func receive(_ event: SearchEvent) throws(SpecSearchError) -> Bool {
        if case .started(let started) = event {
            self = CommittedPath()
            if started.configuration?.search == .beam { tree = SearchTree(started) }
        }
        try tree?.apply(event)
        guard let tree, case .selected(_, let selected) = event else { return false }
        finished += selected.filter { tree[$0].isFinished }
        let rivals = (selected.filter { !tree[$0].isFinished } + finished).map(tree.ancestry)
        guard var common = rivals.first else { return false }
        for rival in rivals.dropFirst() {
            common = zip(common, rival).prefix { $0 == $1 }.map(\.0)
        }
        if let last = common.last, tree[last].isFinished { common.removeLast() }
        guard common.count > nodes.count else { return false }
        nodes = common
        return true
    }

    /// Whether a result continues what is certain, as every search's does.
    package func isContinued(by result: SearchResult) -> Bool {
        result.tree.ancestry(of: result.best.node).starts(with: nodes)
    }
}
