internal import Foundation

/// Reward balanced search (REBASE): every depth has one budget of thoughts, which its leaves share by the softmax of
/// their scores.
///
/// Wu et al., "Inference Scaling Laws: An Empirical Analysis of Compute-Optimal Inference for LLM Problem-Solving",
/// ICLR 2025. A leaf with score R gets the share exp(R/T) ÷ Σ exp(R/T) of the budget, rounded up, the best leaf first
/// and as long as the budget lasts; leaves that get nothing are given up. A finished path takes one place of the budget
/// for good.
public struct RewardBalancedSearch: SearchAlgorithm {
    /// The settings of the search.
    public struct Configuration: Sendable, Hashable {
        /// Thoughts a depth.
        public var budget: Int
        /// The softmax temperature T; the paper has 0.2.
        public var temperature: Double

        public init(budget: Int = 12, temperature: Double = 0.2) {
            self.budget = budget
            self.temperature = temperature
        }
    }

    public let configuration: Configuration
    /// The leaves that go on, best first, each with its thoughts.
    private var leaves: [(node: NodeID, width: Int)]
    public private(set) var finished: [NodeID] = []
    private var last = [SearchTree.root]

    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        leaves = [(SearchTree.root, configuration.budget)]
    }

    public func next(in tree: SearchTree) -> ExpansionBatch {
        ExpansionBatch(
            leaves.enumerated().map {
                Expansion(node: $1.node, identity: $0, width: $1.width, needed: $1.width)
            }, depth: leaves.first.map { tree[$0.node].depth } ?? 0)
    }

    public func unfinished(in tree: SearchTree) -> [NodeID] { last }

    public mutating func receive(_ children: [[NodeID]], in tree: SearchTree) -> [SearchEvent] {
        guard let depth = leaves.first.map({ tree[$0.node].depth }) else { return [] }
        let found = tree.ranked(Array(children.joined()))
        let ended = found.filter { tree[$0].isFinished }
        finished += ended
        let open = found.filter { !tree[$0].isFinished }
        leaves = zip(open, shares(of: open.map(tree.pathScore))).map { ($0, $1) }.filter { $0.width > 0 }
        if !leaves.isEmpty { last = leaves.map(\.node) }
        let selected = ended + leaves.map(\.node)
        return selected.isEmpty ? [] : [.selected(depth: depth, nodes: selected)]
    }

    /// The budget's shares for scores in falling order.
    func shares(of scores: [Double]) -> [Int] {
        guard let best = scores.first else { return [] }
        // Relative to the best, so that a small temperature does not overflow.
        let temperature = max(1e-9, configuration.temperature)
        let weights = scores.map { exp(($0 - best) / temperature) }
        let sum = weights.reduce(0, +)
        let total = max(0, configuration.budget - finished.count)
        var left = total
        return weights.map { weight in
            let share = min(left, Int((Double(total) * weight / sum).rounded(.up)))
            left -= share
            return share
        }
    }
}

extension SearchAlgorithm where Self == RewardBalancedSearch {
    /// REBASE: `budget` thoughts a depth, shared by score.
    public static func rebase(budget: Int = 12, temperature: Double = 0.2) -> RewardBalancedSearch {
        RewardBalancedSearch(.init(budget: budget, temperature: temperature))
    }
}
