/// The cost of a call, or of a whole search, by model.
public struct Usage: Sendable, Hashable, Codable {
    /// The models that did any work.
    public var models: [ModelRole: ModelUsage]

    public init(models: [ModelRole: ModelUsage] = [:]) {
        self.models = models
    }

    /// The work of one model; zero where it did none.
    public subscript(role: ModelRole) -> ModelUsage {
        get { models[role] ?? ModelUsage() }
        set { models[role] = newValue }
    }

    /// Tokens that went through any model.
    public var totalTokens: Int { models.values.reduce(0) { $0 + $1.evaluatedTokens } }

    public static func += (left: inout Usage, right: Usage) {
        for (role, usage) in right.models { left[role] += usage }
    }
}

/// The work of one model.
public struct ModelUsage: Sendable, Hashable, Codable {
    /// Tokens that went through the model, whatever for.
    public var evaluatedTokens = 0
    /// Of the evaluated tokens, those of prompts and of other models' thoughts that this model had to catch up on.
    public var prefillTokens = 0
    /// Tokens that stand in thoughts which the model generated (after token-level rejection).
    public var outputTokens = 0
    /// Tokens proposed to this model by a token-level draft.
    public var proposedTokens = 0
    /// Of the proposed tokens, those it accepted.
    public var acceptedTokens = 0
    /// Tokens into which thoughts of models with another vocabulary were cut for this one.
    public var retokenizedTokens = 0
    /// Forward passes.
    public var decodes = 0
    /// Seconds inside forward passes.
    public var seconds = 0.0

    public init() {}

    /// Counts that can be, and whose sums over any search do not overflow.
    package static let plausibleCounts = 0...(1 << 40)

    /// Times that can be, in seconds, and whose sums are finite.
    package static let plausibleSeconds = 0...1e12

    /// Records of earlier versions do not have all of it.
    ///
    /// - Throws: `DecodingError` for counts that cannot be.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        func count(_ key: CodingKeys) throws -> Int {
            try values.decode(key, in: Self.plausibleCounts)
        }
        evaluatedTokens = try count(.evaluatedTokens)
        prefillTokens = try count(.prefillTokens)
        outputTokens = try count(.outputTokens)
        proposedTokens = try count(.proposedTokens)
        acceptedTokens = try count(.acceptedTokens)
        retokenizedTokens = values.contains(.retokenizedTokens) ? try count(.retokenizedTokens) : 0
        decodes = try count(.decodes)
        seconds = try values.decode(.seconds, in: Self.plausibleSeconds)
    }

    public static func += (left: inout ModelUsage, right: ModelUsage) {
        left.evaluatedTokens += right.evaluatedTokens
        left.prefillTokens += right.prefillTokens
        left.outputTokens += right.outputTokens
        left.proposedTokens += right.proposedTokens
        left.acceptedTokens += right.acceptedTokens
        left.retokenizedTokens += right.retokenizedTokens
        left.decodes += right.decodes
        left.seconds += right.seconds
    }
}
