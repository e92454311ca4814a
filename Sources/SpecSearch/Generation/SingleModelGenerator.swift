/// One model generates every thought: the target alone (AR), the target with token-level speculation (SpS), or, for
/// comparison, the draft alone.
public struct SingleModelGenerator: ThoughtGenerator {
    /// The model that generates.
    public let role: ModelRole
    public let needs: ModelNeeds
    /// The parts in which a node's thoughts are sampled; see ``SpeculativeThoughtGenerator/Configuration/targetWaves``.
    public let waves: Int

    /// The target.
    ///
    /// - Parameter isSpeculative: Whether the draft proposes tokens to it.
    public init(isSpeculative: Bool = false, waves: Int = 1) {
        role = .target
        self.waves = waves
        needs = ModelNeeds(target: isSpeculative ? .speculative : .autoregressive)
    }

    /// The draft, or the target token by token.
    public init(role: ModelRole) {
        self.role = role
        waves = 1
        needs = role == .draft ? ModelNeeds(draft: true) : ModelNeeds(target: .autoregressive)
    }

    public mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[NodeID]] {
        try await context.sample(
            role, batch.expansions.map(\.width), inWaves: batch.isScored ? waves : 1, for: batch,
            phase: role == .draft ? .draft : .target
        ) { candidates in
            if batch.isScored { try await context.scoreNew(candidates.joined()) }
        }
    }
}

extension ThoughtGenerator where Self == SingleModelGenerator {
    /// The target alone, token by token (AR).
    public static var targetOnly: SingleModelGenerator { SingleModelGenerator() }

    /// The target with token-level speculation by the draft (SpS).
    public static var speculativeDecoding: SingleModelGenerator { SingleModelGenerator(isSpeculative: true) }

    /// The draft alone.
    public static var draftOnly: SingleModelGenerator { SingleModelGenerator(role: .draft) }
}
