/// One step of a path as a search leaves it: the thought, its score, and the threshold that it stood against.
public struct Step: Sendable, Hashable, Codable {
    /// The thought, and its source.
    public var thought: Thought
    /// The reward model's probability that the step is good.
    public var score: Double
    /// The threshold that drafts of its depth had to reach; nil where none applied (the first step, and searches without
    /// drafts).
    public var threshold: Double?
    /// With lookahead, the scores of the greedy steps beyond this one; they rank a path that ends here.
    public var lookahead: [Double]?

    public init(thought: Thought, score: Double, threshold: Double? = nil, lookahead: [Double]? = nil) {
        self.thought = thought
        self.score = score
        self.threshold = threshold
        self.lookahead = lookahead
    }
}
