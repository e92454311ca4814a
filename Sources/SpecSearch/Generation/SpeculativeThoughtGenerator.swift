/// SpecSearch (Wang et al., ICML 2025): the draft model drafts, the reward model judges, the target regenerates only what
/// was rejected.
///
/// ```swift
/// let search = Search(engine, generator: .specsearch(rule: MyRule()))
/// ```
/// The first step is all the target's and sets the threshold, unless the rule has one for it. From then on, for all nodes of a depth in one batch: draft,
/// score, reject, correct, score the corrections, update the rule once. Corrections are whole new thoughts from the
/// parent's prefix; nothing of a rejected draft's text is reused, since conditioning on the rejection would change the
/// target's distribution.
///
/// With ``Configuration/draftWaves`` W above 1 a node's drafts are sampled in W parts, the later ones only where the
/// earlier ones left slots empty, and not where none of them was kept. Who is in which part goes by the
/// samples' numbers, not by who is done first, so length has no say; in the embedded engine sample i is the same thought in whatever part, while a server's may differ with the
/// call that asks for it. What is never drafted is never judged: acceptance counts the judged drafts only, and the
/// statistics of the threshold those that were kept. A node that had enough early keeps the first N at or above the
/// threshold in place of the N best of all, so the kept drafts' mean and maximum are a little lower than with one part, and
/// the threshold with them; each kept draft has still reached it, and what is inferred from the target's thoughts is
/// untouched.
///
/// N counts samples, and a duplicate fills the slot that it was sampled for: a kept draft that came up `m` times fills
/// `m` of the node's N slots. AR does not ask again for its merged duplicates either; and where a step is nearly
/// certain, counting unique texts would have the target generate copies of a thought that is already there.
public struct SpeculativeThoughtGenerator: ThoughtGenerator {
    /// The number of thoughts that the target generates in place of rejected drafts.
    public enum Correction: String, Sendable, Hashable, Codable, CaseIterable {
        /// As many as fill the node's N slots: a node never costs more target thoughts than AR, the extra one aside.
        case fill
        /// One for every rejected draft.
        case all
        /// Only as many as the search can still use, none where kept drafts already cover the beam.
        case cover
        /// None where kept drafts cover the beam, else as many as the target would generate alone, the node's N.
        ///
        /// So a search that rests on the target has as many tries as AR.
        case whole

        /// Whether nothing is corrected where kept drafts cover the beam.
        var coversBeam: Bool { self == .cover || self == .whole }
    }

    /// The cases in which the target generates one more thought than it has to.
    public enum ExtraThought: String, Sendable, Hashable, Codable, CaseIterable {
        case whenCorrecting = "when-correcting"
        case always, never
    }

