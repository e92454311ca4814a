import SpecSearch
import SpecSearchTesting
import Testing

/// Several steps drafted before any of them is scored.
@Suite struct DraftStepTests {
    /// A chain whose first step, by the target, sets the threshold 0.5.
    private func run(_ drafts: [String], steps: Int, depth: Int = 9, factor: Int = 1) async throws -> HandwrittenSearch
    {
        let run = try await HandwrittenSearch(
            Handwritten.configuration(depth: depth) {
                $0.search = .chain
                $0.draftSteps = steps
                $0.draftFactor = factor
                $0.extraThought = .never
            },
            draft: Handwritten.model(.draft, [["-"]] + drafts.map { [$0] }),
            target: Handwritten.model(.target, [["0.5 t"], ["0.9 t1"], ["0.9 t2"], ["0.9 t3"], ["0.9 t4!"]]))
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        let replayed = try await TraceReplay(
            SearchTrace(data: SearchTrace(events: run.events).encoded())
        ).run()
        #expect(replayed.withoutTimes == run.result.withoutTimes)
        return run
    }

    private func path(_ run: HandwrittenSearch) -> [String] {
        run.result.steps.map { $0.thought.text.filter { !$0.isNewline } }
    }

    @Test func `Steps that are all kept are scored in one call, and the path is the same`() async throws {
        let drafts = ["0.8 a", "0.8 b", "0.8 c!"]
        let (ahead, stepwise) = (try await run(drafts, steps: 3), try await run(drafts, steps: 1))
        #expect(path(ahead) == ["0.5 t", "0.8 a", "0.8 b", "0.8 c"] && path(ahead) == path(stepwise))
        #expect(ahead.rewardModel.calls.map(\.count) == [1, 3])
        #expect(stepwise.rewardModel.calls.map(\.count) == [1, 1, 1, 1])
        #expect(ahead.draft.calls.count == 3)
        #expect(ahead.result.acceptance == stepwise.result.acceptance && ahead.result.acceptance.judged == 3)
        #expect(ahead.result.depths == stepwise.result.depths)
    }

    @Test func `What stands behind a rejected step is dropped, and drafted anew behind the correction`() async throws {
        let drafts = ["0.8 a", "0.1 b", "0.8 c", "0.9 d!"]
        let (ahead, stepwise) = (try await run(drafts, steps: 3), try await run(drafts, steps: 1))
        #expect(path(ahead) == ["0.5 t", "0.8 a", "0.9 t2", "0.8 c", "0.9 d"] && path(ahead) == path(stepwise))
        #expect(ahead.draft.requests.map(\.path.depth) == [1, 2, 3, 3, 4])
        #expect(ahead.targetThoughts(at: 2) == 1)
        #expect(ahead.result.acceptance == stepwise.result.acceptance && ahead.result.acceptance.judged == 4)
        #expect(ahead.result.depths == stepwise.result.depths)
    }

    @Test func `Nothing is written beyond the deepest step, nor behind several drafts`() async throws {
        #expect(
            try await run(["0.8 a", "0.8 b", "0.8 c!"], steps: 9, depth: 3).draft.requests.map(\.path.depth) == [1, 2])
        let several = try await HandwrittenSearch(
            Handwritten.configuration {
                $0.draftSteps = 3
                $0.draftFactor = 1
            }, draft: Handwritten.model(.draft, [["-"], ["0.8 a", "0.9 b", "0.7 c"]]),
            target: Handwritten.model(.target, [["0.5 t", "0.4 u", "0.3 v"], ["0.9 t1!"]]))
        #expect(SearchInvariants.violations(in: several.events, of: several.result) == [])
        #expect(several.draft.requests.map(\.path.depth) == [1])
        // Both drafts say the same: there is one to go on from.
        let same = try await run(["0.8 a", "0.8 b", "0.8 c!"], steps: 2, factor: 2)
        #expect(same.draft.requests.map(\.path.depth) == [1, 2, 3])
        #expect(same.rewardModel.calls.map(\.count) == [1, 2, 1])
    }

    @Test(arguments: [SearchKind.chain, .bestOfN, .dvts, .beam], 0..<8 as Range<UInt64>)
    func `Whatever is rejected, the search is the one that goes step by step`(kind: SearchKind, seed: UInt64)
        async throws
    {
        func result(_ steps: Int) async throws -> SearchResult {
            let search = ToySearch()
            let result = try await search.run(
                Toy.configuration(seed: seed) {
                    $0.search = kind
                    ($0.beams, $0.width) = (kind == .beam ? 1 : 2, 1)
                    $0.draftFactor = 1
                    $0.draftSteps = steps
                })
            #expect(SearchInvariants.violations(in: search.log.events, of: result) == [])
            return result
        }
        let (ahead, stepwise) = (try await result(3), try await result(1))
        #expect(ahead.steps == stepwise.steps && ahead.answer == stepwise.answer)
        #expect(ahead.acceptance == stepwise.acceptance && ahead.depths == stepwise.depths)
    }

    @Test(arguments: [1, 3]) func `An end without words has the score of its step, drafted ahead or not`(
        steps: Int
    ) async throws {
        let draft = ScriptedModel(.draft) { path, _ in
            path.depth < 2 ? .init("0.6 a\n\n") : .init("", stop: .endOfSequence)
        }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(depth: 9) {
                $0.search = .chain
                ($0.draftSteps, $0.draftFactor) = (steps, 1)
            }, draft: draft, target: Handwritten.model(.target, [["0.5 t"], ["0.9 t1!"]]))
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        #expect(run.result.steps.map(\.score) == [0.5, 0.6, 0.6] && run.result.best.score == 0.6)
    }

    @Test(arguments: [(SearchKind.dvts, 2, 2), (.beam, 2, 1)])
    func `Drafts in waves are not written ahead, nor in wide beams`(
        kind: SearchKind, beams: Int, waves: Int
    ) async throws {
        func result(_ steps: Int) async throws -> SearchResult {
            try await ToySearch().run(
                Toy.configuration {
                    $0.search = kind
                    ($0.beams, $0.width, $0.draftWaves, $0.draftSteps) = (beams, 1, waves, steps)
                })
        }
        #expect(try await result(4) == result(1))
    }

    @Test func `The method auto counts what was drafted ahead where it is judged, and only there`() async throws {
        for seed in 0..<12 as Range<UInt64> {
            let search = ToySearch()
            let result = try await search.run(
                Toy.configuration(.auto, seed: seed) {
                    $0.search = .chain
                    ($0.draftSteps, $0.draftFactor) = (3, 1)
                })
            #expect(SearchInvariants.violations(in: search.log.events, of: result) == [])
            let judged = result.tree.ids.map { result.tree[$0] }.filter {
                $0.thought.source == .draft && [.accepted, .rejected, .surplus].contains($0.state)
            }
            #expect(result.acceptance.judged == judged.reduce(0) { $0 + $1.samples })
        }
    }
}
