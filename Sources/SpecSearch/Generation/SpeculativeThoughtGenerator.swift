/// SpecSearch (Wang et al., ICML 2025): the small model drafts, the reward model judges, the large model writes only what
/// was rejected.
///
/// The first step is all the large model's and sets the threshold. From then on, for all nodes of a depth in one batch:
/// draft, evaluate, reject below β̂, correct, evaluate the corrections, update β̂ once. Corrections are whole new thoughts
/// from the parent's prefix; nothing of a rejected draft's text is reused, since conditioning on the rejection would
/// change the large model's law.
///
/// N counts samples, and a duplicate fills the slot that it was sampled for: a kept draft that came up `m` times fills
/// `m` of the node's N slots. AR does not ask again for its merged duplicates either; and where a step is nearly
/// certain, counting unique texts would have the large model write copies of a thought that is already there.
public struct SpeculativeThoughtGenerator: ThoughtGenerator {
    /// Which rejected thoughts the large model writes anew.
    public enum Correction: String, Sendable, Hashable, Codable, CaseIterable {
        /// As many as fill the node's N slots: a node never costs more large-model thoughts than AR, the extra aside.
        case fill
        /// One for every rejected draft.
        case all
        /// Only as many as the search can still use, none where kept drafts already cover the beam.
        case cover
    }

    /// When the large model writes one more thought than it has to.
    public enum ExtraThought: String, Sendable, Hashable, Codable, CaseIterable {
        case whenCorrecting, always, never
    }

    /// The settings.
    public struct Configuration: Sendable, Hashable, Codable {
        /// N, the thoughts that a node hands to the search where the search does not say (REBASE and chains do).
        public var width = 6
        /// Drafts a node, as a multiple of its N.
        public var draftFactor = 2
        public var rejection = RejectionPolicy()
        public var correction = Correction.fill
        public var extraThought = ExtraThought.whenCorrecting

        public init() {}
    }

    public let configuration: Configuration
    private var thresholds: ThresholdSequence

    public init(_ configuration: Configuration) {
        self.configuration = configuration
        thresholds = ThresholdSequence(policy: configuration.rejection)
    }

