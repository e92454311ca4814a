/// One accepted step of a path: the thought, its score, and the threshold that it stood against.
public struct Step: Sendable, Hashable, Codable {
    /// What was written, and by whom.
    public var thought: Thought
    /// The reward model's probability that the step is good.
    public var score: Double
    /// The threshold β̂ at the step's depth; nil where none applied (the first step, and searches without drafts).
    public var threshold: Double?
    /// With lookahead, the scores of the greedy steps that were written beyond this one; they rank a path that ends here.
    public var lookahead: [Double]?

    public init(thought: Thought, score: Double, threshold: Double? = nil, lookahead: [Double]? = nil) {
        self.thought = thought
        self.score = score
        self.threshold = threshold
        self.lookahead = lookahead
    }
}

/// A node of the search tree: a path with the scores of its steps.
public struct Node: Sendable, Hashable, Codable {
    /// What is asked.
    public var problem: Problem
    /// The steps from the root, in order.
    public var steps: [Step]

    public init(problem: Problem, steps: [Step] = []) {
        self.problem = problem
        self.steps = steps
    }

    /// How many steps there are; the root has none.
    public var depth: Int { steps.count }

    /// Whether the last step ended the text.
    public var isFinished: Bool { steps.last?.thought.stop == .endOfSequence }

    /// The path, as models are asked about it.
    public var path: ReasoningPath { ReasoningPath(problem: problem, thoughts: steps.map(\.thought)) }

    /// The steps' text, without the prompt.
    public var text: String { steps.map(\.thought.text).joined() }

    /// The score of the whole path, what was seen beyond its end by lookahead included.
    public func score(_ aggregation: ScoreAggregation) -> Double {
        aggregation(steps.map(\.score) + (steps.last?.lookahead ?? []))
    }

    /// The node one step further.
    public func appending(_ step: Step) -> Node { Node(problem: problem, steps: steps + [step]) }
}
