/// Beam search over thoughts, as a value: it is told the children of its open nodes, and says which nodes are open next.
///
/// As in OpenR a finished path takes a slot of the beam for good, unless `keepBeamFull`. Ties are stable by parent rank
/// and child index.
public struct BeamSearch: SearchAlgorithm {
    /// Slots of the beam.
    public let beams: Int
    /// Thoughts for each open node.
    public let width: Int
    /// Whether a finished path gives its slot back.
    public let keepBeamFull: Bool
    public let aggregation: ScoreAggregation
    /// The nodes to expand next, best first.
    public private(set) var open: [Node]
    public private(set) var finished: [Node] = []
    /// The last open nodes: what is left when all of their children are unusable.
    public private(set) var unfinished: [Node]

    public init(
        problem: Problem, beams: Int, width: Int = 6, keepBeamFull: Bool = false, aggregation: ScoreAggregation
    ) {
        self.beams = beams
        self.width = width
        self.keepBeamFull = keepBeamFull
        self.aggregation = aggregation
        open = [Node(problem: problem)]
        unfinished = open
    }

    /// Slots that are not taken by finished paths; with `keepBeamFull` the search ends once `beams` paths are finished.
    public var slots: Int {
        if keepBeamFull { return finished.count < beams ? beams : 0 }
        return max(0, beams - finished.count)
    }

    public var next: ExpansionBatch {
        ExpansionBatch(
            open.enumerated().map { Expansion(node: $1, identity: $0, width: width) }, usable: slots)
    }

    @discardableResult
    public mutating func receive(_ children: [[Step]]) -> [SearchEvent] {
        let depth = open.first?.depth ?? 0
        let selected = select(children)
        return selected.isEmpty ? [] : [.selected(depth: depth, nodes: selected)]
    }

    /// Takes the children of each open node and selects.
    ///
    /// - Parameter children: As many arrays as there are open nodes.
    /// - Returns: The selected nodes, finished ones included, best first.
    @discardableResult
    public mutating func select(_ children: [[Step]]) -> [Node] {
        // Children stand in the pool by parent rank and child index, and ranking keeps ties there.
        let pool = zip(open, children).flatMap { parent, steps in steps.map(parent.appending) }
        let selected = Array(rank(pool).prefix(slots))
        finished += selected.filter(\.isFinished)
        if !open.isEmpty { unfinished = open }
        open = selected.filter { !$0.isFinished }
        if !open.isEmpty { unfinished = open }
        if slots == 0 { open = [] }
        return selected
    }
}
