/// Lookahead around another generator: a thought is scored by where it leads.
///
/// After every unfinished child up to `steps` greedy steps are generated, by the draft where the generator has drafts and
/// else by the target; their scores rank the child in place of its own, and nothing continues their texts. Snell et al.,
/// "Scaling LLM Test-Time Compute Optimally can be More Effective than Scaling Model Parameters", 2024 (arXiv 2408.03314).
/// Rejection still compares the thought's own score, so thresholds stay comparable.
public struct Lookahead: ThoughtGenerator {
    private var base: any ThoughtGenerator
    /// The greedy steps beyond each thought.
    public let steps: Int

    public init(_ base: any ThoughtGenerator, steps: Int) {
        self.base = base
        self.steps = steps
    }

    public var needs: ModelNeeds { base.needs }

    public mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[NodeID]] {
        let children = try await base.expand(batch, in: context)
        let role: ModelRole = needs.draft ? .draft : .target
        // The node that is looked beyond, and the last one that was reached.
        var fronts = children.joined().filter { !context.tree[$0].isFinished && context.tree[$0].state != .lost }
            .map { (child: $0, end: $0) }
        for step in 1...max(1, steps) where !fronts.isEmpty && steps > 0 {
            let batch = ExpansionBatch(
                fronts.enumerated().map { Expansion(node: $1.end, identity: $0, width: 1) },
                depth: batch.depth + step)
            let reached = try await context.lookAhead(role, batch)
            var next: [(child: NodeID, end: NodeID)] = []
            for (front, ends) in zip(fronts, reached) {
                for end in ends { next.append((front.child, end)) }
            }
            let scored = Set(try await context.score(next.map(\.end)))
            next.removeAll { !scored.contains($0.end) }
            for front in next {
                context.extendLookahead(of: front.child, by: context.tree[front.end].score ?? 1)
            }
            fronts = next.filter { !context.tree[$0.end].isFinished }
        }
        return children
    }
}
