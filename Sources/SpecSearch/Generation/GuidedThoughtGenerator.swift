internal import Foundation

/// GSI, guided speculative inference (Geuter, Mroueh, Alvarez-Melis, "Guided Speculative Inference for Efficient Test-Time
/// Alignment of LLMs", 2025, arXiv 2506.04118), for comparison with rejection by a threshold on rewards alone.
///
/// For one thought, the small model drafts n; each has its reward r tilted to r + (log p − log q) ÷ β, with p and q the
/// probabilities with which the large and the small model write it; one is drawn with weights exp(β · tilted reward), and
/// taken if its tilted reward reaches the threshold. Otherwise the large model writes n thoughts, of which one is drawn with
/// weights exp(β r). Both make the law of thoughts close to p · exp(β r), up to a constant (soft best-of-n).
///
/// Where the search wants N thoughts of a node, N are drawn so, each with replacement from n · N drafts in common, and with
/// n thoughts of the large model for each draft that was not taken; n is the draft factor. With N = 1 and one beam this is
/// the paper's algorithm, which follows one path. p and q are the laws that the models sample from, temperature and
/// filters included (the authors' code takes them at temperature 1). The first step is no exception.
public struct GuidedThoughtGenerator: ThoughtGenerator {
    /// The settings, of which the width, the draft factor and the estimator count.
    public let configuration: SpeculativeThoughtGenerator.Configuration
    /// How sharply rewards count.
    public let beta: Double
    /// What a draft's tilted reward must reach.
    public let threshold: Double

    /// - Returns: Nil if the estimator is none of GSI's.
    public init?(_ configuration: SpeculativeThoughtGenerator.Configuration) {
        guard case .guided(let beta, let threshold) = configuration.rejection.estimator else { return nil }
        self.configuration = configuration
        self.beta = beta
        self.threshold = threshold
    }

    /// A scored thought of a node.
    private struct Weighed {
        var candidate: Candidate
        var score: Double
        /// The score, tilted for drafts.
        var reward: Double
        /// How often it was drawn.
        var draws = 0
    }

    public mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[Step]] {
        let nodes = batch.expansions
        let depth = batch.depth ?? 0
        var drafts = try await written(.draft, nodes.map { configuration.draftFactor * $0.width }, nodes, context)
        for node in nodes.indices {
            draw(nodes[node].width, of: &drafts[node], context.key(for: nodes[node], role: .draft))
        }
        let missing = zip(nodes, drafts).map { expansion, drafts in
            expansion.width - drafts.reduce(0) { $0 + ($1.reward >= threshold ? $1.draws : 0) }
        }
        var corrections = [[Weighed]](repeating: [], count: nodes.count)
        if missing.contains(where: { $0 > 0 }) {
            corrections = try await written(.target, missing.map { configuration.draftFactor * $0 }, nodes, context)
        }
        for node in nodes.indices {
            context.count(corrected: corrections[node].reduce(0) { $0 + $1.candidate.multiplicity })
            draw(missing[node], of: &corrections[node], context.key(for: nodes[node], role: .target))
        }

        var children: [[Step]] = []
        for node in nodes.indices {
            func steps(_ thoughts: [Weighed], where chosen: (Weighed) -> Bool) -> [Step] {
                thoughts.filter { $0.draws > 0 && chosen($0) }.map {
                    Step(thought: $0.candidate.thought, score: $0.score)
                }
            }
            let kept = steps(drafts[node]) { $0.reward >= threshold }
            let rejected = steps(drafts[node]) { $0.reward < threshold }
            let new = steps(corrections[node]) { correction in
                !kept.contains { CandidateFilter.same($0.thought, correction.candidate.thought) }
            }
            context.emit(.accepted(depth: depth, node: nodes[node].identity, steps: kept))
            if !rejected.isEmpty { context.emit(.rejected(depth: depth, node: nodes[node].identity, steps: rejected)) }
            if !new.isEmpty { context.emit(.corrected(depth: depth, node: nodes[node].identity, steps: new)) }
            children.append(kept + new)
        }
        report(drafts, corrections, depth: depth, in: context)
        return children
    }

    /// Thoughts by one author, scored, and drafts tilted.
    private func written(
        _ author: ModelRole, _ counts: [Int], _ nodes: [Expansion], _ context: SearchContext
    ) async throws -> [[Weighed]] {
        let isDraft = author == .draft
        let candidates = try await write(author, counts, for: nodes, phase: isDraft ? .draft : .correct, in: context)
        let flat = candidates.enumerated().flatMap { node, found in found.map { (node: node, candidate: $0) } }
        let paths = flat.map { nodes[$0.node].node.path.appending($0.candidate.thought) }
        let identities = flat.map { nodes[$0.node].identity }
        var thoughts = [[Weighed]](repeating: [], count: nodes.count)
        if isDraft {
            let answers = try await context.evaluateWithLikelihoods(paths, nodes: identities)
            for ((node, candidate), answer) in zip(flat, answers) {
                guard let own = candidate.thought.logProbability else {
                    throw EngineError(
                        .badSetting, "The draft does not tell how likely its steps are, which GSI asks for.",
                        remedy: "Use the embedded engine, or another rule.")
                }
                let reward = answer.score + (answer.logLikelihood - own) / beta
                thoughts[node].append(Weighed(candidate: candidate, score: answer.score, reward: reward))
            }
        } else {
            for ((node, candidate), score) in zip(flat, try await context.evaluate(paths, nodes: identities)) {
                thoughts[node].append(Weighed(candidate: candidate, score: score, reward: score))
            }
        }
        return thoughts
    }

    /// Draws thoughts with weights exp(β · reward), times how often each was written.
    private func draw(_ count: Int, of thoughts: inout [Weighed], _ key: RandomKey) {
        guard let best = thoughts.map(\.reward).max() else { return }
        let weights = thoughts.map { Double($0.candidate.multiplicity) * exp(beta * ($0.reward - best)) }
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

    private func report(
        _ drafts: [[Weighed]], _ corrections: [[Weighed]], depth: Int, in context: SearchContext
    ) {
        func samples(_ thoughts: [Weighed]) -> Int { thoughts.reduce(0) { $0 + $1.candidate.multiplicity } }
        func scores(_ thoughts: [Weighed], _ times: (Weighed) -> Int) -> [Double] {
            thoughts.flatMap { Array(repeating: $0.score, count: times($0)) }
        }
        let all = drafts.flatMap(\.self)
        let accepted = all.filter { $0.reward >= threshold }
        context.count(judged: samples(all), unique: all.count, kept: samples(accepted))
        context.report(
            DepthAccount(
                depth: depth, keptDrafts: scores(accepted, \.draws),
                targetThoughts: scores(corrections.flatMap(\.self), \.candidate.multiplicity),
                judged: scores(all, \.candidate.multiplicity), accepted: samples(accepted)))
    }
}
