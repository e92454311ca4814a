/// Beam search over thoughts.
///
/// ```swift
/// let search = Search(engine, algorithm: .beam(beams: 4, width: 8))
/// ```
/// As in OpenR a finished path takes a slot of the beam for good, unless `keepBeamFull`. Ties are stable by parent rank
/// and child index.
public struct BeamSearch: SearchAlgorithm {
    /// The settings of the search.
    public struct Configuration: Sendable, Hashable {
        /// Slots of the beam.
        public var beams: Int
        /// Thoughts for each open node.
        public var width: Int
        /// Whether a finished path gives its slot back; the search then ends once `beams` paths are finished.
        public var keepBeamFull: Bool

        public init(beams: Int = 2, width: Int = 6, keepBeamFull: Bool = false) {
            self.beams = beams
            self.width = width
            self.keepBeamFull = keepBeamFull
        }
    }

    public let configuration: Configuration
    /// The nodes to expand next, best first.
    public private(set) var open = [SearchTree.root]
    public private(set) var finished: [NodeID] = []
    /// The last open nodes: what is left when all of their children are unusable.
    private var last = [SearchTree.root]

    public init(_ configuration: Configuration = Configuration()) { self.configuration = configuration }

    /// Slots that are not taken by finished paths.
    private var slots: Int {
        if configuration.keepBeamFull { return finished.count < configuration.beams ? configuration.beams : 0 }
        return max(0, configuration.beams - finished.count)
    }

    public func next(in tree: SearchTree) -> ExpansionBatch {
        ExpansionBatch(
            open.enumerated().map { Expansion(node: $1, identity: $0, width: configuration.width) },
            depth: open.first.map { tree[$0].depth } ?? 0, usable: slots)
    }

    public func unfinished(in tree: SearchTree) -> [NodeID] { last }

    public func openPaths(in tree: SearchTree) -> Int? { open.isEmpty ? 0 : slots }

    public mutating func receive(_ children: [[NodeID]], in tree: SearchTree) -> [SearchEvent] {
        let depth = open.first.map { tree[$0].depth } ?? 0
        // Children stand in the pool by parent rank and child index, and ranking keeps ties there.
        let selected = Array(tree.ranked(Array(children.joined())).prefix(slots))
        finished += selected.filter { tree[$0].isFinished }
        open = selected.filter { !tree[$0].isFinished }
        if !open.isEmpty { last = open }
        if slots == 0 { open = [] }
        return selected.isEmpty ? [] : [.selected(depth: depth, nodes: selected)]
    }
}

extension SearchAlgorithm where Self == BeamSearch {
    /// Beam search: `beams` paths side by side, `width` thoughts for each.
    public static func beam(beams: Int = 2, width: Int = 6, keepBeamFull: Bool = false) -> BeamSearch {
        BeamSearch(.init(beams: beams, width: width, keepBeamFull: keepBeamFull))
    }
}
