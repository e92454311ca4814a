internal import Foundation

/// Monte Carlo tree search as the OpenR framework has it ("vanilla"): an iteration walks to an end by PUCT and expands every
/// new node on its way, the value of that end is backed up, and ends may be visited again, which is reported and not
/// counted twice.
///
/// Wang et al., "OpenR: An Open Source Framework for Advanced Reasoning with Large Language Models", 2024. The published
/// SpecSearch experiments use it with 4 iterations.
public struct OpenRTreeSearch: SearchAlgorithm {
    /// How likely a node's children are thought to be good before they are visited.
    public enum Prior: String, Sendable, Hashable, Codable, CaseIterable {
        /// As in OpenR: the exponential of the mean log-probability of a thought's tokens, as a share of its siblings';
        /// uniform where a thought's model does not tell it.
        case nativeLogProbability = "native-logprob"
        /// The same for all: a small and a large model's log-probabilities are hardly comparable.
        case uniform
    }

    /// The settings of the search.
    public struct Configuration: Sendable, Hashable {
        /// Thoughts for each expansion.
        public var width: Int
        public var iterations: Int
        /// The exploration constant c.
        public var exploration: Double
        public var prior: Prior

        public init(
            width: Int = 6, iterations: Int = 4, exploration: Double = 1.25, prior: Prior = .nativeLogProbability
        ) {
            self.width = width
            self.iterations = iterations
            self.exploration = exploration
            self.prior = prior
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
            let children = counts.children[node] ?? []
            let priors = configuration.prior == .uniform ? [:] : Self.priors(of: children, in: tree)
            let next = counts.best(of: children, in: tree) {
                counts.puct($0, below: node, exploration: configuration.exploration, prior: priors[$0], in: tree)
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

    /// The children's shares by the mean log-probability of their tokens; empty where one of them is not told.
    private static func priors(of children: [NodeID], in tree: SearchTree) -> [NodeID: Double] {
        let means = children.compactMap { id -> Double? in
            let thought = tree[id].thought
            guard let sum = thought.logProbability, !thought.tokens.isEmpty else { return nil }
            return sum / Double(thought.tokens.count)
        }
        guard let most = means.max(), means.count == children.count else { return [:] }
        let weights = means.map { exp($0 - most) }
        let total = weights.reduce(0, +)
        return Dictionary(zip(children, weights.map { $0 / total }), uniquingKeysWith: { first, _ in first })
    }
}

extension SearchAlgorithm where Self == OpenRTreeSearch {
    /// OpenR's Monte Carlo tree search.
    public static func openR(
        iterations: Int = 4, width: Int = 6, exploration: Double = 1.25,
        prior: OpenRTreeSearch.Prior = .nativeLogProbability
    ) -> OpenRTreeSearch {
        OpenRTreeSearch(.init(width: width, iterations: iterations, exploration: exploration, prior: prior))
    }
}
