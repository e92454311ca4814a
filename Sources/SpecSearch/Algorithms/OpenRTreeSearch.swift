/// Monte Carlo tree search as the OpenR framework has it ("vanilla"): an iteration walks to an end by PUCT and expands every
/// new node on its way, the value of that end is backed up, and ends may be visited again, which is reported and not
/// counted twice.
///
/// Wang et al., "OpenR: An Open Source Framework for Advanced Reasoning with Large Language Models", 2024. The published
/// SpecSearch experiments use it with 4 iterations.
public struct OpenRTreeSearch: SearchAlgorithm {
    /// The settings of the search.
    public struct Configuration: Sendable, Hashable {
        /// Thoughts for each expansion.
        public var width: Int
        public var iterations: Int
        /// The exploration constant c.
        public var exploration: Double

        public init(width: Int = 6, iterations: Int = 4, exploration: Double = 1.25) {
            self.width = width
            self.iterations = iterations
            self.exploration = exploration
        }
    }

    public let configuration: Configuration
    public private(set) var finished: [NodeID] = []
    private var counts = VisitCounts()
    private var pending: NodeID? = SearchTree.root

    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        if configuration.iterations < 1 { pending = nil }
    }

    public func next(in tree: SearchTree) -> ExpansionBatch {
        counts.expansion(of: pending, width: configuration.width, in: tree)
    }

    public func unfinished(in tree: SearchTree) -> [NodeID] { counts.unfinished(in: tree) }

    public mutating func receive(_ received: [[NodeID]], in tree: SearchTree) -> [SearchEvent] {
        guard let start = pending, let found = received.first else { return [] }
        pending = nil
        counts.expanded(start, into: found, in: tree)
        var events: [SearchEvent] = []
        var node = start
        while counts.iteration < configuration.iterations {
            let next = counts.best(of: counts.children[node] ?? [], in: tree) {
                counts.puct($0, below: node, exploration: configuration.exploration, in: tree)
            }
            if let next {
                node = next
            } else if counts.canGrow(node, in: tree) {
                pending = node
                break
            } else {
                let isDead = counts.children[node] != nil
                if tree[node].isFinished, counts.visits(of: node) == 0 { finished.append(node) }
                let value = isDead ? 0 : counts.quality(of: node, in: tree)
                events.append(counts.backUp(value, from: node, in: tree))
                node = SearchTree.root
            }
        }
        return events
    }
}

extension SearchAlgorithm where Self == OpenRTreeSearch {
    /// OpenR's Monte Carlo tree search.
    public static func openR(iterations: Int = 4, width: Int = 6, exploration: Double = 1.25) -> OpenRTreeSearch {
        OpenRTreeSearch(.init(width: width, iterations: iterations, exploration: exploration))
    }
}
