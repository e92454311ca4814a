import SpecSearch
import Testing

/// A rule for rejection that is not in the library: drafts are kept while they are no worse than the median of the target's
/// thoughts at their depth's first visit, less a tolerance that grows with depth.
struct MedianRule: RejectionRule {
    var tolerance = 0.1
    private var median: Double?

    init(tolerance: Double = 0.1) { self.tolerance = tolerance }

    func threshold(at depth: Int) -> Double? { median }

    func bound(at depth: Int) -> Double? { median.map { $0 - tolerance * Double(depth - 1) } }

    func rejects(_ draft: ScoredDraft, at depth: Int) -> Bool { draft.score < bound(at: depth) ?? 0 }

    mutating func update(at depth: Int, with scores: DepthScores) {
        let sorted = scores.target.sorted()
        if !sorted.isEmpty { median = sorted[sorted.count / 2] }
    }
}

/// A generator that is not in the library: the draft proposes, and whatever is below a score the target does again.
struct RetryBelow: ThoughtGenerator {
    var score: Double
    let needs = ModelNeeds(draft: true, target: .autoregressive)

    mutating func expand(_ batch: ExpansionBatch, in context: SearchContext) async throws -> [[NodeID]] {
        var children = try await context.sample(.draft, batch.expansions.map(\.width), for: batch, phase: .draft)
        try await context.score(Array(children.joined()))
        let bad = children.map { ids in ids.filter { (context.tree[$0].score ?? 1) < score } }
        let again = try await context.sample(.target, bad.map(\.count), for: batch, phase: .correct)
        try await context.score(Array(again.joined()))
        for (index, expansion) in batch.expansions.enumerated() {
            let kept = children[index].filter { !bad[index].contains($0) }
            context.resolve(kept, as: .accepted, below: expansion.node, threshold: score)
            context.resolve(bad[index], as: .rejected, below: expansion.node, threshold: score)
            context.resolve(again[index], as: .correction, below: expansion.node, threshold: score)
            children[index] = kept + again[index]
        }
        return children
    }
}

@Suite struct CustomRuleTests {
    private let engine = Engine(
        draft: Letters(role: .draft), target: Letters(role: .target), rewardModel: LetterScores())

    @Test func `A rule of one's own decides about drafts, and its threshold is reported`() async throws {
        // The target's thoughts score 0.4 and 0.8: the median is 0.8, and so is the bound of depth 1.
        let generator = SpeculativeThoughtGenerator.specsearch(rule: MedianRule())
        let result = try await Search(engine, algorithm: .beam(beams: 1, width: 2), generator: generator).solve(
            "Spell it.")
        let states = result.tree.ids.filter { result.tree[$0].depth == 2 }.map { result.tree[$0] }
        #expect(Set(states.filter { $0.state == .rejected }.map(\.thought.text)) == ["a1 "])
        #expect(Set(states.filter { $0.state == .accepted }.map(\.thought.text)) == ["b1 "])
        #expect(result.depths.map(\.threshold) == [nil, 0.8, 0.8])
        let lenient = SpeculativeThoughtGenerator.specsearch(rule: MedianRule(tolerance: 9))
        let all = try await Search(engine, algorithm: .beam(beams: 1, width: 2), generator: lenient).solve("Spell it.")
        // At the second depth nothing is tolerated yet.
        #expect(all.tree.ids.filter { all.tree[$0].depth == 3 }.allSatisfy { all.tree[$0].state != .rejected })
    }

    @Test func `A generator of one's own runs with every search of the library`() async throws {
        let beam = try await Search(
            engine, algorithm: .beam(beams: 2, width: 2), generator: RetryBelow(score: 0.5)
        ).solve("Spell it.")
        #expect(beam.isFinished && beam.steps.map(\.thought.text) == ["b0 ", "b1 ", "b2"])
        #expect(beam.acceptance.kept > 0 && beam.acceptance.corrections > 0)
        #expect(beam.usage[.draft].outputTokens > 0 && beam.usage[.target].outputTokens > 0)
        let tree = try await Search(
            engine, algorithm: .mcts(iterations: 8, width: 2), generator: RetryBelow(score: 0.5)
        ).solve("Spell it.")
        #expect(tree.isFinished && tree.best.score == 0.8)
    }
}
