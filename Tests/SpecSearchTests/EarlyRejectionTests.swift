import SpecSearch
import SpecSearchTesting
import Testing

/// Drafts that are given up by the score of their beginnings.
@Suite struct EarlyRejectionTests {
    private static let first = ["0.7 a", "0.7 b", "0.7 c"]

    /// A draft whose beginning, as long as its score, scores that.
    private func draft(_ table: [[String]]) -> ScriptedModel {
        ScriptedModel(.draft, partialScore: { Double($0.prefix(3)) ?? .nan }) { path, key in
            let row = table[min(path.depth, table.count - 1)]
            return Handwritten.choice(row[key.sampleIndex % row.count])
        }
    }

    private func run(
        _ drafts: [String], corrections: [String] = ["0.9 x!"], margin: Double? = 0.1, depth: Int = 2,
        _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) async throws -> HandwrittenSearch {
        let run = try await HandwrittenSearch(
            Handwritten.configuration(depth: depth) {
                $0.earlyRejection = margin
                $0.earlyTokens = 3
                change(&$0)
            },
            draft: draft([["-"], drafts]), target: Handwritten.model(.target, [Self.first, corrections]))
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        return run
    }

    @Test func `A draft whose beginning scores too low is cut, rejected, and not scored again`() async throws {
        let drafts = ["0.8 k!", "0.1 l!", "0.65 m!", "0.2 n!", "0.9 o!", "0.55 p!"]
        let run = try await run(drafts)
        // The threshold is 0.7, so what begins with less than 0.6 ends there; "0.5" is the beginning of "0.55".
        #expect(run.nodes(.rejected).map(\.thought.text) == ["0.1", "0.65 m", "0.2", "0.5"])
        #expect(run.scoredTexts(at: 1) == ["0.8 k", "0.65 m", "0.9 o", "0.9 x"])
        #expect(run.result.acceptance.judged == 6 && run.result.acceptance.kept == 2)
        #expect(run.result.acceptance.early == 3)
        // Two drafts fill two of three slots, and one is the target's, with an extra one.
        #expect(run.targetThoughts(at: 1) == 2)
        let plain = try await self.run(drafts, margin: nil)
        #expect(plain.result.acceptance.early == 0 && plain.result.acceptance.kept == 2)
        #expect(plain.result.answer == run.result.answer && plain.result.best.score == run.result.best.score)
        #expect(plain.result.usage[.draft].outputTokens > run.result.usage[.draft].outputTokens)
    }

    @Test func `Where all are given up the target writes, and none is salvaged or called better`() async throws {
        let run = try await run(["0.3 k!", "0.4 l!", "0.5 m!"], corrections: ["0.2 x!", "0.1 y!"]) {
            $0.salvages = true
        }
        #expect(run.result.acceptance.early == 6 && run.nodes(.salvaged) == [])
        #expect(run.result.acceptance.wasted == 0)
        #expect(run.targetThoughts(at: 1) == 4 && run.result.best.score == 0.2)
    }

    @Test func `A beginning is not a thought that says the same`() async throws {
        // What was given up in the first wave is a whole thought in the second, and in the correction.
        let run = try await run(["0.3", "0.8 k!", "0.8 l!", "0.3"], corrections: ["0.3!"]) {
            $0.draftWaves = 2
            $0.width = 2
        }
        #expect(run.nodes(.rejected).map(\.thought.stop) == [.rejected])
        #expect(run.nodes(.correction).map(\.thought.text) == [])
        let other = try await self.run(["0.3 k", "0.3 l", "0.9 m!"], corrections: ["0.3!"])
        #expect(other.nodes(.correction).map(\.thought.text) == ["0.3"])
        #expect(other.nodes(.rejected).map(\.thought.text) == ["0.3"] && other.nodes(.rejected).first?.samples == 4)
    }

    @Test func `What was given up never ends a path, whatever it says`() async throws {
        let model = ScriptedModel(.draft, partialScore: { _ in 0 }) { _, _ in .init("\\boxed{7} and so on\n\n") }
        let run = try await HandwrittenSearch(
            Handwritten.configuration {
                $0.earlyRejection = 0
                $0.earlyTokens = 9
            }, draft: model, target: Handwritten.model(.target, [Self.first, ["0.9 \\boxed{8}!"]]))
        #expect(run.result.answer == "8")
        #expect(run.nodes(.rejected).allSatisfy { $0.thought.text == "\\boxed{7}" && !$0.isFinished })
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
    }