    public mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[Step]] {
        let nodes = batch.expansions
        guard let depth = batch.depth, depth > 0 else { return try await firstStep(nodes, in: context) }
        let bound = thresholds.bound(at: depth)
        let threshold = bound.isFinite ? bound : nil
        let estimate = thresholds.threshold(at: depth)
        let drafts = try await judgedDrafts(nodes, depth: depth, in: context)
        let counts = corrections(drafts, of: batch)
        let corrected = try await correct(nodes, counts, drafts, in: context)

        var children = [[Step]](repeating: [], count: nodes.count)
        var targetScores: [Double] = []
        var draftScores: [Double] = []
        for node in nodes.indices {
            let kept = drafts[node].kept.map { Step(thought: $0.thought, score: $0.score, threshold: threshold) }
            let new = corrected[node].filter(\.isNew)
                .map { Step(thought: $0.candidate.thought, score: $0.score, threshold: threshold) }
            children[node] = kept + new
            draftScores += drafts[node].kept.flatMap { Array(repeating: $0.score, count: $0.multiplicity) }
            targetScores += corrected[node].flatMap { Array(repeating: $0.score, count: $0.candidate.multiplicity) }
            let identity = nodes[node].identity
            context.emit(.accepted(depth: depth, node: identity, steps: kept))
            let rejected = drafts[node].rejected
                .map { Step(thought: $0.thought, score: $0.score, threshold: threshold) }
            if !rejected.isEmpty { context.emit(.rejected(depth: depth, node: identity, steps: rejected)) }
            if !new.isEmpty { context.emit(.corrected(depth: depth, node: identity, steps: new)) }
        }
        context.report(
            DepthAccount(
                depth: depth, threshold: estimate.isFinite ? estimate : nil, bound: threshold, keptDrafts: draftScores,
                targetThoughts: targetScores, judged: drafts.flatMap(\.scores),
                accepted: drafts.reduce(0) { $0 + $1.acceptedSamples }))
        update(target: targetScores, drafts: draftScores, depth: depth, in: context)
        return children
    }

    private mutating func firstStep(_ nodes: [Expansion], in context: SearchContext) async throws -> [[Step]] {
        let candidates = try await write(
            .target, nodes.map(\.width), for: nodes, phase: .target, in: context)
        let flat = candidates.enumerated().flatMap { node, found in found.map { (node: node, candidate: $0) } }
        let scores = try await score(flat.map { ($0.node, $0.candidate.thought) }, of: nodes, in: context)
        var children = [[Step]](repeating: [], count: nodes.count)
        var seen: [Double] = []
        for ((node, candidate), score) in zip(flat, scores) {
            children[node].append(Step(thought: candidate.thought, score: score))
            seen += Array(repeating: score, count: candidate.multiplicity)
        }
        context.report(DepthAccount(depth: 0, targetThoughts: seen))
        update(target: seen, drafts: [], depth: 0, in: context)
        return children
    }

    private mutating func update(target: [Double], drafts: [Double], depth: Int, in context: SearchContext) {
        thresholds.update(at: depth, target: target, keptDrafts: drafts)
        // Where the search came back to a depth, the next one already goes its own way.
        let changed = thresholds.hasSlot(at: depth + 1) ? depth : depth + 1
        let next = thresholds.threshold(at: changed)
        context.emit(.thresholdUpdated(depth: changed, threshold: next.isFinite ? next : nil))
    }

    // MARK: Drafts

    private struct Judged {
        var thought: Thought
        var score: Double
        var multiplicity: Int
    }

    private struct NodeDrafts {
        var kept: [Judged] = []
        var rejected: [Judged] = []
        /// The scores of all judged samples.
        var scores: [Double] = []
        /// Samples at or above the bound, of which the N best texts are kept.
        var acceptedSamples = 0

        var keptSamples: Int { kept.reduce(0) { $0 + $1.multiplicity } }
        var rejectedSamples: Int { rejected.reduce(0) { $0 + $1.multiplicity } }
    }

    private func judgedDrafts(
        _ nodes: [Expansion], depth: Int, in context: SearchContext
    ) async throws -> [NodeDrafts] {
        let candidates = try await write(
            .draft, nodes.map { configuration.draftFactor * $0.width }, for: nodes, phase: .draft, in: context)
        let flat = candidates.enumerated().flatMap { node, found in found.map { (node: node, candidate: $0) } }
        let scores = try await score(flat.map { ($0.node, $0.candidate.thought) }, of: nodes, in: context)
        var drafts = [NodeDrafts](repeating: NodeDrafts(), count: nodes.count)
        for ((node, candidate), score) in zip(flat, scores) {
            let judged = Judged(thought: candidate.thought, score: score, multiplicity: candidate.multiplicity)
            drafts[node].scores += Array(repeating: score, count: candidate.multiplicity)
            let key = context.key(for: nodes[node], role: .draft).sample(candidate.sampleIndex)
            if thresholds.rejects(score: score, depth: depth, key: key) {
                drafts[node].rejected.append(judged)
            } else {
                drafts[node].kept.append(judged)
            }
        }
        for node in nodes.indices {
            // The N best of the kept; ties stay in the order of the samples.
            let ranked = drafts[node].kept.enumerated()
                .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
                .map(\.element)
            drafts[node].kept = Array(ranked.prefix(nodes[node].width))
            drafts[node].acceptedSamples = ranked.reduce(0) { $0 + $1.multiplicity }
            context.count(
                judged: drafts[node].scores.count, unique: candidates[node].count, kept: drafts[node].acceptedSamples)
        }
        return drafts
    }

    // MARK: Corrections

    /// How many thoughts the large model writes for each node.
    private func corrections(_ drafts: [NodeDrafts], of batch: ExpansionBatch) -> [Int] {
        let covered = drafts.reduce(0) { $0 + $1.kept.count }
        return zip(batch.expansions, drafts).map { expansion, node in
            let unfilled = max(0, expansion.width - node.keptSamples)
            let need =
                switch configuration.correction {
                case .fill: unfilled
                case .all: node.rejectedSamples
                case .cover: min(unfilled, max(0, batch.usable - covered, expansion.needed - node.kept.count))
                }
            switch configuration.extraThought {
            case .always: return need + 1
            case .whenCorrecting: return need > 0 ? need + 1 : 0
            case .never: return need
            }
        }
    }

    private struct WrittenCorrection {
        var candidate: Candidate
        var score: Double
        /// False for a thought that a kept draft already says.
        var isNew: Bool
    }

    private func correct(
        _ nodes: [Expansion], _ counts: [Int], _ drafts: [NodeDrafts], in context: SearchContext
    ) async throws -> [[WrittenCorrection]] {
        guard counts.contains(where: { $0 > 0 }) else {
            return [[WrittenCorrection]](repeating: [], count: nodes.count)
        }
        let candidates = try await write(.target, counts, for: nodes, phase: .correct, in: context)
        var corrections = [[WrittenCorrection]](repeating: [], count: nodes.count)
        var unknown: [(node: Int, thought: Thought)] = []
        var places: [(node: Int, index: Int)] = []
        for (node, found) in candidates.enumerated() {
            context.count(corrected: found.reduce(0) { $0 + $1.multiplicity })
            for candidate in found {
                let kept = drafts[node].kept.first { CandidateFilter.same($0.thought, candidate.thought) }
                let known = kept ?? drafts[node].rejected.first { CandidateFilter.same($0.thought, candidate.thought) }
                if known == nil {
                    unknown.append((node, candidate.thought))
                    places.append((node, corrections[node].count))
                }
                corrections[node].append(
                    WrittenCorrection(candidate: candidate, score: known?.score ?? 0, isNew: kept == nil))
            }
        }
        // A text that was scored as a draft is not scored again.
        for (place, score) in zip(places, try await score(unknown, of: nodes, in: context)) {
            corrections[place.node][place.index].score = score
        }
        return corrections
    }
}
