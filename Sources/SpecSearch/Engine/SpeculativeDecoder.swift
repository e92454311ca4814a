/// A language model that can verify tokens which another model proposes.
public protocol SpeculativeTarget: LanguageModel {
    /// Whether `draft` can propose tokens to this model: mostly, whether they share a vocabulary.
    ///
    /// - Throws: ``SpecSearchError`` `mismatch`, naming the reason, where it cannot.
    func checkDraft(_ draft: any LanguageModel) throws

    /// Samples as ``LanguageModel/sample(_:)`` does, several tokens a forward pass: `draft` proposes up to
    /// `numSpeculativeTokens` at a time, and this model accepts or replaces them by rejection sampling, so that its
    /// distribution stays the same. Nil takes as many as suit the models, 0 none.
    func sample(
        _ requests: [SampleRequest], proposedBy draft: any LanguageModel, numSpeculativeTokens: Int?
    ) async throws -> Samples
}

/// Two language models as one: a draft proposes tokens and the target verifies them, which follows the target's
/// distribution exactly (speculative sampling: Leviathan and others 2023; Chen and others 2023).
///
/// ```swift
/// let decoder = try SpeculativeDecoder(target: large, draft: small)
/// let samples = try await decoder.sample(requests)
/// ```
public struct SpeculativeDecoder: LanguageModel {
    /// The model whose distribution the samples follow.
    public let target: any SpeculativeTarget
    /// The model that proposes tokens.
    public let draft: any LanguageModel
    /// The most tokens of a proposal; nil for what suits the models.
    public let numSpeculativeTokens: Int?

    /// - Throws: ``SpecSearchError`` `mismatch` or `unsupported` where the models cannot be paired, naming the reason.
    public init(target: any LanguageModel, draft: any LanguageModel, numSpeculativeTokens: Int? = nil) throws {
        guard let target = target as? any SpeculativeTarget else {
            throw SpecSearchError(
                .unsupported, "This target does not verify tokens that another model proposes.",
                remedy: "Use the method ar, or let the server speculate by itself.")
        }
        try target.checkDraft(draft)
        self.target = target
        self.draft = draft
        self.numSpeculativeTokens = numSpeculativeTokens
    }

    public var capabilities: ModelCapabilities { target.capabilities.intersection(.nextTokenEntropy) }

    public func sample(_ requests: [SampleRequest]) async throws -> Samples {
        try await target.sample(requests, proposedBy: draft, numSpeculativeTokens: numSpeculativeTokens)
    }

    public func promptTokens(of problem: Problem) async throws -> Int? { try await target.promptTokens(of: problem) }

    public func text(of tokens: [Token]) async throws -> String? { try await target.text(of: tokens) }

    public func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
        try await target.nextTokenEntropies(of: paths)
    }

    public func logLikelihoods(
        of paths: [ReasoningPath], sampling: SamplingParameters
    ) async throws -> LogLikelihoods {
        try await target.logLikelihoods(of: paths, sampling: sampling)
    }

    public func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        try await CombinedSession.open([target, draft], for: problem)
    }
}
