package import SpecSearch

/// A middleware around the calls of an engine's models, which may note or change them; what it leaves alone goes through.
///
/// ```swift
/// let ledger = PathLedger()
/// let result = try await search.intercepted(by: ledger).solve(problem)
/// ledger.paths[.target]
/// ```
/// Sessions and token-level speculation are those of the models themselves.
package protocol ModelInterceptor: Sendable {
    /// Stands in for ``LanguageModel/sample(_:)``.
    ///
    /// - Parameters:
    ///   - isSpeculative: Whether the draft proposes tokens.
    ///   - next: The model's own answer.
    func sample(
        _ requests: [SampleRequest], by role: ModelRole, isSpeculative: Bool,
        _ next: ([SampleRequest]) async throws -> Samples
    ) async throws -> Samples

    /// Stands in for ``LanguageModel/logLikelihoods(of:sampling:)``.
    func logLikelihoods(
        of paths: [ReasoningPath], by role: ModelRole, _ next: ([ReasoningPath]) async throws -> LogLikelihoods
    ) async throws -> LogLikelihoods

    /// Stands in for ``LanguageModel/nextTokenEntropies(of:)``.
    func nextTokenEntropies(
        of paths: [ReasoningPath], by role: ModelRole, _ next: ([ReasoningPath]) async throws -> NextTokenEntropies
    ) async throws -> NextTokenEntropies

    /// Stands in for ``RewardModel/score(_:)``.
    func score(
        _ paths: [ReasoningPath], _ next: ([ReasoningPath]) async throws -> StepScores
    ) async throws -> StepScores
}

extension ModelInterceptor {
    package func logLikelihoods(
        of paths: [ReasoningPath], by role: ModelRole, _ next: ([ReasoningPath]) async throws -> LogLikelihoods
    ) async throws -> LogLikelihoods { try await next(paths) }

    package func nextTokenEntropies(
        of paths: [ReasoningPath], by role: ModelRole, _ next: ([ReasoningPath]) async throws -> NextTokenEntropies
    ) async throws -> NextTokenEntropies { try await next(paths) }

    package func score(
        _ paths: [ReasoningPath], _ next: ([ReasoningPath]) async throws -> StepScores
    ) async throws -> StepScores { try await next(paths) }
}

extension Engine {
    /// The engine with all calls of its models intercepted.
    package func intercepted(by interceptor: any ModelInterceptor) -> Engine {
        func language(_ model: some LanguageModel, _ role: ModelRole) -> any LanguageModel {
            Intercepted(model: model, role: role, interceptor: interceptor)
        }
        func reward(_ model: some RewardModel) -> any RewardModel {
            Intercepted(model: model, role: .rewardModel, interceptor: interceptor)
        }
        var engine = self
        engine.draft = draft.map { language($0, .draft) }
        engine.target = target.map { language($0, .target) }
        engine.rewardModel = rewardModel.map { reward($0) }
        engine.judge = judge.map { reward($0) }
        return engine
    }
}

extension Search {
    /// The same search with all calls of its models intercepted.
    package func intercepted(by interceptor: any ModelInterceptor) -> Search {
        func search(_ algorithm: some SearchAlgorithm, _ generator: some ThoughtGenerator) -> Search {
            Search(
                engine.intercepted(by: interceptor), algorithm: algorithm, generator: generator, options: options)
        }
        return search(algorithm, generator)
    }
}

/// A model whose calls an interceptor stands in for; it is what the model is: a language model, a target that takes
/// proposals, a reward model.
private struct Intercepted<Base: InferenceModel>: InferenceModel {
    let model: Base
    let role: ModelRole
    let interceptor: any ModelInterceptor

    func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        try await model.openSession(for: problem)
    }
}

extension Intercepted: LanguageModel where Base: LanguageModel {
    var capabilities: ModelCapabilities { model.capabilities }

    func sample(_ requests: [SampleRequest]) async throws -> Samples {
        try await interceptor.sample(requests, by: role, isSpeculative: false) { try await model.sample($0) }
    }

    func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
        try await interceptor.nextTokenEntropies(of: paths, by: role) { try await model.nextTokenEntropies(of: $0) }
    }

    func logLikelihoods(
        of paths: [ReasoningPath], sampling: SamplingParameters
    ) async throws -> LogLikelihoods {
        try await interceptor.logLikelihoods(of: paths, by: role) {
            try await model.logLikelihoods(of: $0, sampling: sampling)
        }
    }
}

extension Intercepted: SpeculativeTarget where Base: SpeculativeTarget {
    func checkDraft(_ draft: any LanguageModel) throws { try model.checkDraft(known(draft)) }

    func sample(
        _ requests: [SampleRequest], proposedBy draft: any LanguageModel, numSpeculativeTokens: Int?
    ) async throws -> Samples {
        let draft = known(draft)
        return try await interceptor.sample(requests, by: role, isSpeculative: true) {
            try await model.sample($0, proposedBy: draft, numSpeculativeTokens: numSpeculativeTokens)
        }
    }

    /// The draft as the target knows it, which may take proposals of its own engine's models only.
    private func known(_ draft: any LanguageModel) -> any LanguageModel {
        (draft as? any InterceptedDraft)?.base ?? draft
    }
}

extension Intercepted: RewardModel where Base: RewardModel {
    var aggregation: ScoreAggregation { model.aggregation }

    func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        try await interceptor.score(paths) { try await model.score($0) }
    }
}

/// An intercepted language model, of whatever base.
private protocol InterceptedDraft { var base: any LanguageModel { get } }

extension Intercepted: InterceptedDraft where Base: LanguageModel {
    var base: any LanguageModel { model }
}
