/// A way to expand nodes; what makes AR, SpS and SpecSearch differ.
public protocol ThoughtGenerator: Sendable {
    /// The children of all nodes of a batch, which have the same depth, written and scored in one go.
    ///
    /// - Parameters:
    ///   - batch: The nodes, and how many thoughts each is to have.
    ///   - context: The models, which also counts what they cost.
    /// - Returns: As many arrays as there are expansions; an empty one means that the node is dead.
    mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[Step]]
}

extension ThoughtGenerator {
    /// Candidates written by one model for each node: `count` samples, and as many again for a node whose samples were
    /// all unusable though not all cut by length (an empty first thought is retried once, not banned).
    func write(
        _ role: ModelRole, _ counts: [Int], for expansions: [Expansion], phase: SearchPhase,
        in context: SearchContext
    ) async throws -> [[Candidate]] {
        var candidates = [[Candidate]](repeating: [], count: expansions.count)
        var waiting = expansions.indices.filter { counts[$0] > 0 }
        for attempt in 0...1 where !waiting.isEmpty {
            let requests = waiting.map { index in
                context.request(
                    for: expansions[index], count: counts[index], role: role, offset: attempt * counts[index])
            }
            let samples = try await context.sample(
                role, requests, nodes: waiting.map { expansions[$0].identity }, phase: phase)
            var retry: [Int] = []
            for (index, thoughts) in zip(waiting, samples) {
                candidates[index] = CandidateFilter.candidates(
                    thoughts, after: expansions[index].node.steps.last?.thought)
                if candidates[index].isEmpty, thoughts.contains(where: { $0.stop != .length }) { retry.append(index) }
            }
            waiting = retry
        }
        return candidates
    }

    /// The scores of thoughts, each given with its place among the expansions, in one batch.
    func score(
        _ thoughts: [(node: Int, thought: Thought)], of expansions: [Expansion], in context: SearchContext
    ) async throws -> [Double] {
        try await context.evaluate(
            thoughts.map { expansions[$0.node].node.path.appending($0.thought) },
            nodes: thoughts.map { expansions[$0.node].identity })
    }
}