    @Test func `A trace with beginnings comes back, and its search is the same`() async throws {
        let run = try await run(["0.8 k!", "0.1 l!", "0.65 m!"])
        let trace = try SearchTrace(data: SearchTrace(events: run.events).encoded())
        #expect(try trace.tree() == run.result.tree)
        let replayed = try await TraceReplay(trace).run()
        #expect(replayed.withoutTimes == run.result.withoutTimes)
        #expect(replayed.tree.ids.compactMap { replayed.tree[$0].thought.partialScore } == [0.1])
    }

    @Test func `A rule without a threshold gives up nothing, and neither does a first step`() async throws {
        let run = try await run(["0.1 k!"]) { $0.rejection.estimator = .none }
        #expect(run.result.acceptance.early == 0 && run.draft.requests.allSatisfy { $0.earlyRejection == nil })
    }

    @Test func `A draft that cannot give up is refused by name, and so are settings that mean something else`() async {
        let error = await #expect(throws: SpecSearchError.self) {
            try await HandwrittenSearch(
                Handwritten.configuration { $0.earlyRejection = 0.1 }, draft: Handwritten.model(.draft, [["0.1 k"]]),
                target: Handwritten.model(.target, [Self.first]))
        }
        #expect(error?.code == .unsupported && error?.remedy.contains("early-rejection") == true)
        for settings in [
            ["early-rejection": "0.1", "judge": "target"], ["early-rejection": "0.1", "overlap": "true"],
            ["early-rejection": "0.1", "method": "sps"], ["early-tokens": "8"],
        ] {
            var configuration = SearchConfiguration()
            #expect(throws: SpecSearchError.self) { try configuration.apply(settings) }
        }
    }
}

/// Steps that are not drafted, since the draft's first token is unsure.
@Suite struct DraftEntropyTests {
    /// A draft that is sure at even depths and undecided between two thoughts, ln 2 nats, at odd ones.
    private static let draft = ScriptedModel(.draft) { path in
        let texts = path.depth % 2 == 0 ? ["0.8 k"] : ["0.8 k", "0.8 l"]
        return texts.map { .init("\($0)\(path.depth)\n\n", stop: path.depth == 4 ? .endOfSequence : .delimiter) }
    }

    private func run(_ entropy: Double?, _ method: SearchMethod = .specsearch) async throws -> HandwrittenSearch {
        let target = Handwritten.model(.target, [["0.7 a"], ["0.7 b"], ["0.7 c"], ["0.7 d"], ["0.7 e!"]])
        let run = try await HandwrittenSearch(
            Handwritten.configuration(depth: 5) {
                $0.method = method
                $0.draftEntropy = entropy
            }, draft: Self.draft, target: target)
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        return run
    }

    @Test(
        arguments: [
            (nil, ["0.7 a", "0.8 k1", "0.8 k2", "0.8 k3", "0.8 k4"]),
            (0.7, ["0.7 a", "0.8 k1", "0.8 k2", "0.8 k3", "0.8 k4"]),
            (0.6, ["0.7 a", "0.7 b", "0.8 k2", "0.7 d", "0.8 k4"]),
            (0, ["0.7 a", "0.7 b", "0.8 k2", "0.7 d", "0.8 k4"]),
        ] as [(Double?, [String])])
    func `The target writes where the draft is too unsure`(entropy: Double?, steps: [String]) async throws {
        let run = try await run(entropy)
        let texts = run.result.steps.map {
            $0.thought.text.replacing(/\s+$/, with: "").replacing("0.8 l", with: "0.8 k")
        }
        #expect(texts == steps)
        let asked = run.events.count { if case .likelihoods(let call) = $0 { call.ofNextToken == true } else { false } }
        #expect(asked == (entropy == nil ? 0 : 4))
    }

    @Test func `A trace with entropies is replayed`() async throws {
        let run = try await run(0.6)
        let trace = try SearchTrace(data: SearchTrace(events: run.events).encoded())
        #expect(try await TraceReplay(trace).run().withoutTimes == run.result.withoutTimes)
    }

    @Test func `A draft that does not tell is refused by name`() async {
        let error = await #expect(throws: SpecSearchError.self) {
            try await HandwrittenSearch(
                Handwritten.configuration { $0.draftEntropy = 1 }, draft: Handwritten.model(.draft, [["0.1 k"]]),
                target: Handwritten.model(.target, [["0.7 a"]]))
        }
        #expect(error?.code == .unsupported && error?.remedy.contains("draft-entropy") == true)
    }
}
