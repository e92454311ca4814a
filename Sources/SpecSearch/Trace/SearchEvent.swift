/// Something that happened in a search, in order.
public enum SearchEvent: Sendable, Hashable, Codable {
    /// The settings and the problem.
    public struct Started: Sendable, Hashable, Codable {
        /// The version of the trace format.
        public var version = 1
        public var configuration: SearchConfiguration
        public var problem: Problem
        /// How paths are ranked: the configuration's way, or the reward model's own.
        public var aggregation: ScoreAggregation
    }

    /// A model wrote thoughts for nodes of one depth.
    public struct Sampled: Sendable, Hashable, Codable {
        public var role: ModelRole
        public var phase: SearchPhase
        public var depth: Int
        /// The nodes, by their identity at this depth (in a beam, their ranks); for lookahead places in the batch.
        public var nodes: [Int]
        /// For each node its samples, duplicates and unusable ones included.
        public var thoughts: [[Thought]]
        public var usage: Usage
        public var seconds: Double
    }

    /// The reward model scored steps.
    public struct Evaluated: Sendable, Hashable, Codable {
        public var depth: Int
        /// For each step, its parent, named as in ``Sampled/nodes``.
        public var nodes: [Int]
        public var texts: [String]
        public var scores: [Double]
        /// How likely the large model would have written them, where the method asks.
        public var logLikelihoods: [Double]?
        public var usage: Usage
        public var seconds: Double
    }

    /// An iteration of Monte Carlo tree search.
    public struct BackUp: Sendable, Hashable, Codable {
        /// The iteration, from 0.
        public var iteration: Int
        /// The leaf that it led to.
        public var node: Node
        /// What was added to the node and to all nodes above it.
        public var value: Double
        /// Whether the leaf is an end that was visited before; it does not vote again.
        public var isRevisit: Bool
    }

    case started(Started)
    case sampled(Sampled)
    case evaluated(Evaluated)
    /// Drafts at or above the threshold, the best N of a node.
    case accepted(depth: Int, node: Int, steps: [Step])
    /// Drafts below the threshold.
    case rejected(depth: Int, node: Int, steps: [Step])
    /// Thoughts by the large model in place of rejected drafts.
    case corrected(depth: Int, node: Int, steps: [Step])
    /// β̂ of a depth: of the next one, or of this one where the next has its own already; nil where nothing, or
    /// everything, is rejected.
    case thresholdUpdated(depth: Int, threshold: Double?)
    /// The nodes that go on, finished ones included.
    case selected(depth: Int, nodes: [Node])
    /// A value was added to a leaf and to all nodes above it.
    case backedUp(BackUp)
    case finished(SearchResult)
}
