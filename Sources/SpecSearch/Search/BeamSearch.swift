/// Beam search over thoughts, as a value: it is told the children of its open nodes, and says which nodes are open next.
///
/// As in OpenR a finished path takes a slot of the beam for good, unless `keepBeamFull`. Ties are stable by parent rank
/// and child index.
public struct BeamSearch: Sendable {
    /// Slots of the beam.
    public let beams: Int
    /// Whether a finished path gives its slot back.
    public let keepBeamFull: Bool
    private let aggregation: ScoreAggregation
    /// The nodes to expand next, best first.
    public private(set) var open: [Node]
    /// The finished paths, in the order of finishing.
    public private(set) var finished: [Node] = []
    /// The last open nodes: what is left when all of their children are unusable.
    public private(set) var fallback: [Node]

    public init(problem: Problem, beams: Int, keepBeamFull: Bool = false, aggregation: ScoreAggregation) {
        self.beams = beams
        self.keepBeamFull = keepBeamFull
        self.aggregation = aggregation
        open = [Node(problem: problem)]
        fallback = open
    }

    /// Slots that are not taken by finished paths; with `keepBeamFull` the search ends once `beams` paths are finished.
    public var slots: Int {
        if keepBeamFull { return finished.count < beams ? beams : 0 }
        return max(0, beams - finished.count)
    }

    /// Takes the children of each open node and selects.
    ///
    /// - Parameter children: As many arrays as there are open nodes.
    /// - Returns: The selected nodes, finished ones included, best first.
    @discardableResult
    public mutating func select(_ children: [[Step]]) -> [Node] {
        var pool: [(node: Node, score: Double)] = []
        for (parent, steps) in zip(open, children) {
            for step in steps {
                let node = parent.appending(step)
                pool.append((node, node.score(aggregation)))
            }
        }
        // Children stand in the pool by parent rank and child index, and sorting by (score, place) keeps ties there.
        let selected = pool.enumerated()
            .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
            .prefix(slots)
            .map(\.element.node)
        finished += selected.filter(\.isFinished)
        if !open.isEmpty { fallback = open }
        open = selected.filter { !$0.isFinished }
        if !open.isEmpty { fallback = open }
        if slots == 0 { open = [] }
        return selected
    }

    /// The finished paths, best first; ties in the order of finishing.
    public var ranked: [Node] { Self.rank(finished, aggregation) }

    /// The best finished path, or the best unfinished one.
    public var best: Node? { ranked.first ?? Self.rank(fallback, aggregation).first }

    private static func rank(_ nodes: [Node], _ aggregation: ScoreAggregation) -> [Node] {
        nodes.map { (node: $0, score: $0.score(aggregation)) }.enumerated()
            .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
            .map(\.element.node)
    }
}
