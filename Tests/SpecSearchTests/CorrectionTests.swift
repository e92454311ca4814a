import SpecSearch
import SpecSearchTesting
import Testing

/// Depth 0 is the target's and sets β̂(1) = 0.7; then one depth of drafts, written by hand.
@Suite struct CorrectionTests {
    private static let first = ["0.5 a", "0.6 b", "0.7 c"]

    private func run(
        drafts: [String], corrections: [String] = ["0.65 k", "0.75 l", "0.1 m", "0.2 n", "0.3 o"],
        _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) async throws -> HandwrittenSearch {
        let run = try await HandwrittenSearch(
            Handwritten.configuration(change), draft: Handwritten.model(.draft, [["-"], drafts]),
            target: Handwritten.model(.target, [Self.first, corrections]))
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        return run
    }

    /// d twice at or above the threshold, four below.
    private static let mixed = ["0.8 d", "0.8 d", "0.69 e", "0.1 f", "0.2 g", "0.3 h"]

    @Test func `A duplicate fills the slot it was sampled for, and is scored once`() async throws {
        let run = try await run(drafts: ["0.8 d", "0.8 d  ", "0.7 e", "0.1 f", "0.2 g", "0.3 h"])
        #expect(run.targetThoughts(at: 1) == 0)
        #expect(run.scoredTexts(at: 1).count == 5)
        #expect(run.result.acceptance.judged == 6)
        #expect(run.result.acceptance.unique == 5)
        #expect(run.result.acceptance.kept == 3)
    }

    @Test(arguments: [
        (SpeculativeThoughtGenerator.Correction.fill, SpeculativeThoughtGenerator.ExtraThought.never, 1),
        (.fill, .whenCorrecting, 2), (.fill, .always, 2), (.all, .never, 4), (.all, .whenCorrecting, 5),
        (.cover, .never, 0), (.cover, .whenCorrecting, 0), (.cover, .always, 1),
        (.whole, .never, 0), (.whole, .whenCorrecting, 0), (.whole, .always, 1),
    ])
    func `The target generates as many thoughts as the options say`(
        correction: SpeculativeThoughtGenerator.Correction, extra: SpeculativeThoughtGenerator.ExtraThought, count: Int
    ) async throws {
        let run = try await run(drafts: Self.mixed) {
            $0.correction = correction
            $0.extraThought = extra
        }
        #expect(run.targetThoughts(at: 1) == count)
    }

    @Test(arguments: [
        (["0.1 k", "0.2 l", "0.3 m", "0.05 n"], 4, ["0.69 e"], 0.69),
        (["0.65 k", "0.75 l", "0.1 m", "0.2 n"], 3, [], 0.75), (["0.69 k", "0.1 l"], 4, [], 0.69),
    ])
    func `A correction is wasted where a rejected draft is as good, and a better draft may be salvaged`(
        corrections: [String], wasted: Int, salvaged: [String], best: Double
    ) async throws {
        let drafts = ["0.69 e", "0.1 f", "0.2 g", "0.3 h", "0.1 i", "0.1 j"]
        let plain = try await run(drafts: drafts, corrections: corrections)
        #expect(plain.result.acceptance.wasted == wasted)
        #expect(plain.nodes(.salvaged) == [])
        let saving = try await run(drafts: drafts, corrections: corrections) { $0.salvages = true }
        #expect(saving.result.acceptance.wasted == wasted)
        #expect(saving.nodes(.salvaged).map(\.thought.text) == salvaged.map { $0 + "\n\n" })
        #expect(saving.result.best.score == best)
        #expect(saving.result.acceptance.kept == 0 && saving.result.acceptance.judged == 6)
    }

    @Test func `Covering corrects where kept drafts do not fill the beam`() async throws {
        let run = try await run(drafts: Self.mixed) {
            $0.beams = 4
            $0.correction = .cover
            $0.extraThought = .never
        }
        // Three nodes (the whole first step) with one kept draft each leave one slot of four.
        #expect(run.targetThoughts(at: 1) == 3)
    }

    @Test(arguments: [(1, false, 0), (2, true, 3), (3, true, 3)])
    func `Where kept drafts do not cover the beam the target has as many tries as alone`(
        beams: Int, corrects: Bool, each: Int
    ) async throws {
        // Of the first step's three nodes as many go on as there are beams: one with a kept draft, others with none.
        let run = try await run(drafts: ["0.1 e", "0.1 f", "0.1 g", "0.1 h", "0.1 i", beams == 1 ? "0.8 j" : "0.1 j"]) {
            $0.beams = beams
            $0.correction = .whole
        }
        let counts = run.target.requests.filter { $0.path.depth == 1 }.map(\.count)
        #expect(counts.allSatisfy { $0 == each } && counts.isEmpty != corrects)
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
    }

    @Test func `Nothing to correct needs no extra thought unless it is always wanted`() async throws {
        let full = ["0.8 d", "0.8 e", "0.9 f", "0.1 g", "0.1 h", "0.1 i"]
        #expect(try await run(drafts: full).targetThoughts(at: 1) == 0)
        #expect(try await run(drafts: full) { $0.extraThought = .always }.targetThoughts(at: 1) == 1)
    }

