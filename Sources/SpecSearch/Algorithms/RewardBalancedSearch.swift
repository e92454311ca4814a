internal import Foundation

/// Reward balanced search (REBASE): every depth has one budget of thoughts, which its leaves share by the softmax of
/// their scores.
///
/// Wu et al., "Inference Scaling Laws: An Empirical Analysis of Compute-Optimal Inference for LLM Problem-Solving",
/// ICLR 2025. A leaf with score R gets the share exp(R/T) ÷ Σ exp(R/T) of the budget, rounded up, the best leaf first
/// and as long as the budget lasts; leaves that get nothing are given up. A finished path takes one place of the budget
/// for good.
public struct RewardBalancedSearch: SearchAlgorithm {
    /// T; the authors use 0.2.
    public let temperature: Double
    public let aggregation: ScoreAggregation
    /// The leaves that go on, best first, each with its thoughts.
    private var leaves: [(node: Node, width: Int)]
    /// Thoughts a depth; less one for each finished path.
    private var budget: Int
    public private(set) var finished: [Node] = []
    public private(set) var unfinished: [Node]

    public init(problem: Problem, budget: Int, temperature: Double = 0.2, aggregation: ScoreAggregation) {
        self.temperature = temperature
        self.aggregation = aggregation
        self.budget = budget
        let root = Node(problem: problem)
        leaves = [(root, budget)]
        unfinished = [root]
    }

    public var next: ExpansionBatch {
        ExpansionBatch(
            leaves.enumerated().map {
                Expansion(node: $1.node, identity: $0, width: $1.width, needed: $1.width)
            })
    }

    @discardableResult
    public mutating func receive(_ children: [[Step]]) -> [SearchEvent] {
        guard let depth = leaves.first?.node.depth else { return [] }
        let found = rank(zip(leaves, children).flatMap { leaf, steps in steps.map(leaf.node.appending) })
        let ended = found.filter(\.isFinished)
        finished += ended
        budget -= ended.count
        let open = found.filter { !$0.isFinished }
        leaves = zip(open, widths(open.map { $0.score(aggregation) })).map { ($0, $1) }.filter { $0.width > 0 }
        if !leaves.isEmpty { unfinished = leaves.map(\.node) }
        let selected = ended + leaves.map(\.node)
        return selected.isEmpty ? [] : [.selected(depth: depth, nodes: selected)]
    }

    /// The budget's shares for scores in falling order.
    func widths(_ scores: [Double]) -> [Int] {
        guard let best = scores.first else { return [] }
        // Relative to the best, so that a small temperature does not overflow.
        let weights = scores.map { exp(($0 - best) / temperature) }
        let sum = weights.reduce(0, +)
        let total = max(0, budget)
        var left = total
        return weights.map { weight in
            let share = min(left, Int((Double(total) * weight / sum).rounded(.up)))
            left -= share
            return share
        }
    }
}
