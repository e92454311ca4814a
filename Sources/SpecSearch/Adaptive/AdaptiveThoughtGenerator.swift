/// Takes for each batch of thoughts the method that is expected to be the fastest: AR, SpS, or SpecSearch.
///
/// ```swift
/// let search = Search(engine, generator: .adaptive())
/// ```
/// What is expected comes from ``Engine/costs`` and ``Engine/memory``; a choice is a ``SearchEvent/chosen(_:)``. Whoever
/// generates, a batch's children are what its method promises: the target's own thoughts, or thoughts of which the drafts
/// reached the threshold, which every batch that is scored updates. The choice looks at costs and acceptance, never at the
/// batch's own scores, so that it cannot select thoughts. It depends on time: two searches with one seed may choose
/// differently, and a replay or a resumed search takes the choices of its trace.
public struct AdaptiveThoughtGenerator: ThoughtGenerator {
    /// The generator by SpecSearch, whose threshold all batches share.
    private var speculative: SpeculativeThoughtGenerator
    public var needs: ModelNeeds {
        ModelNeeds(target: .adaptive, draftCapabilities: speculative.configuration.draftCapabilities)
    }

    public init(
        _ configuration: SpeculativeThoughtGenerator.Configuration = .init(), rule: any RejectionRule = ThresholdRule()
    ) {
        speculative = SpeculativeThoughtGenerator(configuration, rule: rule)
    }

    public mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[NodeID]] {
        let configuration = speculative.configuration
        let task = MethodController.Task(
            nodes: batch.expansions.count, width: batch.expansions.map(\.width).max() ?? 0,
            draftFactor: configuration.draftFactor, draftWaves: configuration.draftWaves,
            targetWaves: batch.isScored ? configuration.targetWaves : 1,
            givesUp: !configuration.draftCapabilities.isEmpty,
            correction: configuration.correction, numSpeculativeTokens: context.numSpeculativeTokens)
        var methods = [SearchMethod.ar]
        if context.hasSpeculativeTarget { methods.append(.sps) }
        // The first step sets the threshold where it is not known, and a search without scores has none.
        if context.hasDraft, batch.depth > 0 || speculative.rule.draftsFirstStep, batch.isScored {
            methods.append(.specsearch)
        }
        let (choice, isRecorded) = context.choose(for: task, among: methods, depth: batch.depth)
        let before = context.measure()
        let children: [[NodeID]]
        if choice.method == .specsearch {
            // Corrections are speculated on where that pays.
            context.isTargetSpeculative = (choice.costs[.sps] ?? 1) < 1
            children = try await speculative.expand(batch, in: context)
        } else {
            context.foreseeingDraft?.drop()
            context.isTargetSpeculative = choice.method == .sps
            children = try await speculative.expandByTarget(batch, isScored: batch.isScored, in: context)
        }
        if !isRecorded { context.record(choice, task, batch, since: before, children: children) }
        return children
    }
}

extension ThoughtGenerator where Self == AdaptiveThoughtGenerator {
    /// The fastest of AR, SpS and SpecSearch for each batch.
    public static func adaptive(
        _ configuration: SpeculativeThoughtGenerator.Configuration = .init(),
        rule: any RejectionRule = ThresholdRule()
    ) -> AdaptiveThoughtGenerator {
        AdaptiveThoughtGenerator(configuration, rule: rule)
    }
}

extension SearchContext {
    /// Where a search's account stood before a batch.
    struct Measure {
        fileprivate var seconds: Double
        fileprivate var usage: Usage
    }

    /// The choice for a batch: the recorded one as long as there are any, else the controller's.
    func choose(
        for task: MethodController.Task, among methods: [SearchMethod], depth: Int
    ) -> (MethodChoice, isRecorded: Bool) {
        let recorded = takeRecordedChoice(depth)
        let choice = recorded ?? controller.choice(for: task, among: methods, depth: depth, by: memory.history)
        note(choice)
        emit(.chosen(choice))
        return (choice, recorded != nil)
    }

    func measure() -> Measure { Measure(seconds: now(), usage: usage) }

    /// Tells the controller what a batch took.
    func record(
        _ choice: MethodChoice, _ task: MethodController.Task, _ batch: ExpansionBatch, since before: Measure,
        children: [[NodeID]]
    ) {
        let thoughts = children.joined().map { tree[$0].thought }
        guard !thoughts.isEmpty else { return }
        let (now, old) = (usage[.target], before.usage[.target])
        var work = ModelUsage()
        work.proposedTokens = now.proposedTokens - old.proposedTokens
        work.acceptedTokens = now.acceptedTokens - old.acceptedTokens
        var drafts = (judged: 0, kept: 0)
        // Some may have been drafted ahead of the batch.
        for id in Set(batch.expansions.map(\.node)).flatMap({ tree[$0].children })
        where tree[id].thought.source == .draft {
            switch tree[id].state {
            case .accepted, .surplus: drafts.kept += tree[id].samples
            case .rejected, .salvaged: break
            default: continue
            }
            drafts.judged += tree[id].samples
        }
        let seconds = self.now() - before.seconds
        let tokens = Double(thoughts.reduce(0) { $0 + max(1, $1.tokens.count) }) / Double(thoughts.count)
        memory.update { history in
            controller.record(
                choice, task, seconds: seconds, tokens: tokens, usage: work, drafts: drafts, in: &history)
        }
    }
}
