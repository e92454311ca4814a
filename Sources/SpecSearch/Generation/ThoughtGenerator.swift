/// A way to expand nodes; what makes AR, SpS and SpecSearch differ.
///
/// ```swift
/// struct Targets: ThoughtGenerator {
///     let needs = ModelNeeds(target: .autoregressive)
///     mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[NodeID]] {
///         let children = try await context.sample(.target, batch.expansions.map(\.width), for: batch, phase: .target)
///         try await context.score(Array(children.joined()))
///         return children
///     }
/// }
/// ```
/// A generator is a value: each search works on a copy of the one that it was given.
public protocol ThoughtGenerator: Sendable {
    /// The models that it asks for.
    var needs: ModelNeeds { get }

    /// The children of all nodes of a batch, which have the same depth, sampled and scored in one go.
    ///
    /// - Parameters:
    ///   - batch: The nodes, and how many thoughts each is to have.
    ///   - context: The models and the tree, which also counts what they cost.
    /// - Returns: As many arrays as there are expansions; an empty one means that the node is dead.
    mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[NodeID]]
}

/// The models that a ``ThoughtGenerator`` asks for; the reward model is there for all, where the engine has one.
public struct ModelNeeds: Sendable, Hashable {
    /// The way in which the target samples.
    public enum Target: Sendable, Hashable {
        /// Token by token.
        case autoregressive
        /// With tokens proposed by the draft; an error where the two cannot be paired. A model on servers, which takes no
        /// proposals, samples as its servers do.
        case speculative
        /// With tokens proposed by the draft where the two can be paired, else token by token.
        case speculativeIfPaired
        /// In whichever way the generator asks for, with the draft and token-level speculation where the engine has them.
        case adaptive
    }

    /// Whether the draft generates thoughts.
    public var draft: Bool
    /// The way in which the target samples; nil where it is not asked.
    public var target: Target?
    /// Whether it cannot do without scores, even in a search that looks at none.
    public var scores: Bool
    /// What the draft has to be able to do; an error where it is not.
    public var draftCapabilities: ModelCapabilities

    public init(
        draft: Bool = false, target: Target? = nil, scores: Bool = false, draftCapabilities: ModelCapabilities = []
    ) {
        self.draft = draft
        self.target = target
        self.scores = scores
        self.draftCapabilities = draftCapabilities
    }
}
