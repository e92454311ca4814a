/// A part of a search's time.
public enum SearchPhase: String, Sendable, Hashable, Codable, CodingKeyRepresentable, CaseIterable {
    /// The small model writes.
    case draft
    /// The reward model scores.
    case evaluate
    /// The large model writes a whole level: the first step of SpecSearch, every step of AR and SpS.
    case target
    /// The large model writes what was rejected.
    case correct
    /// Steps beyond a thought that only serve its score.
    case lookahead
}

/// The models of one running search, and the account of what they did.
///
/// One task owns it. Every model call goes through it, so that answers are checked, and counted, in one place.
public final class SearchContext {
    /// The settings.
    public let configuration: SearchConfiguration
    private let models: SearchModels
    private let problemKey: UInt64
    private let onEvent: @Sendable (SearchEvent) -> Void
    private let now: @Sendable () -> Double
    private(set) var usage = Usage()
    private(set) var phases: [SearchPhase: Double] = [:]
    private(set) var acceptance = SearchResult.Acceptance()
    private var accounts: [DepthAccount] = []
    var depths: [SearchResult.Depth] { accounts.map(SearchResult.Depth.init) }

    init(
        configuration: SearchConfiguration, problem: Problem, models: SearchModels,
        now: @escaping @Sendable () -> Double, onEvent: @escaping @Sendable (SearchEvent) -> Void
    ) {
        self.configuration = configuration
        self.models = models
        self.now = now
        self.onEvent = onEvent
        problemKey = RandomKey.hash(problem.id)
    }

    /// Tells whoever listens.
    public func emit(_ event: SearchEvent) { onEvent(event) }

    /// The random key of an expansion's first sample by one author.
    public func key(for expansion: Expansion, role: ModelRole) -> RandomKey {
        RandomKey(
            seed: configuration.seed, problem: problemKey, depth: expansion.node.depth, node: expansion.identity,
            role: role)
    }

    /// A request for `count` samples, numbered from `offset`.
    public func request(for expansion: Expansion, count: Int, role: ModelRole, offset: Int = 0) -> ThoughtRequest {
        ThoughtRequest(
            path: expansion.node.path, count: count, parameters: configuration.sampling,
            key: key(for: expansion, role: role).sample(offset))
    }

    /// Has one model write.
    ///
    /// - Parameters:
    ///   - role: The model.
    ///   - requests: What to write, all for nodes of one depth.
    ///   - nodes: The nodes' identities, for the trace.
    ///   - phase: What for, for the account.
    /// - Throws: ``EngineError`` where the model is missing or answers with the wrong number of thoughts.
    public func sample(
        _ role: ModelRole, _ requests: [ThoughtRequest], nodes: [Int], phase: SearchPhase
    ) async throws -> [[Thought]] {
        try Task.checkCancellation()
        guard let sampler = role == .draft ? models.draft : models.target else {
            throw EngineError(
                .badSetting, "This method needs a \(role.rawValue) model, and none was given.",
                remedy: "Give one, or choose another method.")
        }
        let begin = now()
        let answer = try await sampler.sample(requests)
        let seconds = now() - begin
        guard answer.thoughts.map(\.count) == requests.map(\.count) else {
            throw EngineError(
                .computeFailed,
                "The \(role.rawValue) model wrote \(answer.thoughts.map(\.count)) thoughts where "
                    + "\(requests.map(\.count)) were asked for.", remedy: "This is a defect of the engine.")
        }
        usage += answer.usage
        phases[phase, default: 0] += seconds
        emit(
            .sampled(
                SearchEvent.Sampled(
                    role: role, phase: phase, depth: requests.first?.path.depth ?? 0, nodes: nodes,
                    thoughts: answer.thoughts, usage: answer.usage, seconds: seconds)))
        return answer.thoughts
    }

    /// Has the reward model score the last step of each path; asks nothing for no paths.
    ///
    /// - Throws: ``EngineError`` where a score is missing, not finite, or outside 0 ... 1.
    public func evaluate(_ paths: [ReasoningPath], nodes: [Int]) async throws -> [Double] {
        try await evaluate(paths, nodes: nodes, asksTarget: false).map(\.score)
    }

    /// Has the reward model score the last step of each path, and the large model tell how likely it would write it.
    ///
    /// - Throws: ``EngineError`` where either is missing or out of range.
    func evaluateWithLikelihoods(
        _ paths: [ReasoningPath], nodes: [Int]
    ) async throws -> [(score: Double, logLikelihood: Double)] {
        try await evaluate(paths, nodes: nodes, asksTarget: true).map { ($0.score, $0.logLikelihood ?? .nan) }
    }

    private func evaluate(
        _ paths: [ReasoningPath], nodes: [Int], asksTarget: Bool
    ) async throws -> [(score: Double, logLikelihood: Double?)] {
        guard let first = paths.first else { return [] }
        try Task.checkCancellation()
        let begin = now()
        var answer = try await models.evaluator.evaluate(paths)
        let likelihoods = asksTarget ? try await logLikelihoods(paths, &answer.usage) : nil
        let seconds = now() - begin
        guard answer.scores.count == paths.count else {
            throw EngineError(
                .badScore, "The reward model gave \(answer.scores.count) scores for \(paths.count) steps.",
                remedy: "Check the reward model's description file: its template and its step tag.")
        }
        if let bad = answer.scores.firstIndex(where: { !($0 >= 0 && $0 <= 1) }) {
            throw EngineError(
                .badScore,
                "The reward model scored \(answer.scores[bad]) for the step "
                    + "\"\(paths[bad].thoughts.last?.text ?? "")\".",
                remedy: "Scores are probabilities; check the reward model's file and description.")
        }
        usage += answer.usage
        phases[.evaluate, default: 0] += seconds
        emit(
            .evaluated(
                SearchEvent.Evaluated(
                    depth: first.depth - 1, nodes: nodes, texts: paths.map { $0.thoughts.last?.text ?? "" },
                    scores: answer.scores, logLikelihoods: likelihoods, usage: answer.usage, seconds: seconds)))
        return answer.scores.indices.map { (answer.scores[$0], likelihoods?[$0]) }
    }

    private func logLikelihoods(_ paths: [ReasoningPath], _ usage: inout Usage) async throws -> [Double] {
        guard let target = models.target else {
            throw EngineError(
                .badSetting, "This rule needs a target model, and none was given.",
                remedy: "Give one, or choose another rule.")
        }
        let answer = try await target.logLikelihoods(paths, parameters: configuration.sampling)
        guard answer.values.count == paths.count, answer.values.allSatisfy({ $0 <= 0 && $0.isFinite }) else {
            throw EngineError(
                .computeFailed, "The target's log-likelihoods \(answer.values) of \(paths.count) steps are none.",
                remedy: "This is a defect of the engine.")
        }
        usage += answer.usage
        return answer.values
    }

    func count(judged: Int, unique: Int, kept: Int) {
        acceptance.judged += judged
        acceptance.unique += unique
        acceptance.kept += kept
    }

    func count(corrected: Int) { acceptance.corrections += corrected }

    /// Takes in the account of one batch; a search may come back to a depth.
    func report(_ account: DepthAccount) {
        if let place = accounts.firstIndex(where: { $0.depth == account.depth }) {
            accounts[place].merge(account)
        } else {
            accounts.append(account)
        }
    }
}
