/// A problem and the thoughts so far: what a request names, and all that an engine needs to know.
///
/// A path is a value. Each engine finds for itself what it has already computed of it, so a search holds no engine state
/// and can be recorded, replayed and moved.
public struct ReasoningPath: Sendable, Hashable, Codable {
    /// The question.
    public var problem: Problem
    /// The steps, in order.
    public var thoughts: [Thought]

    public init(problem: Problem, thoughts: [Thought] = []) {
        self.problem = problem
        self.thoughts = thoughts
    }

    /// The number of steps.
    public var depth: Int { thoughts.count }

    /// Whether the last step is the end: the text's, or the one with the final answer.
    public var isFinished: Bool { thoughts.last?.stop.isEnd ?? false }

    /// The steps' tokens, one after the other, without the prompt.
    public var tokens: [Token] { thoughts.flatMap(\.tokens) }

    /// The steps' text, without the prompt.
    public var text: String { thoughts.map(\.text).joined() }

    /// The path with one more step.
    public func appending(_ thought: Thought) -> ReasoningPath {
        var path = self
        path.thoughts.append(thought)
        return path
    }
}
