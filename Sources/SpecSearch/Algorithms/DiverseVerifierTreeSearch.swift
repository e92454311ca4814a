/// Diverse verifier tree search (DVTS): independent subtrees, each greedy by score.
///
/// Every subtree begins at the root with its own thoughts and keeps the best child of each step, so that one promising
/// first step cannot take the whole beam (Beeching, Tunstall, Rush: "Scaling test-time compute with open models",
/// Hugging Face 2024). With S subtrees of width M it asks for S × M thoughts a depth.
public struct DiverseVerifierTreeSearch: SearchAlgorithm {
    /// The settings of the search.
    public struct Configuration: Sendable, Hashable {
        /// The number of subtrees.
        public var subtrees: Int
        /// Thoughts a step of each subtree.
        public var width: Int

        public init(subtrees: Int = 2, width: Int = 6) {
            self.subtrees = subtrees
            self.width = width
        }
    }

    public let configuration: Configuration
    /// Whether scores decide; without them the first child goes on.
    private let isScored: Bool
    /// The subtrees that go on; a subtree's number is its identity at every depth.
    private var open: [(subtree: Int, node: NodeID)]
    public private(set) var finished: [NodeID] = []
    private var last = [SearchTree.root]

    public init(_ configuration: Configuration = Configuration()) { self.init(configuration, isScored: true) }

    init(_ configuration: Configuration, isScored: Bool) {
        self.configuration = configuration
        self.isScored = isScored
        open = (0..<max(0, configuration.subtrees)).map { ($0, SearchTree.root) }
    }

    public func next(in tree: SearchTree) -> ExpansionBatch {
        ExpansionBatch(
            open.map { Expansion(node: $0.node, identity: $0.subtree, width: configuration.width, needed: 1) },
            depth: open.first.map { tree[$0.node].depth } ?? 0, isScored: isScored)
    }

    public func unfinished(in tree: SearchTree) -> [NodeID] { last }

    public func openPaths(in tree: SearchTree) -> Int? { open.count }

    public func ranked(in tree: SearchTree) -> [NodeID] { isScored ? tree.ranked(finished) : finished }

    public mutating func receive(_ children: [[NodeID]], in tree: SearchTree) -> [SearchEvent] {
        guard let depth = open.first.map({ tree[$0.node].depth }) else { return [] }
        var selected: [(subtree: Int, node: NodeID)] = []
        for (parent, found) in zip(open, children) {
            if let best = isScored ? tree.ranked(found).first : found.first { selected.append((parent.subtree, best)) }
        }
        finished += selected.map(\.node).filter { tree[$0].isFinished }
        open = selected.filter { !tree[$0.node].isFinished }
        if !open.isEmpty { last = open.map(\.node) }
        return selected.isEmpty ? [] : [.selected(depth: depth, nodes: selected.map(\.node))]
    }
}

extension SearchAlgorithm where Self == DiverseVerifierTreeSearch {
    /// DVTS: one greedy path in each of `subtrees`, of `width` thoughts a step.
    public static func dvts(subtrees: Int = 2, width: Int = 6) -> DiverseVerifierTreeSearch {
        DiverseVerifierTreeSearch(.init(subtrees: subtrees, width: width))
    }
}
