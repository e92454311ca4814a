internal import Foundation

/// GSI, guided speculative inference (Geuter, Mroueh, Alvarez-Melis, "Guided Speculative Inference for Efficient Test-Time
/// Alignment of LLMs", 2025, arXiv 2506.04118), for comparison with rejection by a threshold on rewards alone.
///
/// For one thought, the draft model drafts n; each has its reward r tilted to r + (log p − log q) ÷ β, with p and q the
/// probabilities with which the target and the draft model generate it; one is drawn with weights exp(β · tilted reward),
/// and taken if its tilted reward reaches the threshold. Otherwise the target generates n thoughts, of which one is drawn
/// with weights exp(β r). Both make the distribution of thoughts close to p · exp(β r), up to a constant (soft best-of-n).
///
/// Where the search wants N thoughts of a node, N are drawn so, each with replacement from n · N drafts in common, and with
/// n thoughts of the target for each draft that was not taken; n is the draft factor. With N = 1 and one beam this is the
/// paper's algorithm, which follows one path. p and q are the distributions that the models sample from, temperature and
/// filters included (the authors' code takes them at temperature 1). The first step is no exception.
public struct GuidedThoughtGenerator: ThoughtGenerator {
    /// The settings of the generator; the defaults are its authors'.
    public struct Configuration: Sendable, Hashable {
        /// Drafts a node, as a multiple of its N.
        public var draftFactor = 2
        /// The weight of rewards.
        public var beta = 20.0
        /// The tilted reward that a draft must reach.
        public var threshold = 0.5

        public init() {}
    }

    public let configuration: Configuration
    public var needs: ModelNeeds { ModelNeeds(draft: true, target: .speculativeIfPaired, scores: true) }

    public init(_ configuration: Configuration = Configuration()) { self.configuration = configuration }

    /// A scored thought of a node.
    private struct Weighed {
        var id: NodeID
        /// The score, tilted for drafts.
        var reward: Double
        /// The number of times that it was drawn.
        var draws = 0
    }

    public mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[NodeID]] {
        let nodes = batch.expansions
        let threshold = configuration.threshold
        func draw(_ count: Int, of thoughts: inout [Weighed], _ place: Int, _ role: ModelRole) {
            let key = context.key(for: nodes[place], depth: batch.depth, role: role)
            self.draw(count, of: &thoughts, key, context.tree)
        }
        var drafts = try await weighed(.draft, nodes.map { configuration.draftFactor * $0.width }, batch, context)
        for place in nodes.indices { draw(nodes[place].width, of: &drafts[place], place, .draft) }
        let missing = zip(nodes, drafts).map { expansion, drafts in
            expansion.width - drafts.reduce(0) { $0 + ($1.reward >= threshold ? $1.draws : 0) }
        }
        var corrections = nodes.map { _ in [Weighed]() }
        if missing.contains(where: { $0 > 0 }) {
            corrections = try await weighed(.target, missing.map { configuration.draftFactor * $0 }, batch, context)
        }
        for place in nodes.indices { draw(missing[place], of: &corrections[place], place, .target) }
        return nodes.indices.map { place in
            func ids(_ thoughts: [Weighed], where chosen: (Weighed) -> Bool) -> [NodeID] {
                thoughts.filter(chosen).map(\.id)
            }
            let kept = ids(drafts[place]) { $0.draws > 0 && $0.reward >= threshold }
            let words = Set(kept.map { CandidateFilter.Words(context.tree[$0].thought) })
            let isKept = { (weighed: Weighed) in
                words.contains(CandidateFilter.Words(context.tree[weighed.id].thought))
            }
            let new = ids(corrections[place]) { $0.draws > 0 && !isKept($0) }
            let node = nodes[place].node
            context.resolve(kept, as: .accepted, below: node, threshold: nil)
            context.resolve(
                ids(drafts[place]) { $0.draws == 0 && $0.reward >= threshold }, as: .surplus, below: node,
                threshold: nil)
            context.resolve(ids(drafts[place]) { $0.reward < threshold }, as: .rejected, below: node, threshold: nil)
            context.resolve(
                ids(corrections[place]) { $0.draws == 0 || isKept($0) }, as: .duplicate, below: node, threshold: nil)
            context.resolve(new, as: .correction, below: node, threshold: nil)
            return kept + new
        }
    }

    /// Thoughts by one source, scored, and drafts tilted.
    private func weighed(
        _ source: ModelRole, _ counts: [Int], _ batch: ExpansionBatch, _ context: SearchContext
    ) async throws -> [[Weighed]] {
        let isDraft = source == .draft
        var nodes = try await context.sample(source, counts, for: batch, phase: isDraft ? .draft : .correct)
        let all = try await context.score(Array(nodes.joined()))
        nodes = nodes.map { $0.filter { context.tree[$0].state != .lost } }
        let likelihoods = isDraft ? try await context.logLikelihoods(of: all, by: .target) : []
        var tilts: [NodeID: Double] = [:]
        for (id, likelihood) in zip(all, likelihoods) {
            guard let own = context.tree[id].thought.logProbability else {
                throw SpecSearchError(
                    .unsupported, "The draft does not say how likely its steps are, which GSI asks for.",
                    remedy: "Use the embedded engine, or another method.")
            }
            tilts[id] = (likelihood - own) / configuration.beta
        }
        return nodes.map { ids in
            ids.map { Weighed(id: $0, reward: (context.tree[$0].score ?? 1) + (tilts[$0] ?? 0)) }
        }
    }

    /// Draws thoughts with weights exp(β · reward), times how often each was sampled.
    private func draw(_ count: Int, of thoughts: inout [Weighed], _ key: RandomKey, _ tree: SearchTree) {
        guard let best = thoughts.map(\.reward).max() else { return }
        let weights = thoughts.map {
            Double(tree[$0.id].samples) * exp(configuration.beta * ($0.reward - best))
        }
        let total = weights.reduce(0, +)
        for sample in 0..<count {
            var rest = key.sample(sample).uniform(position: 0, purpose: .search) * total
            let drawn = weights.firstIndex { weight in
                rest -= weight
                return rest < 0
            }
            thoughts[drawn ?? thoughts.count - 1].draws += 1
        }
    }
}

extension ThoughtGenerator where Self == GuidedThoughtGenerator {
    /// GSI with its authors' settings.
    public static func gsi(_ configuration: GuidedThoughtGenerator.Configuration = .init()) -> GuidedThoughtGenerator {
        GuidedThoughtGenerator(configuration)
    }
}