    /// The settings of the generator.
    public struct Configuration: Sendable, Hashable {
        /// Drafts a node, as a multiple of its N.
        public var draftFactor = 2
        /// The parts in which the drafts of a node are sampled.
        public var draftWaves = 1
        /// The steps of a path that the draft writes before they are scored, all in one call.
        ///
        /// For chains, and beams of one: it goes on from a node that has a single draft, as one of width 1 has with a
        /// ``draftFactor`` of 1, or where all say the same; not from drafts in ``draftWaves``, some of which are judged before
        /// others are written. What was written behind a rejected step is dropped. The thoughts
        /// are those that would have been drafted step by step, so the result is the same; saved are calls of the reward model,
        /// and lost the steps that are dropped. After Lookahead Reasoning (2506.19830).
        public var draftSteps = 1
        /// The temperature of drafts, where it is not that of the other thoughts.
        ///
        /// Who is judged need not follow a distribution; several drafts want to differ. What a judge makes of a draft's own
        /// probabilities is another matter at another temperature.
        public var draftTemperature: Double?
        /// The parts in which the target's thoughts of a node are sampled, the later ones only until as many as the search can use
        /// have the full score, 1: no other could be better.
        ///
        /// For judges that know, such as the examples of a program; no answer is worse for it by its judge.
        public var targetWaves = 1
        /// The number of thoughts that the target generates in place of rejected drafts.
        public var correction = Correction.fill
        /// The cases in which it generates one more.
        public var extraThought = ExtraThought.whenCorrecting
        /// Whether the best rejected draft of a node goes to the search where it outscores all that the target generated there.
        ///
        /// It costs nothing and never lowers the best score of a node. After Arbitrage (2512.05033), which found that large models
        /// regenerate many steps in vain.
        public var salvages = false
        /// How far below the threshold the beginning of a draft scores that is given up; nil gives up none.
        ///
        /// Given up drafts are rejected ones, whatever a router would say. What their ends would have scored is not known, so the
        /// answer may be another than without it. Nothing is given up where the rule has no bound, nor with ``draftSteps`` above 1;
        /// see ``ModelCapabilities/earlyRejection``.
        public var earlyRejection: Double?
        /// The tokens of a draft after which its beginning is scored.
        public var earlyTokens = 16
        /// The most entropy, in nats, that the draft's first token may have; where it has more, the target generates the step.
        ///
        /// Nil drafts all. Not with ``draftSteps`` above 1. The target's thoughts at such a node are as many as its width, and count as
        /// corrections. The draft has to read the path for it, which is what it has to do to draft. After GlimpRouter
        /// (2601.05110).
        public var draftEntropy: Double?

        var draftCapabilities: ModelCapabilities {
            var needed: ModelCapabilities = []
            if earlyRejection != nil { needed.insert(.earlyRejection) }
            if draftEntropy != nil { needed.insert(.nextTokenEntropy) }
            return needed
        }

        public init() {}
    }

    public let configuration: Configuration
    /// The rule, which says which drafts are kept; its state after the batches so far.
    public private(set) var rule: any RejectionRule
    /// What the draft wrote ahead, by the nodes that it is to follow.
    private var ahead: [NodeID: [NodeID]] = [:]
    public var needs: ModelNeeds {
        ModelNeeds(
            draft: true, target: .speculativeIfPaired, scores: true, draftCapabilities: configuration.draftCapabilities)
    }

    public init(_ configuration: Configuration = Configuration(), rule: any RejectionRule = ThresholdRule()) {
        self.configuration = configuration
        self.rule = rule
    }

