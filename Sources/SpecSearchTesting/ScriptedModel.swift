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
    private let partialScore: (@Sendable (String) -> Double)?
    private let log = Mutex<[Call]>([])

    /// A model by its distribution.
    ///
    /// - Parameters:
    ///   - delay: How long each call takes; a cancelled call ends at once.
    ///   - pairs: Whether a draft can propose tokens to the model.
    ///   - sessions: Where its sessions are noted; without it the model opens none.
    ///   - partialScore: The score of a thought's beginning, by which it is given up early; nil for a model that gives up none.
    ///   - distribution: The choices after a path; their weights need not sum to 1.
    public init(
        _ role: ModelRole, delay: Duration? = nil, pairs: Bool = true, sessions: SessionLog? = nil,
        partialScore: (@Sendable (String) -> Double)? = nil,
        distribution: @escaping @Sendable (ReasoningPath) -> [Choice]
    ) {
        self.role = role
        self.delay = delay
        self.pairs = pairs
        self.sessions = sessions
        self.distribution = distribution
        self.partialScore = partialScore
        choose = { path, key in Self.draw(distribution(path), key) }
    }

    /// A model by its samples.
    ///
    /// - Parameters:
    ///   - delay: How long each call takes; a cancelled call ends at once.
    ///   - pairs: Whether a draft can propose tokens to the model.
    ///   - sessions: Where its sessions are noted; without it the model opens none.
    ///   - partialScore: The score of a thought's beginning, by which it is given up early; nil for a model that gives up none.
    ///   - choose: The thought after a path for one sample's key, so that a test can choose every sample by hand.
    public init(
        _ role: ModelRole, delay: Duration? = nil, pairs: Bool = true, sessions: SessionLog? = nil,
        partialScore: (@Sendable (String) -> Double)? = nil,
        choose: @escaping @Sendable (ReasoningPath, RandomKey) -> Choice
    ) {
        self.role = role
        self.delay = delay
        self.pairs = pairs
        self.sessions = sessions
        self.choose = choose
        self.partialScore = partialScore
        distribution = nil
    }

    /// Every call so far, in order.
    public var calls: [Call] { log.withLock { $0 } }

    /// The requests of all calls so far, in order.
    public var requests: [SampleRequest] { calls.flatMap(\.requests) }

    /// The number of thoughts that were asked for so far.
    public var requestedThoughts: Int { requests.reduce(0) { $0 + $1.count } }

    /// A model by its distribution tells entropies, of whole thoughts as tokens.
    public var capabilities: ModelCapabilities {
        var capabilities: ModelCapabilities = []
        if partialScore != nil { capabilities.insert(.earlyRejection) }
        if distribution != nil { capabilities.insert(.nextTokenEntropy) }
        return capabilities
    }

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
                let thought = thought(request.path, request.key.sample(index), request.earlyRejection)
                usage[role].outputTokens += thought.tokens.count
                usage[role].evaluatedTokens += thought.tokens.count
                return thought
            }
        }
        usage[role].decodes += 1
        return Samples(thoughts: thoughts, usage: usage)
    }

    private func thought(_ path: ReasoningPath, _ key: RandomKey, _ early: EarlyRejection?) -> Thought {
        let choice = choose(path, key)
        if let early, let partialScore, choice.text.utf8.count > early.tokens {
            let beginning = String(decoding: choice.text.utf8.prefix(early.tokens), as: UTF8.self)
            let score = partialScore(beginning)
            if score < early.bound {
                return Thought(
                    text: beginning, tokens: beginning.utf8.map(Token.init), stop: .rejected, source: role,
                    partialScore: score)
            }
        }
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

    public func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
        guard let distribution else {
            throw SpecSearchError(
                .unsupported, "The script of these thoughts has no distribution.", remedy: "Give one.")
        }
        return NextTokenEntropies(
            values: paths.map { path in
                let choices = distribution(path)
                return Set(choices.map(\.text)).reduce(0) { sum, text in
                    let share = Self.share(of: text, among: choices)
                    return share > 0 ? sum - share * Foundation.log(share) : sum
                }
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
