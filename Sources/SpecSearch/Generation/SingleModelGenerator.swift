/// One model writes every thought: AR with the large model, SpS with a large model that speculates on tokens itself,
/// and, for comparison, the small model alone.
public struct LargeModelGenerator: ThoughtGenerator {
    /// The model that writes.
    public let author: ModelRole

    public init(author: ModelRole = .target) {
        self.author = author
    }

    public mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[Step]] {
        let expansions = batch.expansions
        let candidates = try await write(
            author, expansions.map(\.width), for: expansions, phase: author == .draft ? .draft : .target, in: context)
        guard batch.isScored else {
            return candidates.map { $0.map { Step(thought: $0.thought, score: 1) } }
        }
        let flat = candidates.enumerated().flatMap { node, found in found.map { (node: node, candidate: $0) } }
        let scores = try await score(flat.map { ($0.node, $0.candidate.thought) }, of: expansions, in: context)
        var children = [[Step]](repeating: [], count: expansions.count)
        var account = DepthAccount(depth: batch.depth ?? 0)
        for ((node, candidate), score) in zip(flat, scores) {
            children[node].append(Step(thought: candidate.thought, score: score))
            let seen = Array(repeating: score, count: candidate.multiplicity)
            if author == .draft { account.keptDrafts += seen } else { account.targetThoughts += seen }
        }
        context.report(account)
        return children
    }
}
