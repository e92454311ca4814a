/// Best-of-N: N independent solutions, of which the best by score is taken; or self-consistency, where they vote.
///
/// Each chain takes one thought a step from its generator, and of a generator that hands over more (SpecSearch's extra
/// thought) the best, or for self-consistency the first. The chains share nothing, not even equal first steps: each
/// draws its own random numbers. So it is ``DiverseVerifierTreeSearch`` of width 1.
///
/// Best-of-N by a verifier: Cobbe et al., "Training Verifiers to Solve Math Word Problems", 2021; self-consistency: Wang
/// et al., "Self-Consistency Improves Chain of Thought Reasoning in Language Models", ICLR 2023.
public struct BestOfN: SearchAlgorithm {
    private var chains: DiverseVerifierTreeSearch

    /// - Parameters:
    ///   - problem: What to solve.
    ///   - count: N.
    ///   - isScored: Whether scores decide anything; for self-consistency, which counts heads, they do not.
    ///   - aggregation: How paths are ranked.
    public init(problem: Problem, count: Int, isScored: Bool = true, aggregation: ScoreAggregation) {
        chains = DiverseVerifierTreeSearch(
            problem: problem, subtrees: count, width: 1, isScored: isScored, aggregation: aggregation)
    }

    public var aggregation: ScoreAggregation { chains.aggregation }
    public var finished: [Node] { chains.finished }
    public var ranked: [Node] { chains.ranked }
    public var unfinished: [Node] { chains.unfinished }
    public var next: ExpansionBatch { chains.next }

    @discardableResult
    public mutating func receive(_ children: [[Step]]) -> [SearchEvent] { chains.receive(children) }
}
