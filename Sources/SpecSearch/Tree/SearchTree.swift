/// The tree of one search: an arena of nodes with stable ids, each a thought after its parent's.
///
/// ```swift
/// var tree = SearchTree(problem: "What is 2 + 3?", aggregation: .last)
/// let step = tree.insert(thought, below: SearchTree.root)
/// tree.path(to: step)          // what models are asked about
/// ```
/// Everything that was sampled is in it, rejected and unusable thoughts too, each once; ``Node/state`` says what became
/// of it. Nodes are never removed, so an id names the same thought for ever, in events and traces as well.
public struct SearchTree: Sendable, Hashable {
    /// A node's name: the place in the order of sampling; the root is 0.
    public struct NodeID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
        public let rawValue: Int

        public init(_ rawValue: Int) { self.rawValue = rawValue }

        public init(from decoder: any Decoder) throws {
            rawValue = try decoder.singleValueContainer().decode(Int.self)
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(rawValue)
        }

        public static func < (left: NodeID, right: NodeID) -> Bool { left.rawValue < right.rawValue }

        public var description: String { "\(rawValue)" }
    }

    /// The fate of a thought.
    public enum State: String, Sendable, Hashable, Codable, CaseIterable {
        /// Sampled; where no rule judges, it goes to the search as it is.
        case sampled
        /// A draft that the rule kept, and that goes to the search.
        case accepted
        /// A draft that the rule would keep, but the node had better ones.
        case surplus
        /// A draft that the rule rejected.
        case rejected
        /// A draft that the rule rejected and that goes to the search all the same, since it outscores what the target generated.
        case salvaged
        /// The target's thought in place of rejected drafts.
        case correction
        /// The target's thought that says what a kept draft says already.
        case duplicate
        /// Cut by the length limit, empty, a repeat of the step before, or a bare header: never scored.
        case unusable
        /// A step beyond a thought that only serves its score.
        case lookahead
        /// A thought that the reward model cannot read, such as one whose text outgrows its context: the branch ends here.
        case lost
    }

    /// A thought in its place.
    public struct Node: Sendable, Hashable {
        /// The node before it; nil for the root.
        public let parent: NodeID?
        /// The thought; empty for the root.
        public let thought: Thought
        /// The number of steps that lead here; 0 for the root.
        public let depth: Int
        /// The number of samples that said the same.
        public package(set) var samples = 1
        /// The index of the first of them among its expansion's samples.
        public package(set) var sampleIndex = 0
        /// The fate of the thought.
        public package(set) var state = State.sampled
        /// The reward model's score; nil until it was asked, and for what is not scored.
        public package(set) var score: Double?
        /// What the reward model said before its score was calibrated; nil where scores are not.
        public package(set) var rawScore: Double?
        /// The threshold that it stood against.
        public package(set) var threshold: Double?
        /// With lookahead, the scores of the greedy steps beyond it.
        public package(set) var lookahead: [Double]?
        /// The thoughts after it, in the order of sampling.
        public package(set) var children: [NodeID] = []

        /// The score by which thoughts are ranked; 1 for what nobody scored.
        public var rank: Double { rawScore ?? score ?? 1 }
        /// Whether the path ends here.
        public var isFinished: Bool { thought.stop.isEnd && depth > 0 }
    }

    /// The empty path.
    public static let root = NodeID(0)

    /// The question.
    public let problem: Problem
    /// The way in which step scores rank paths.
    public let aggregation: ScoreAggregation
    /// The most steps of a path that the search allows.
    public let maximumDepth: Int
    private var nodes: [Node]

    public init(problem: Problem, aggregation: ScoreAggregation = .last, maximumDepth: Int = .max) {
        self.problem = problem
        self.aggregation = aggregation
        self.maximumDepth = maximumDepth
        nodes = [
            Node(
                parent: nil, thought: Thought(text: "", tokens: [], stop: .delimiter, source: .target), depth: 0)
        ]
    }

    /// The number of nodes, the root included; the next one's id.
    public var count: Int { nodes.count }

    /// All ids, the root's first.
    public var ids: some Collection<NodeID> { nodes.indices.lazy.map(NodeID.init) }

    /// Whether there is such a node.
    public func contains(_ id: NodeID) -> Bool { nodes.indices.contains(id.rawValue) }

    /// A node; the id must be one of this tree's.
    public package(set) subscript(id: NodeID) -> Node {
        get { nodes[id.rawValue] }
        _modify { yield &nodes[id.rawValue] }
    }

    /// Adds a thought after a node.
    ///
    /// - Complexity: Amortised O(1).
    @discardableResult
    public mutating func insert(_ thought: Thought, below parent: NodeID) -> NodeID {
        let id = NodeID(nodes.count)
        nodes.append(Node(parent: parent, thought: thought, depth: nodes[parent.rawValue].depth + 1))
        nodes[id.rawValue].score = thought.partialScore
        nodes[parent.rawValue].children.append(id)
        return id
    }

    /// The ids from the first step to a node, the root left out.
    ///
    /// - Complexity: O(depth), as for all paths here.
    public func ancestry(of id: NodeID) -> [NodeID] {
        var ids: [NodeID] = []
        ids.reserveCapacity(self[id].depth)
        var next = id
        while let parent = self[next].parent {
            ids.append(next)
            next = parent
        }
        return ids.reversed()
    }

    /// The path to a node, as models are asked about it.
    public func path(to id: NodeID) -> ReasoningPath {
        ReasoningPath(problem: problem, thoughts: ancestry(of: id).map { self[$0].thought })
    }

    /// The path to a node, as people are shown it.
    public func steps(to id: NodeID) -> [Step] {
        ancestry(of: id).map { id in
            let node = self[id]
            return Step(
                thought: node.thought, score: node.score ?? 1, threshold: node.threshold, lookahead: node.lookahead)
        }
    }

    /// The text of the steps to a node, without the prompt.
    public func text(to id: NodeID) -> String { ancestry(of: id).map { self[$0].thought.text }.joined() }

    /// The score of the path to a node, what lookahead saw beyond it included; 1 for the root, and for steps that
    /// nobody scored.
    public func pathScore(of id: NodeID) -> Double {
        aggregation(ancestry(of: id).map { self[$0].score ?? 1 } + (self[id].lookahead ?? []))
    }

    /// Nodes by the scores of their paths, best first; of equals those that were sampled more often, then in order.
    ///
    /// A calibration makes plateaus of scores, on which better and worse are not told apart; so raw scores rank.
    ///
    /// - Complexity: O(n · (depth + log n)).
    public func ranked(_ ids: [NodeID]) -> [NodeID] {
        ranked(ids, by: rank(ofPathTo:))
    }

    /// The score by which the path to a node is ranked.
    func rank(ofPathTo id: NodeID) -> Double {
        aggregation(ancestry(of: id).map { self[$0].rank } + (self[id].lookahead ?? []))
    }

    /// What no path through a node can rank above, whatever its further steps score; nil where that cannot be known.
    func highestRank(through id: NodeID) -> Double? {
        let ids = ancestry(of: id)
        switch aggregation {
        case .min: break
        // Probabilities only lower it; raw scores have no end that is known.
        case .product: if ids.contains(where: { self[$0].rawScore != nil }) { return nil }
        case .last, .mean: return nil
        }
        return aggregation(ids.map { self[$0].rank })
    }

    func ranked(_ ids: [NodeID], by score: (NodeID) -> Double) -> [NodeID] {
        ids.enumerated().map { (id: $1, score: score($1), samples: self[$1].samples, offset: $0) }
            .sorted { ($1.score, $1.samples, $0.offset) < ($0.score, $0.samples, $1.offset) }
            .map(\.id)
    }
}

/// ``SearchTree/NodeID``, which is used everywhere.
public typealias NodeID = SearchTree.NodeID
