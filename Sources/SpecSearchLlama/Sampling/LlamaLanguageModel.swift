public import SpecSearch

/// A language model of a ``LlamaEngine`` in one role: a handle, cheap to copy.
///
/// ```swift
/// let target = try #require(engine.target)
/// let samples = try await target.sample([SampleRequest(path: path, count: 6, sampling: sampling, key: key)])
/// let faster = try SpeculativeDecoder(target: target, draft: draft)
/// ```
public struct LlamaLanguageModel: SpeculativeTarget, ConstrainedLanguageModel {
    /// The engine that it belongs to.
    public let engine: LlamaEngine
    /// The role that its thoughts and its work are charged to.
    public let role: ModelRole

    init(engine: LlamaEngine, role: ModelRole) {
        self.engine = engine
        self.role = role
    }

    public var capabilities: ModelCapabilities {
        // Where the reward model reads this model's own states, a beginning is scored for nothing.
        engine.shared.scoresAreFree(for: role) ? [.earlyRejection, .nextTokenEntropy] : .nextTokenEntropy
    }

    public func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        try engine.openSession(for: problem)
    }

    public func sample(_ requests: [SampleRequest]) async throws -> Samples {
        try await sample(requests, numSpeculativeTokens: 0)
    }

    public func sample(_ request: SampleRequest, grammar: Grammar) async throws -> Samples {
        try await engine.withWorker(for: request.path.problem) { worker, cancellation in
            try await worker.sample(
                [request], role: role, numSpeculativeTokens: 0, grammar: grammar, cancellation: cancellation)
        }
    }

    public func promptTokens(of problem: Problem) async throws -> Int? {
        try await engine.withWorker(for: problem) { worker, _ in try await worker.promptTokens(of: problem, for: role) }
    }

    public func text(of tokens: [Token]) async throws -> String? {
        guard let vocabulary = engine.shared.weights[role]?.vocabulary else { return nil }
        if let token = tokens.first(where: { $0 < 0 || Int($0) >= vocabulary.count }) {
            throw SpecSearchError(
                .badSetting, "There is no token \(token): the vocabulary has \(vocabulary.count).",
                remedy: "Cut texts into tokens by this model's own tokenizer.")
        }
        return vocabulary.text(of: tokens)
    }

    public func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
        try await engine.withWorker(for: paths.first?.problem) { worker, cancellation in
            try await worker.nextTokenEntropies(of: paths, role: role, cancellation: cancellation)
        }
    }

    public func logLikelihoods(
        of paths: [ReasoningPath], sampling: SamplingParameters
    ) async throws -> LogLikelihoods {
        try await engine.withWorker(for: paths.first?.problem) { worker, cancellation in
            try await worker.logLikelihoods(of: paths, sampling: sampling, role: role, cancellation: cancellation)
        }
    }

    public func tokenLogProbabilities(
        of paths: [ReasoningPath], topCount: Int
    ) async throws -> [[TokenLogProbability]]? {
        try await engine.withWorker(for: paths.first?.problem) { worker, cancellation in
            try await worker.tokenLogProbabilities(
                of: paths, topCount: topCount, role: role, cancellation: cancellation)
        }
    }

    public func checkDraft(_ draft: any LanguageModel) throws {
        guard let draft = draft as? LlamaLanguageModel, draft.engine === engine else {
            throw SpecSearchError(
                .mismatch, "The draft is not a model of the target's engine, so it cannot propose tokens to it.",
                remedy: "Load both as one model set, or use a method without token-level speculation.")
        }
        guard draft.role != role else {
            throw SpecSearchError(
                .mismatch, "A model does not propose tokens to itself.", remedy: "Use another model as the draft.")
        }
        try engine.shared.pairing.check()
    }

    public func sample(
        _ requests: [SampleRequest], proposedBy draft: any LanguageModel, numSpeculativeTokens: Int?
    ) async throws -> Samples {
        try checkDraft(draft)
        let count =
            numSpeculativeTokens ?? engine.options.numSpeculativeTokens ?? engine.models.numSpeculativeTokens
            ?? LlamaEngine.Options.usualNumSpeculativeTokens
        guard (0...64).contains(count) else {
            throw SpecSearchError(
                .badSetting, "The draft cannot propose \(count) tokens at once.", remedy: "Use 0 to 64.")
        }
        return try await sample(requests, numSpeculativeTokens: count)
    }

    private func sample(_ requests: [SampleRequest], numSpeculativeTokens: Int) async throws -> Samples {
        try await engine.withWorker(for: requests.first?.path.problem) { worker, cancellation in
            try await worker.sample(
                requests, role: role, numSpeculativeTokens: numSpeculativeTokens, cancellation: cancellation)
        }
    }
}
