internal import SpecSearch

/// One answer of a search as a client reads it: the reasoning, the answer, and what they cost.
package struct GenerationAnswer: Sendable {
    /// The steps before the answer.
    var reasoning: [Step]
    /// The last step of a finished path; empty where no path is finished.
    var content: String
    /// Whether the answer is whole.
    var isWhole: Bool
    /// Tokens of all steps.
    var tokens: Int
    /// The path's score.
    var score: Double
    /// The answer that the path gives, if it gives one.
    var answer: String?
    /// The tools that are called, instead of an answer.
    var toolCalls: [ToolCall] = []
    /// How likely the tokens are that the client sees, where it asks.
    var logProbabilities: AnswerLogProbabilities?
    /// The path that the text that was written last, after the search, follows, with that text.
    private(set) var written: ReasoningPath?
    /// The step that is the answer.
    private var last: Step?

    /// The answers of a search with their paths, the best first and then the others by rank; one that is not whole where no
    /// path is finished.
    static func ranked(
        _ result: SearchResult, count: Int, _ request: GenerationRequest
    ) -> [(answer: GenerationAnswer, path: ReasoningPath)] {
        let others = result.isFinished ? result.paths.filter { $0.node != result.best.node } : []
        return ([result.best] + others).prefix(count).map { end in
            (GenerationAnswer(result, end, request), result.tree.path(to: end.node))
        }
    }

    private init(_ result: SearchResult, _ path: SearchOutcome.Path, _ request: GenerationRequest) {
        var steps = result.tree.steps(to: path.node)
        let count = Self.count(steps, within: request.maximumTokens)
        isWhole = result.isFinished && count == steps.count
        steps = Array(steps[..<count])
        tokens = steps.reduce(0) { $0 + $1.thought.tokens.count }
        last = isWhole ? steps.popLast() : nil
        content = Self.cut(last?.thought.text ?? "", at: request.stops)
        reasoning = steps
        score = path.score
        answer = path.answer
    }

    /// The steps that the client sees.
    var steps: Int { reasoning.count + (last == nil ? 0 : 1) }

    /// Takes a text that was written after the search.
    mutating func add(_ thought: Thought, after path: ReasoningPath) {
        written = path.appending(thought)
        tokens += thought.tokens.count
    }

    /// Makes another text the content; the whole path is the reasoning then.
    mutating func replaceContent(by text: String) {
        if let last { reasoning.append(last) }
        last = nil
        content = text
    }

    /// Says that a limit cut what was written after the search.
    mutating func cut() {
        replaceContent(by: "")
        isWhole = false
    }

    /// OpenAI's name of why it ends.
    var finishReason: String { isWhole ? toolCalls.isEmpty ? "stop" : "tool_calls" : "length" }

    /// Tokens before the answer.
    var reasoningTokens: Int { reasoning.reduce(0) { $0 + $1.thought.tokens.count } }

    /// The steps before the answer as one text.
    var reasoningText: String { reasoning.map(\.thought.text).joined() }

    /// Everything as one text.
    func text(_ stops: [String]) -> String { Self.cut(reasoningText + content, at: stops) }

    /// The text that the client sees but for the reasoning of chats, and the paths whose last thoughts it is.
    func visible(of path: ReasoningPath, in request: GenerationRequest) -> (text: String, paths: [ReasoningPath]) {
        if request.form == .completion {
            let paths = (0..<steps).map { ReasoningPath(problem: path.problem, thoughts: Array(path.thoughts[...$0])) }
            return (text(request.stops), paths)
        }
        guard isWhole else { return ("", []) }
        return (content, [written ?? path])
    }

    /// How many steps have no more tokens than this together.
    static func count(_ steps: [Step], within limit: Int?) -> Int {
        guard let limit else { return steps.count }
        var tokens = 0
        for (index, step) in steps.enumerated() {
            tokens += step.thought.tokens.count
            if tokens > limit { return index }
        }
        return steps.count
    }

    /// The text before the first of the stops, by Unicode scalars: whether a stop is there must not depend on a mark that
    /// may follow it in the next part of a stream.
    package static func cut(_ text: String, at stops: [String]) -> String {
        let ends = stops.compactMap { text.unicodeScalars.firstRange(of: $0.unicodeScalars)?.lowerBound }
        return ends.min().map { String(text.unicodeScalars[..<$0]) } ?? text
    }
}

/// A filter that passes on a text that comes in parts, up to the first stop.
package struct StopFilter: Sendable {
    private let stops: [String]
    private var held = ""
    private(set) var isStopped = false

    package init(_ stops: [String]) { self.stops = stops }

    /// What is certain not to belong to a stop; at the end, everything.
    package mutating func pass(_ part: String, isLast: Bool = false) -> String {
        guard !isStopped, !stops.isEmpty else { return isStopped ? "" : part }
        held += part
        let cut = GenerationAnswer.cut(held, at: stops)
        if cut.utf8.count < held.utf8.count {
            isStopped = true
            held = ""
            return cut
        }
        // The longest end of the text that a stop may begin with waits for what follows.
        let waiting = isLast ? 0 : (stops.map(\.unicodeScalars.count).max() ?? 1) - 1
        let passed = String(held.unicodeScalars.dropLast(waiting))
        held = String(held.unicodeScalars.suffix(waiting))
        return passed
    }
}
