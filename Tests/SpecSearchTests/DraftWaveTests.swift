import SpecSearch
import SpecSearchTesting
import Testing

/// N drafts first, and more only where too few were kept.
@Suite struct DraftWaveTests {
    /// β̂(1) is 0.7; N is 3, and there are six drafts.
    private func run(
        _ drafts: [String], waves: Int, _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) async throws -> HandwrittenSearch {
        let run = try await HandwrittenSearch(
            Handwritten.configuration {
                $0.draftWaves = waves
                change(&$0)
            },
            draft: Handwritten.model(.draft, [["-"], drafts]),
            target: Handwritten.model(.target, [["0.5 a", "0.6 b", "0.7 c"], ["0.75 l", "0.1 m", "0.2 n", "0.3 o"]]))
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        return run
    }

    private func kept(_ run: HandwrittenSearch) -> [String] {
        run.result.tree.ids.filter { run.result.tree[$0].state == .accepted }.map {
            run.result.tree[$0].thought.text.filter { !$0.isNewline }
        }
    }

    @Test func `Where the first wave is enough there is no second`() async throws {
        let run = try await run(["0.8 d", "0.9 e", "0.7 f", "1.0 g", "0.1 h", "0.2 i"], waves: 2)
        #expect(run.draft.requestedThoughts == 3)
        #expect(kept(run) == ["0.8 d", "0.9 e", "0.7 f"])
        #expect(run.targetThoughts(at: 1) == 0)
        #expect(run.result.acceptance.judged == 3 && run.result.acceptance.kept == 3)
        #expect(run.result.depths[1].judgedDrafts == 3 && run.result.depths[1].keptDrafts == 3)
    }

    @Test func `Where too few were kept the second wave has the samples that one wave would have had`() async throws {
        let drafts = ["0.8 d", "0.1 e", "0.2 f", "0.9 g", "0.7 h", "0.3 i"]
        let two = try await run(drafts, waves: 2)
        let one = try await run(drafts, waves: 1)
        #expect(two.draft.calls.count == 2 && one.draft.calls.count == 1)
        #expect(two.draft.requestedThoughts == 6)
        #expect(kept(two) == kept(one) && kept(two) == ["0.8 d", "0.9 g", "0.7 h"])
        #expect(two.result.outcome.depths == one.result.outcome.depths)
        #expect(two.result.acceptance == one.result.acceptance)
    }

    @Test func `What a later wave says again is counted at its node, and scored once`() async throws {
        let drafts = ["0.8 d", "0.1 e", "0.2 f", "0.8 d", "0.8 d", "0.1 e"]
        let two = try await run(drafts, waves: 2)
        let one = try await run(drafts, waves: 1)
        #expect(two.scoredTexts(at: 1).count == 3)
        #expect(two.result.acceptance.unique == 3 && two.result.acceptance == one.result.acceptance)
        #expect(two.result.tree.ids.map { two.result.tree[$0].samples }.max() == 3)
        #expect(two.targetThoughts(at: 1) == 0)
    }

    @Test func `A node whose drafts are all empty is sampled once more, after the last wave`() async throws {
        let run = try await run([" "], waves: 3)
        #expect(run.draft.calls.map { $0.requests[0].count } == [2, 2, 2, 6])
        #expect(run.draft.calls.map { $0.requests[0].key.sampleIndex } == [0, 2, 4, 6])
    }

    @Test func `Covering needs no second wave where the beam is covered`() async throws {
        let drafts = ["0.8 d", "0.1 e", "0.2 f", "0.9 g", "0.7 h", "0.3 i"]
        let run = try await run(drafts, waves: 2) { $0.correction = .cover }
        #expect(run.draft.requestedThoughts == 3)
    }

    @Test func `Each node has as many waves as it needs`() async throws {
        let draft = ScriptedModel(.draft) { path, key in
            // Behind c the first three are good, elsewhere the first and the last two.
            .init(
                path.text.hasPrefix("0.7 c") || ![1, 2, 3].contains(key.sampleIndex)
                    ? "0.9 \(key.sampleIndex)\n\n" : "0.1 x\n\n")
        }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(beams: 2) { $0.draftWaves = 2 }, draft: draft,
            target: Handwritten.model(.target, [["0.5 a", "0.6 b", "0.7 c"], ["0.75 l"]]))
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        #expect(draft.calls.map { $0.requests.map(\.count) } == [[3, 3], [3]])
    }

    @Test(arguments: [
        (2, ["0.1 d", "0.2 e", "0.3 f", "0.9 g", "0.9 h", "0.9 i"], [3]),
        // One that was kept is reason enough to go on.
        (6, ["0.9 d", "0.1 e", "0.8 f", "0.8 g", "0.1 h", "0.1 i"], [1, 1, 1, 1]),
        (6, ["0.1 d", "0.9 e", "0.8 f", "0.8 g", "0.9 h", "0.1 i"], [1]),
    ])
    func `Where all drafts so far were rejected no more are drafted`(waves: Int, drafts: [String], calls: [Int])
        async throws
    {
        let run = try await run(drafts, waves: waves)
        #expect(run.draft.calls.map { $0.requests[0].count } == calls)
        #expect(run.result.acceptance.judged == calls.reduce(0, +))
        #expect(run.targetThoughts(at: 1) == (calls.count == 4 ? 0 : 4))
    }

    @Test func `Traces with waves are read again, and replayed`() async throws {
        let configuration = Toy.configuration { $0.draftWaves = 3 }
        let search = ToySearch()
        let result = try await search.run(configuration)
        #expect(SearchInvariants.violations(in: search.log.events, of: result) == [])
        let again = try await TraceReplay(
            SearchTrace(data: SearchTrace(events: search.log.events).encoded())
        ).run()
        #expect(again.withoutTimes == result.withoutTimes)
        var saved = 0
        for seed in 0..<30 as Range<UInt64> {
            let (one, two) = (ToySearch(), ToySearch())
            _ = try await one.run(Toy.configuration(seed: seed))
            _ = try await two.run(Toy.configuration(seed: seed) { $0.draftWaves = 2 })
            saved += one.draft.requestedThoughts - two.draft.requestedThoughts
        }
        #expect(saved > 0)
    }
}
