/// Best-of-N: N independent solutions, of which the best by score is taken; or self-consistency, where they vote.
///
/// Each chain takes one thought a step from its generator, and of a generator that hands over more (SpecSearch's extra
/// thought) the best, or for self-consistency the first. The chains share nothing, not even equal first steps: each
/// draws its own random numbers. So it is ``DiverseVerifierTreeSearch`` of width 1.
///
/// Best-of-N by a verifier: Cobbe et al., "Training Verifiers to Solve Math Word Problems", 2021; self-consistency: Wang
/// et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models", ICLR 2023.
public struct BestOfN: SearchAlgorithm {
    /// The settings of the search.
    public struct Configuration: Sendable, Hashable {
        /// N, the number of chains.
        public var count: Int
        /// Whether scores decide; for self-consistency, which counts heads, they do not.
        public var isScored: Bool

        public init(count: Int = 12, isScored: Bool = true) {
            self.count = count
            self.isScored = isScored
        }
    }

    public let configuration: Configuration
    private var chains: DiverseVerifierTreeSearch

    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        chains = DiverseVerifierTreeSearch(
            .init(subtrees: configuration.count, width: 1), isScored: configuration.isScored)
    }

    public var answerRule: AnswerRule { configuration.isScored ? .best : .majority }
    public var finished: [NodeID] { chains.finished }
    public func ranked(in tree: SearchTree) -> [NodeID] { chains.ranked(in: tree) }
    public func unfinished(in tree: SearchTree) -> [NodeID] { chains.unfinished(in: tree) }
    public func openPaths(in tree: SearchTree) -> Int? { chains.openPaths(in: tree) }
    public func next(in tree: SearchTree) -> ExpansionBatch { chains.next(in: tree) }

    public mutating func receive(_ children: [[NodeID]], in tree: SearchTree) -> [SearchEvent] {
        chains.receive(children, in: tree)
    }
}

extension SearchAlgorithm where Self == BestOfN {
    /// Best-of-N: `count` independent chains, the best by score.
    public static func bestOfN(count: Int = 12) -> BestOfN { BestOfN(.init(count: count)) }

    /// Self-consistency: `count` independent chains, the answer of the most.
    public static func selfConsistency(count: Int = 12) -> BestOfN { BestOfN(.init(count: count, isScored: false)) }
}
