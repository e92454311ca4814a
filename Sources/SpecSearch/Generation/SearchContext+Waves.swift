extension SearchContext {
    /// Samples in waves until a node's thoughts cannot get any better, and scores between them.
    ///
    /// A node has enough once as many of its thoughts as the search can use have the full score, 1: the rest could only be as good.
    ///
    /// - Parameters:
    ///   - waves: The number of parts; 1 samples all at once.
    ///   - others: For each node, thoughts that it has already.
    ///   - score: Scores candidates that have no score yet.
    func sample(
        _ role: ModelRole, _ counts: [Int], inWaves waves: Int, besides others: [[NodeID]]? = nil,
        for batch: ExpansionBatch, phase: SearchPhase, score: ([[NodeID]]) async throws -> Void
    ) async throws -> [[NodeID]] {
        let sizes = counts.map { $0.inWaves(waves) }
        let candidates = try await sample(role, counts, inWavesOf: sizes, for: batch, phase: phase) { candidates in
            try await score(candidates)
            return batch.expansions.indices.map { place in
                let wanted = batch.expansions[place].mostUsable(in: batch)
                // What says the same is one thought.
                let best = (candidates[place] + (others?[place] ?? [])).filter { tree[$0].isUnbeatable }
                return Set(best.map { CandidateFilter.Words(tree[$0].thought) }).count >= wanted
            }
        }
        try await score(candidates)
        return candidates
    }

    /// Scores those of some nodes that have no score yet.
    func scoreNew(_ nodes: some Sequence<NodeID>) async throws {
        try await score(nodes.filter { tree[$0].score == nil && tree[$0].state != .lost })
    }
}

extension Int {
    /// The samples of each of so many waves, the last of which may have fewer.
    func inWaves(_ waves: Int) -> Int { (self + waves - 1) / waves }
}

extension Expansion {
    /// The most thoughts of this node that the search can use.
    func mostUsable(in batch: ExpansionBatch) -> Int { max(1, needed, min(batch.usable, width)) }
}

extension SearchTree.Node {
    /// Whether no score could be better.
    ///
    /// Raw scores, by which calibrated reward models rank, have no end that is known.
    var isUnbeatable: Bool { score == 1 && rawScore == nil && state != .lost }
}