    public mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[NodeID]] {
        guard batch.depth > 0 || rule.draftsFirstStep else {
            return try await expandByTarget(batch, isScored: true, in: context)
        }
        let depth = batch.depth
        let bound = rule.bound(at: depth)
        context.note(threshold: rule.threshold(at: depth), bound: bound, depth: depth)
        let drafts = try await judgedDrafts(batch, bound: bound, in: context)
        let counts = corrections(drafts, of: batch)
        if counts.contains(where: { $0 > 0 }) {
            context.beginNext(after: drafts.map(\.kept), change: { asDraft(&$0, bound: nil) }) {
                ahead[$0.node] == nil ? draftCount($0).inWaves(configuration.draftWaves) : 0
            }
        }
        let corrected = try await correct(batch, drafts, counts, bound: bound, in: context)
        var children: [[NodeID]] = []
        var scores = DepthScores()
        let salvaged = batch.expansions.indices.map { place in
            salvage(drafts[place], corrected[place], below: batch.expansions[place].node, bound, in: context)
        }
        // Held only from here on: what is held is copied when the tree changes.
        let tree = context.tree
        for place in batch.expansions.indices {
            children.append(
                drafts[place].kept + corrected[place].filter { tree[$0].state == .correction } + salvaged[place])
            scores.keptDrafts += Self.samples(drafts[place].kept, tree)
            scores.target += Self.samples(corrected[place], tree)
        }
        update(scores, depth: depth, in: context)
        return children
    }

    /// All thoughts by the target, as at the first step; their scores, where there are any, set the threshold.
    mutating func expandByTarget(
        _ batch: ExpansionBatch, isScored: Bool, in context: SearchContext
    ) async throws -> [[NodeID]] {
        let children = try await context.sample(
            .target, batch.expansions.map(\.width), inWaves: isScored ? configuration.targetWaves : 1, for: batch,
            phase: .target
        ) { candidates in
            if isScored { try await context.scoreNew(candidates.joined()) }
        }
        guard isScored else { return children }
        update(
            DepthScores(target: Self.samples(Array(children.joined()), context.tree)), depth: batch.depth, in: context)
        return children
    }

    private mutating func update(_ scores: DepthScores, depth: Int, in context: SearchContext) {
        rule.update(at: depth, with: scores)
        // Where the search came back to a depth, the next one already goes its own way.
        let changed = rule.hasOwnThreshold(at: depth + 1) ? depth : depth + 1
        context.emit(.thresholdUpdated(depth: changed, threshold: rule.threshold(at: changed)))
    }

    /// The scores of nodes, each as often as it was sampled, without those that were lost.
    private static func samples(_ nodes: [NodeID], _ tree: SearchTree) -> [Double] {
        nodes.filter { tree[$0].state != .lost }.flatMap {
            Array(repeating: tree[$0].score ?? 1, count: tree[$0].samples)
        }
    }

    // MARK: Drafts

    /// The fates of a node's drafts.
    private struct NodeDrafts {
        /// The N best that the rule keeps, best first.
        var kept: [NodeID] = []
        var keptSamples = 0
        var rejected: [NodeID] = []
        var rejectedSamples = 0
        /// The rest of those that the rule keeps.
        var surplus: [NodeID] = []

        /// Whether the draft was too unsure to be asked.
        var isSkipped = false

        /// Whether further drafts would hardly do better: a node's drafts share its difficulty, and all so far were rejected.
        var isHopeless: Bool { kept.isEmpty && rejectedSamples > 0 }
    }

    private mutating func judgedDrafts(
        _ batch: ExpansionBatch, bound: Double?, in context: SearchContext
    ) async throws -> [NodeDrafts] {
        let known = batch.expansions.map { ahead.removeValue(forKey: $0.node) }
        let unsure = try await unsureNodes(of: batch, known.map { $0 == nil }, in: context)
        let counts = zip(batch.expansions, known).map {
            $1 == nil && !unsure.contains($0.node) ? draftCount($0) : 0
        }
        let waves = configuration.draftWaves
        let drafted = try await context.sample(
            .draft, counts, inWavesOf: counts.map { $0.inWaves(waves) }, for: batch, phase: .draft,
            change: { asDraft(&$0, bound: bound) }
        ) { [self] drafted in
            let candidates = zip(known, drafted).map { $0 ?? $1 }
            try await context.scoreNew(candidates.joined())
            let judged = judged(candidates, of: batch, in: context)
            return zip(judged, missing(judged, of: batch)).map { $0.isHopeless || $1 == 0 }
        }
        // What was begun for nodes that are not drafted is not waited for.
        if counts.allSatisfy({ $0 == 0 }) { context.foreseeingDraft?.drop() }
        let candidates = zip(known, drafted).map { $0 ?? $1 }
        let later = try await draftAhead(of: batch, zip(known, drafted).map { $0 == nil ? $1 : [] }, in: context)
        try await context.scoreNew(candidates.joined() + later)
        var all = judged(candidates, of: batch, in: context)
        for place in all.indices { all[place].isSkipped = unsure.contains(batch.expansions[place].node) }
        for (expansion, drafts) in zip(batch.expansions, all) {
            context.resolve(drafts.kept, as: .accepted, below: expansion.node, threshold: bound)
            context.resolve(drafts.surplus, as: .surplus, below: expansion.node, threshold: bound)
            context.resolve(drafts.rejected, as: .rejected, below: expansion.node, threshold: bound)
        }
        return all
    }

    /// The nodes at which the draft is too unsure of its first token to write a step.
    private func unsureNodes(
        of batch: ExpansionBatch, _ isToBeDrafted: [Bool], in context: SearchContext
    ) async throws -> Set<NodeID> {
        guard let most = configuration.draftEntropy else { return [] }
        var nodes: [NodeID] = []
        for (expansion, isNew) in zip(batch.expansions, isToBeDrafted) where isNew && !nodes.contains(expansion.node) {
            nodes.append(expansion.node)
        }
        let entropies = try await context.nextTokenEntropies(of: nodes, by: .draft)
        return Set(zip(nodes, entropies).filter { $0.1 > most }.map(\.0))
    }

    /// Asks for drafts in their own way.
    ///
    /// - Parameter bound: What they have to reach, where it is known.
    private func asDraft(_ request: inout SampleRequest, bound: Double?) {
        if let temperature = configuration.draftTemperature { request.sampling.temperature = temperature }
        if let bound, let margin = configuration.earlyRejection {
            request.earlyRejection = EarlyRejection(tokens: configuration.earlyTokens, bound: bound - margin)
        }
    }

    private func draftCount(_ expansion: Expansion) -> Int { configuration.draftFactor * expansion.width }

    /// Drafts the steps after single drafts, unless they end their path.
    ///
    /// - Returns: All of them, in the order of drafting.
    private mutating func draftAhead(
        of batch: ExpansionBatch, _ drafted: [[NodeID]], in context: SearchContext
    ) async throws -> [NodeID] {
        var all: [NodeID] = []
        var depth = batch.depth + 1
        var fronts = Array(zip(batch.expansions, drafted))
        while depth < min(batch.depth + configuration.draftSteps, context.options.maximumDepth) {
            let expansions = fronts.compactMap { expansion, found -> Expansion? in
                guard let draft = found.first, found.count == 1, !context.tree[draft].isFinished,
                    context.tree[draft].thought.stop != .rejected,
                    configuration.draftWaves == 1 || draftCount(expansion) == 1
                else { return nil }
                var next = expansion
                next.node = draft
                return next
            }
            if expansions.isEmpty { break }
            let next = ExpansionBatch(expansions, depth: depth, usable: batch.usable, isScored: batch.isScored)
            let counts = expansions.map(draftCount)
            let found = try await context.sample(
                .draft, counts, inWavesOf: counts, for: next, phase: .draft, change: { asDraft(&$0, bound: nil) }
            ) { _ in [] }
            for (expansion, drafts) in zip(expansions, found) where !drafts.isEmpty { ahead[expansion.node] = drafts }
            all += found.joined()
            fronts = Array(zip(expansions, found))
            depth += 1
        }
        return all
    }

    /// What the rule says of scored drafts.
    private func judged(
        _ candidates: [[NodeID]], of batch: ExpansionBatch, in context: SearchContext
    ) -> [NodeDrafts] {
        let tree = context.tree
        return zip(batch.expansions, candidates).map { expansion, candidates in
            var drafts = NodeDrafts()
            for id in candidates where tree[id].state != .lost {
                let node = tree[id]
                let key = context.key(for: expansion, depth: batch.depth, role: .draft).sample(node.sampleIndex)
                let draft = ScoredDraft(thought: node.thought, score: node.score ?? 1, key: key)
                if node.thought.stop == .rejected || rule.rejects(draft, at: batch.depth) {
                    drafts.rejected.append(id)
                    drafts.rejectedSamples += node.samples
                } else {
                    drafts.kept.append(id)
                }
            }
            let ranked = tree.ranked(drafts.kept) { tree[$0].rank }
            drafts.kept = Array(ranked.prefix(expansion.width))
            drafts.surplus = Array(ranked.dropFirst(expansion.width))
            drafts.keptSamples = drafts.kept.reduce(0) { $0 + tree[$1].samples }
            return drafts
        }
    }

    // MARK: Corrections

    /// The thoughts that each node still lacks.
    private func missing(_ drafts: [NodeDrafts], of batch: ExpansionBatch) -> [Int] {
        let covered = drafts.reduce(0) { $0 + $1.kept.count }
        return zip(batch.expansions, drafts).map { expansion, node in
            let unfilled = max(0, expansion.width - node.keptSamples)
            // What was not drafted was not judged: the target has its say there.
            guard configuration.correction.coversBeam, !node.isSkipped else { return unfilled }
            return min(unfilled, max(0, batch.usable - covered, expansion.needed - node.kept.count))
        }
    }

    /// The number of thoughts that the target generates for each node.
    private func corrections(_ drafts: [NodeDrafts], of batch: ExpansionBatch) -> [Int] {
        zip(drafts, zip(batch.expansions, missing(drafts, of: batch))).map { node, place in
            let (expansion, missing) = place
            // Where the draft could give nothing at all, such as beyond its context, the target does.
            let rejectsAll = configuration.correction == .all && !(node.kept.isEmpty && node.rejected.isEmpty)
            let isWhole = configuration.correction == .whole && missing > 0
            let need = rejectsAll ? node.rejectedSamples : isWhole ? expansion.width : missing
            switch configuration.extraThought {
            case .always: return need + 1
            case .whenCorrecting: return need > 0 && !node.isSkipped && !isWhole ? need + 1 : need
            case .never: return need
            }
        }
    }

    /// The best rejected draft of a node that was corrected, where it outscores the corrections.
    private func salvage(
        _ drafts: NodeDrafts, _ corrected: [NodeID], below node: NodeID, _ bound: Double?, in context: SearchContext
    ) -> [NodeID] {
        let whole = drafts.rejected.filter { context.tree[$0].thought.stop != .rejected }
        guard configuration.salvages, !corrected.isEmpty, let best = context.tree.ranked(whole).first else { return [] }
        let most = corrected.filter { context.tree[$0].state != .lost }.map { context.tree[$0].rank }.max()
        if let most, context.tree[best].rank <= most { return [] }
        context.resolve([best], as: .salvaged, below: node, threshold: bound)
        return [best]
    }

    /// The target's thoughts in place of rejected drafts; those that a kept draft says already are marked as such.
    private func correct(
        _ batch: ExpansionBatch, _ drafts: [NodeDrafts], _ counts: [Int], bound: Double?, in context: SearchContext
    ) async throws -> [[NodeID]] {
        guard counts.contains(where: { $0 > 0 }) else { return batch.expansions.map { _ in [] } }
        func words(_ id: NodeID) -> CandidateFilter.Words { CandidateFilter.Words(context.tree[id].thought) }
        // A text that was scored as a draft is not scored again.
        let twins = drafts.map { drafts in
            Dictionary(
                (drafts.kept + drafts.rejected + drafts.surplus).map { (words($0), $0) },
                uniquingKeysWith: { first, _ in first })
        }
        let corrected = try await context.sample(
            .target, counts, inWaves: configuration.targetWaves, besides: drafts.map(\.kept), for: batch,
            phase: .correct
        ) { candidates in
            for (twins, found) in zip(twins, candidates) {
                for id in found where context.tree[id].score == nil {
                    if let twin = twins[words(id)] { context.copyScore(of: twin, to: id) }
                }
            }
            try await context.scoreNew(candidates.joined())
        }
        for (place, expansion) in batch.expansions.enumerated() {
            let kept = Set(drafts[place].kept.map(words))
            let duplicates = corrected[place].filter { kept.contains(words($0)) }
            let new = corrected[place].filter { !kept.contains(words($0)) }
            context.resolve(duplicates, as: .duplicate, below: expansion.node, threshold: bound)
            context.resolve(new, as: .correction, below: expansion.node, threshold: bound)
        }
        return corrected
    }
}

extension ThoughtGenerator where Self == SpeculativeThoughtGenerator {
    /// SpecSearch with its usual settings, and a rule for rejection.
    public static func specsearch(
        _ configuration: SpeculativeThoughtGenerator.Configuration = .init(),
        rule: any RejectionRule = ThresholdRule()
    ) -> SpeculativeThoughtGenerator {
        SpeculativeThoughtGenerator(configuration, rule: rule)
    }
}
