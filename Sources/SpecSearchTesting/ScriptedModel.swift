internal import Foundation
public import SpecSearch
internal import Synchronization

/// A model whose thoughts follow a law that the test knows.
///
/// Each sample is drawn with its own random key, as real engines do, so the thoughts depend neither on batching nor on the
/// order of calls.
public final class ScriptedSampler: ThoughtSampler {
    /// One possible next thought, and its weight among the others.
    public struct Choice: Sendable, Hashable {
        public var text: String
        public var weight: Double
        public var stop: Thought.Stop

        public init(_ text: String, weight: Double = 1, stop: Thought.Stop = .delimiter) {
            self.text = text
            self.weight = weight
            self.stop = stop
        }
    }

    private let author: ModelRole
    private let choose: @Sendable (ReasoningPath, RandomKey) -> Choice
    /// Nil where samples are written by hand: then nobody knows how likely they are.
    private let law: (@Sendable (ReasoningPath) -> [Choice])?
    private let log = Mutex<[[ThoughtRequest]]>([])
    private let delay: Duration?

    /// - Parameters:
    ///   - delay: How long each call takes; a cancelled call ends at once.
    ///   - law: The choices after a path; their weights need not sum to 1.
    public init(
        _ author: ModelRole, delay: Duration? = nil, law: @escaping @Sendable (ReasoningPath) -> [Choice]
    ) {
        self.author = author
        self.delay = delay
        self.law = law
        choose = { path, key in Self.draw(law(path), key) }
    }

    /// - Parameters:
    ///   - delay: How long each call takes; a cancelled call ends at once.
    ///   - choose: The thought after a path for one sample's key, so that a test can write every sample by hand.
    public init(
        _ author: ModelRole, delay: Duration? = nil,
        choose: @escaping @Sendable (ReasoningPath, RandomKey) -> Choice
    ) {
        self.author = author
        self.delay = delay
        self.choose = choose
        law = nil
    }

    /// The requests of every call so far.
    public var calls: [[ThoughtRequest]] { log.withLock { $0 } }

    /// Thoughts asked for so far.
    public var requestedThoughts: Int { calls.joined().reduce(0) { $0 + $1.count } }

    public func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
        log.withLock { $0.append(requests) }
        if let delay { try await Task.sleep(for: delay) }
        try Task.checkCancellation()
        var usage = Usage()
        let thoughts = requests.map { request in
            (0..<request.count).map { index in
                let thought = thought(request.path, request.key.sample(index))
                usage[author].outputTokens += thought.tokens.count
                usage[author].evaluatedTokens += thought.tokens.count
                return thought
            }
        }
        usage[author].decodes += 1
        return SampledThoughts(thoughts: thoughts, usage: usage)
    }

    private func thought(_ path: ReasoningPath, _ key: RandomKey) -> Thought {
        let choice = choose(path, key)
        return Thought(
            text: choice.text, tokens: choice.text.utf8.map(Token.init), stop: choice.stop, author: author,
            logProbability: law.map { Foundation.log(Self.share(of: choice.text, among: $0(path))) })
    }

    public func logLikelihoods(
        _ paths: [ReasoningPath], parameters: SamplingParameters
    ) async throws -> ThoughtLikelihoods {
        guard let law else {
            throw EngineError(.badSetting, "The script of these thoughts has no law.", remedy: "Give one.")
        }
        return ThoughtLikelihoods(
            values: paths.map { path in
                var parent = path
                let text = parent.thoughts.removeLast().text
                return max(Foundation.log(Self.share(of: text, among: law(parent))), ThoughtLikelihoods.impossible)
            })
    }

    private static func share(of text: String, among choices: [Choice]) -> Double {
        let weight = choices.reduce(0) { $0 + ($1.text == text ? $1.weight : 0) }
        return weight / choices.reduce(0) { $0 + $1.weight }
    }

    private static func draw(_ choices: [Choice], _ key: RandomKey) -> Choice {
        var goal = key.uniform(position: 0, purpose: .token) * choices.reduce(0) { $0 + $1.weight }
        for choice in choices {
            goal -= choice.weight
            if goal < 0 { return choice }
        }
        return choices[choices.count - 1]
    }
}

/// A reward model whose scores are a function of the path.
public final class ScriptedEvaluator: ThoughtEvaluator {
    public let defaultAggregation: ScoreAggregation
    private let score: @Sendable (ReasoningPath) -> Double
    private let log = Mutex<[[ReasoningPath]]>([])

    public init(
        aggregation: ScoreAggregation = .last, score: @escaping @Sendable (ReasoningPath) -> Double
    ) {
        defaultAggregation = aggregation
        self.score = score
    }

    /// The paths of every call so far.
    public var calls: [[ReasoningPath]] { log.withLock { $0 } }

    public func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        log.withLock { $0.append(paths) }
        var usage = Usage()
        usage[.rewardModel].evaluatedTokens = paths.reduce(0) { $0 + ($1.thoughts.last?.tokens.count ?? 0) }
        usage[.rewardModel].decodes = 1
        return StepScores(scores: paths.map(score), usage: usage)
    }
}
