/// Lookahead: a thought is scored by where it leads.
///
/// After every unfinished child, up to `steps` greedy steps are written, by the target, or by the draft where the search
/// has drafts; their scores rank the child in place of its own (as ``Node/score(_:)`` says), and their texts are dropped.
/// Snell et al., "Scaling LLM Test-Time Compute Optimally can be More Effective than Scaling Model Parameters", 2024
/// (arXiv 2408.03314). Rejection still compares the thought's own score, so thresholds stay comparable.
struct Lookahead {
    let steps: Int
    let author: ModelRole

    init?(_ configuration: SearchConfiguration) {
        guard configuration.lookahead > 0 else { return nil }
        steps = configuration.lookahead
        author = configuration.method == .specsearch || configuration.method == .draft ? .draft : .target
    }

    /// The children of a batch, with what was seen beyond them.
    func extend(
        _ children: [[Step]], of batch: ExpansionBatch, in context: SearchContext
    ) async throws -> [[Step]] {
        var children = children
        // Places in the batch name the lookahead's nodes; its samples lie far off those that the search itself draws.
        var fronts: [(parent: Int, child: Int, expansion: Expansion)] = []
        for (parent, steps) in children.enumerated() {
            for (child, step) in steps.enumerated() where step.thought.stop != .endOfSequence {
                let node = batch.expansions[parent].node.appending(step)
                fronts.append((parent, child, Expansion(node: node, identity: fronts.count, width: 1)))
            }
        }
        for _ in 0..<steps where !fronts.isEmpty {
            let requests = fronts.map { front in
                var request = context.request(for: front.expansion, count: 1, role: author, offset: 1 << 24)
                request.parameters.temperature = 0
                return request
            }
            let written = try await context.sample(
                author, requests, nodes: fronts.map(\.expansion.identity), phase: .lookahead)
            var next: [(parent: Int, child: Int, expansion: Expansion)] = []
            for (front, thoughts) in zip(fronts, written) {
                let previous = front.expansion.node.steps.last?.thought
                for candidate in CandidateFilter.candidates(thoughts, after: previous) {
                    var front = front
                    front.expansion.node = front.expansion.node.appending(Step(thought: candidate.thought, score: 1))
                    next.append(front)
                }
            }
            let scores = try await context.evaluate(
                next.map(\.expansion.node.path), nodes: next.map(\.expansion.identity))
            for (front, score) in zip(next, scores) {
                children[front.parent][front.child].lookahead =
                    (children[front.parent][front.child].lookahead ?? []) + [score]
            }
            fronts = next.filter { !$0.expansion.node.isFinished }
        }
        return children
    }
}
