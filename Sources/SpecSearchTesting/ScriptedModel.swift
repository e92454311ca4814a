internal import Foundation
public import SpecSearch
internal import Synchronization

/// A language model whose thoughts follow a distribution that the test knows.
///
/// ```swift
/// let model = ScriptedModel(.target) { path in [.init("a\(path.depth)\n\n", weight: 3), .init("end", stop: .endOfSequence)] }
/// let engine = Engine(draft: model, target: model, rewardModel: ScriptedRewardModel { _ in 0.5 })
/// ```
/// Each sample is drawn with its own random key, as real engines do, so the thoughts depend neither on batching nor on the
/// order of calls. As a target it verifies what any draft proposes: the proposal is ignored, and the distribution is the
/// same.
public final class ScriptedModel: SpeculativeTarget {
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

    /// One call of the model.
    public struct Call: Sendable, Hashable {
        /// What was asked for.
        public var requests: [SampleRequest]
        /// Whether a draft was there to propose tokens.
        public var isSpeculative = false
        /// The most tokens of a proposal, if it was said.
        public var numSpeculativeTokens: Int?
    }

    /// The source of the thoughts.
    public let role: ModelRole
    private let pairs: Bool
    private let sessions: SessionLog?
    private let delay: Duration?
    private let choose: @Sendable (ReasoningPath, RandomKey) -> Choice
    /// Nil where samples are chosen by hand: then nobody knows how likely they are.
    private let distribution: (@Sendable (ReasoningPath) -> [Choice])?
    private let log = Mutex<[Call]>([])

    /// A model by its distribution.
    ///
    /// - Parameters:
    ///   - delay: How long each call takes; a cancelled call ends at once.
    ///   - pairs: Whether a draft can propose tokens to the model.
    ///   - sessions: Where its sessions are noted; without it the model opens none.
    ///   - distribution: The choices after a path; their weights need not sum to 1.
    public init(
        _ role: ModelRole, delay: Duration? = nil, pairs: Bool = true, sessions: SessionLog? = nil,
        distribution: @escaping @Sendable (ReasoningPath) -> [Choice]
    ) {
        self.role = role
        self.delay = delay
        self.pairs = pairs
        self.sessions = sessions
        self.distribution = distribution
        choose = { path, key in Self.draw(distribution(path), key) }
    }

    /// A model by its samples.
    ///
    /// - Parameters:
    ///   - delay: How long each call takes; a cancelled call ends at once.
    ///   - pairs: Whether a draft can propose tokens to the model.
    ///   - sessions: Where its sessions are noted; without it the model opens none.
    ///   - choose: The thought after a path for one sample's key, so that a test can choose every sample by hand.
    public init(
        _ role: ModelRole, delay: Duration? = nil, pairs: Bool = true, sessions: SessionLog? = nil,
        choose: @escaping @Sendable (ReasoningPath, RandomKey) -> Choice
    ) {
        self.role = role
        self.delay = delay
        self.pairs = pairs
        self.sessions = sessions
        self.choose = choose
        distribution = nil
    }

    /// Every call so far, in order.
    public var calls: [Call] { log.withLock { $0 } }

    /// The requests of all calls so far, in order.
    public var requests: [SampleRequest] { calls.flatMap(\.requests) }

    /// The number of thoughts that were asked for so far.
    public var requestedThoughts: Int { requests.reduce(0) { $0 + $1.count } }

    public func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        sessions?.open(role.rawValue)
    }

    public func sample(_ requests: [SampleRequest]) async throws -> Samples {
        try await answer(Call(requests: requests))
    }

    public func checkDraft(_ draft: any LanguageModel) throws {
        guard pairs else {
            throw SpecSearchError(.mismatch, "The scripted \(role.rawValue) takes no proposals.", remedy: "Let it.")
        }
    }

    public func sample(
        _ requests: [SampleRequest], proposedBy draft: any LanguageModel, numSpeculativeTokens: Int?
    ) async throws -> Samples {
        try await answer(
            Call(requests: requests, isSpeculative: true, numSpeculativeTokens: numSpeculativeTokens))
    }

    private func answer(_ call: Call) async throws -> Samples {
        log.withLock { $0.append(call) }
        if let delay { try await Task.sleep(for: delay) }
        try Task.checkCancellation()
        var usage = Usage()
        let thoughts = call.requests.map { request in
            (0..<request.count).map { index in
                let thought = thought(request.path, request.key.sample(index))
                usage[role].outputTokens += thought.tokens.count
                usage[role].evaluatedTokens += thought.tokens.count
                return thought
            }
        }
        usage[role].decodes += 1
        return Samples(thoughts: thoughts, usage: usage)
    }

    private func thought(_ path: ReasoningPath, _ key: RandomKey) -> Thought {
        let choice = choose(path, key)
        return Thought(
            text: choice.text, tokens: choice.text.utf8.map(Token.init), stop: choice.stop, source: role,
            logProbability: distribution.map { Foundation.log(Self.share(of: choice.text, among: $0(path))) })
    }

    public func logLikelihoods(
        of paths: [ReasoningPath], sampling: SamplingParameters
    ) async throws -> LogLikelihoods {
        guard let distribution else {
            throw SpecSearchError(
                .unsupported, "The script of these thoughts has no distribution.", remedy: "Give one.")
        }
        return LogLikelihoods(
            values: paths.map { path in
                var parent = path
                let text = parent.thoughts.removeLast().text
                return max(Foundation.log(Self.share(of: text, among: distribution(parent))), LogLikelihoods.impossible)
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
