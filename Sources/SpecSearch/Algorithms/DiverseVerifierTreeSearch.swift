/// Diverse verifier tree search (DVTS): independent subtrees, each greedy by score.
///
/// Every subtree begins at the root with its own thoughts and keeps the best child of each step, so that one promising
/// first step cannot take the whole beam (Beeching, Tunstall, Rush: "Scaling test-time compute with open models",
/// Hugging Face 2024). With S subtrees of width M it asks for S × M thoughts a depth.
public struct DiverseVerifierTreeSearch: SearchAlgorithm {
    /// Thoughts a step of each subtree.
    public let width: Int
    public let aggregation: ScoreAggregation
    /// Whether scores decide; without them the first child goes on.
    let isScored: Bool
    /// The subtrees that go on; a subtree's number is its identity at every depth.
    private var open: [(subtree: Int, node: Node)]
    public private(set) var finished: [Node] = []
    public private(set) var unfinished: [Node]

    public init(problem: Problem, subtrees: Int, width: Int, aggregation: ScoreAggregation) {
        self.init(problem: problem, subtrees: subtrees, width: width, isScored: true, aggregation: aggregation)
    }

    init(problem: Problem, subtrees: Int, width: Int, isScored: Bool, aggregation: ScoreAggregation) {
        self.width = width
        self.isScored = isScored
        self.aggregation = aggregation
        let root = Node(problem: problem)
        open = (0..<subtrees).map { ($0, root) }
        unfinished = [root]
    }

    public var next: ExpansionBatch {
        ExpansionBatch(
            open.map { Expansion(node: $0.node, identity: $0.subtree, width: width, needed: 1) }, isScored: isScored)
    }

    public var ranked: [Node] { isScored ? rank(finished) : finished }

    @discardableResult
    public mutating func receive(_ children: [[Step]]) -> [SearchEvent] {
        guard let depth = open.first?.node.depth else { return [] }
        var selected: [(subtree: Int, node: Node)] = []
        for (parent, steps) in zip(open, children) {
            let found = steps.map(parent.node.appending)
            if let best = isScored ? rank(found).first : found.first { selected.append((parent.subtree, best)) }
        }
        finished += selected.map(\.node).filter(\.isFinished)
        open = selected.filter { !$0.node.isFinished }
        if !open.isEmpty { unfinished = open.map(\.node) }
        return selected.isEmpty ? [] : [.selected(depth: depth, nodes: selected.map(\.node))]
    }
}