    @Test func `The draft factor is how many times the width is drafted`() async throws {
        for factor in 1...3 {
            let run = try await run(drafts: Self.mixed) { $0.draftFactor = factor }
            #expect(run.draft.requestedThoughts == 3 * factor)
        }
    }

    @Test func `Of the kept drafts the N best go on, and ties keep the order of the samples`() async throws {
        let run = try await run(drafts: ["0.8 d", "0.9 e", "0.8 f", "0.7 g", "0.95 h", "0.8 i"])
        #expect(run.nodes(.accepted).map(\.thought.text) == ["0.95 h\n\n", "0.9 e\n\n", "0.8 d\n\n"])
    }

    @Test func `A draft at the threshold is kept where the reward model saturates`() async throws {
        let draft = Handwritten.model(.draft, [["1 d", "1 e", "1 f"], ["1 d", "1 e", "1 f"]])
        let run = try await HandwrittenSearch(
            Handwritten.configuration(), draft: draft, target: Handwritten.model(.target, [["1 a", "1 b"], ["1 z"]]))
        #expect(run.targetThoughts(at: 1) == 0)
    }

    @Test func `A correction that repeats a kept draft stays a draft and is not scored again`() async throws {
        let run = try await run(drafts: Self.mixed, corrections: ["0.8 d", "0.65 k"])
        #expect(run.scoredTexts(at: 1).filter { $0.contains("d") }.count == 1)
        #expect(run.nodes(.correction).map(\.thought.text) == ["0.65 k\n\n"])
        #expect(run.result.steps.last?.thought.source == .draft)
    }

    @Test func `A correction that repeats a rejected draft is the target's, with the score that is known`()
        async throws
    {
        let run = try await run(drafts: Self.mixed, corrections: ["0.1 f", "0.65 k"])
        #expect(run.scoredTexts(at: 1).filter { $0.contains("f") }.count == 1)
        #expect(run.nodes(.correction).map(\.score) == [0.1, 0.65])
        #expect(run.nodes(.correction).allSatisfy { $0.thought.source == .target })
    }

    @Test func `The threshold is updated once a depth, from kept drafts and corrections`() async throws {
        let run = try await run(drafts: Self.mixed) { $0.rejection.theta = 0.8 }
        // Kept 0.8 twice; corrections 0.65 and 0.75.
        try #require(run.thresholds.count == 2)
        #expect(run.thresholds[0] == 0.7)
        #expect(abs((run.thresholds[1] ?? 0) - (0.8 * 0.7 + 0.2 * 0.8)) < 1e-12)
        let own = try await self.run(drafts: Self.mixed) { $0.rejection.statistics = .targetOnly }
        #expect(abs((own.thresholds[1] ?? 0) - (0.9 * 0.7 + 0.1 * 0.75)) < 1e-12)
    }

    @Test func `The mean counts samples, duplicates included, and sees no rejected draft`() async throws {
        let run = try await run(drafts: Self.mixed) { $0.rejection.estimator = .mean }
        // β̂(1) = 0.6 keeps 0.8 twice and 0.69: nothing to correct.
        #expect(run.targetThoughts(at: 1) == 0)
        #expect(abs((run.thresholds[1] ?? 0) - (0.9 * 0.6 + 0.1 * (0.8 + 0.8 + 0.69) / 3)) < 1e-12)
    }

    @Test func `At temperature 0 all drafts are one, and cost one score and no correction`() async throws {
        let run = try await run(drafts: ["0.9 d"])
        #expect(run.scoredTexts(at: 1) == ["0.9 d\n\n"])
        #expect(run.targetThoughts(at: 1) == 0)
    }

    @Test func `Where every draft is cut the target generates the whole node`() async throws {
        let run = try await run(drafts: ["0.9 d~"])
        #expect(run.draft.calls.count == 1)
        #expect(run.targetThoughts(at: 1) == 4)
        #expect(run.result.steps.last?.thought.source == .target)
    }

    @Test func `A node whose samples are all empty is asked again once`() async throws {
        let target = ScriptedModel(.target) { path, key in
            key.sampleIndex < 3 ? .init("\n\n") : Handwritten.choice("0.\(key.sampleIndex) a\(path.depth)")
        }
        let run = try await HandwrittenSearch(
            Handwritten.configuration(depth: 1), draft: Handwritten.model(.draft, [["0.9 d"]]), target: target)
        #expect(target.calls.map { $0.requests.map(\.count) } == [[3], [3]])
        #expect(run.result.best.score == 0.5)
    }

    @Test func `Where all is cut the search is dead and gives the best unfinished path`() async throws {
        let run = try await run(drafts: ["0.9 d~"], corrections: ["0.9 e~"])
        #expect(run.result.end == .dead)
        #expect(!run.result.isFinished)
        #expect(run.result.steps.map(\.thought.text) == ["0.7 c\n\n"])
        let root = try await HandwrittenSearch(
            Handwritten.configuration(), draft: Handwritten.model(.draft, [["0.9 d"]]),
            target: Handwritten.model(.target, [["0.9 e~"]]))
        #expect(root.result.end == .dead)
        #expect(root.target.calls.count == 1)
        #expect(root.result.steps.isEmpty)
    }
}
