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
        // How many drafts are as good as the target's is not known where some were cut.
        #expect(run.result.depths.last?.judgedDrafts == 6 && run.result.depths.last?.draftsAboveTarget == nil)
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

    @Test func `Beginnings are scored on the scale of what drafts have to reach, or not at all`() throws {
        func early(_ changes: [String: String]) throws -> Double? {
            // One after the other, as requests and variants are read.
            var configuration = SearchConfiguration()
            try configuration.apply(["early-rejection": "0.1"])
            for (key, value) in changes { try configuration.apply([key: value]) }
            return configuration.speculation.earlyRejection
        }
        #expect(try early([:]) == 0.1)
        for changes in [["judge": "confidence"], ["overlap": "true"], ["method": "sps"]] {
            #expect(try early(changes) == nil, "\(changes)")
        }
        var chain = SearchConfiguration()
        try chain.apply(["search": "chain", "early-rejection": "0.1", "draft-entropy": "2"])
        #expect(chain.speculation.earlyRejection == 0.1 && chain.speculation.draftEntropy == 2)
        try chain.apply(["draft-steps": "3"])
        #expect(chain.speculation.earlyRejection == nil && chain.speculation.draftEntropy == nil)
    }

    @Test func `A search that is cut goes on where its trace ends, beginnings and all`() async throws {
        let run = try await run(["0.8 k", "0.1 l", "0.65 m", "0.2 n", "0.9 o", "0.55 p"], depth: 4)
        let whole = run.events
        for count in stride(from: 2, to: whole.count - 1, by: 3) {
            let engine = Engine(
                draft: draft([["-"], ["0.8 k", "0.1 l", "0.65 m", "0.2 n", "0.9 o", "0.55 p"]]),
                target: Handwritten.model(.target, [Self.first, ["0.9 x!"]]), rewardModel: Handwritten.rewardModel())
            let resumed = try await Search(engine, resuming: SearchTrace(events: Array(whole.prefix(count))))
                .solve(Handwritten.problem)
            #expect(resumed.tree == run.result.tree, "\(count)")
        }
    }

    @Test func `An engine that gives up what nobody asked it to, or without a score, is an error`() async {
        for (score, stop) in [(nil, Thought.Stop.rejected), (0.95, .rejected), (0.1, .delimiter), (.nan, .rejected)] {
            let error = await #expect(throws: SpecSearchError.self) {
                try await Search(
                    Engine(
                        draft: Liar(score: score, stop: stop), target: Handwritten.model(.target, [Self.first]),
                        rewardModel: Handwritten.rewardModel()),
                    configuration: Handwritten.configuration { $0.earlyRejection = 0 }
                ).solve(Handwritten.problem)
            }
            #expect(error?.code == .computeFailed)
        }
    }

    private struct Liar: LanguageModel {
        let score: Double?
        let stop: Thought.Stop
        var capabilities: ModelCapabilities { .earlyRejection }

        func sample(_ requests: [SampleRequest]) async throws -> Samples {
            let thought = Thought(text: "0.1", tokens: [1], stop: stop, source: .draft, partialScore: score)
            return Samples(thoughts: requests.map { Array(repeating: thought, count: $0.count) })
        }
    }

    @Test func `What was given up is never the best so far`() {
        var tree = SearchTree(problem: Handwritten.problem)
        let step = tree.grow(SearchTree.root, "a 0.8")
        let cut = tree.insert(
            Thought(text: "b", tokens: [], stop: .rejected, source: .draft, partialScore: 0.9), below: step[0])
        #expect(tree[cut].score == 0.9)
        #expect(Idle().unfinished(in: tree) == step)
    }

    /// An algorithm with all that is usual.
    private struct Idle: SearchAlgorithm {
        var finished: [NodeID] { [] }
        func next(in tree: SearchTree) -> ExpansionBatch { ExpansionBatch([], depth: 0, usable: 0) }
        mutating func receive(_ children: [[NodeID]], in tree: SearchTree) -> [SearchEvent] { [] }
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

    @Test func `Covering leaves no node without a word where the draft was not asked`() async throws {
        // Two first steps; the draft is sure after the better one alone.
        let draft = ScriptedModel(.draft) { path in
            let texts = path.thoughts.last?.text.hasPrefix("0.7 a") == true ? ["0.8 k!"] : ["0.8 k!", "0.8 l!"]
            return texts.map { Handwritten.choice($0) }
        }
        let target = Handwritten.model(.target, [["0.7 a", "0.6 b", "0.5 c"], ["0.9 x!", "0.95 y!", "0.85 z!"]])
        let run = try await HandwrittenSearch(
            Handwritten.configuration(beams: 2) {
                $0.draftEntropy = 0.5
                $0.correction = .cover
            }, draft: draft, target: target)
        // As many thoughts as its width, none of them extra: nothing was rejected.
        #expect(target.requests.filter { $0.path.depth == 1 }.map(\.count) == [3])
        #expect(run.result.best.score == 0.95 && run.result.acceptance.judged == 6)
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
    }

    @Test func `A path that the draft cannot read is the target's`() async throws {
        let blind = Blind(model: Handwritten.model(.draft, [["0.8 k!"]]))
        let run = try await Search(
            Engine(
                draft: blind, target: Handwritten.model(.target, [["0.7 a"], ["0.7 b!"]]),
                rewardModel: Handwritten.rewardModel()),
            configuration: Handwritten.configuration { $0.draftEntropy = 100 }
        ).solve(Handwritten.problem)
        #expect(run.steps.map(\.thought.text) == ["0.7 a\n\n", "0.7 b"] && run.acceptance.judged == 0)
    }

    private struct Blind: LanguageModel {
        let model: ScriptedModel
        var capabilities: ModelCapabilities { .nextTokenEntropy }

        func sample(_ requests: [SampleRequest]) async throws -> Samples { try await model.sample(requests) }

        func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
            NextTokenEntropies(values: paths.map { _ in NextTokenEntropies.unreadable })
        }
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
