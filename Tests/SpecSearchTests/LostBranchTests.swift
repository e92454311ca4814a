import SpecSearch
import SpecSearchTesting
import Testing

/// A reward model that cannot read steps with an "X" in them.
private struct Reader: RewardModel {
    var aggregation: ScoreAggregation { .last }

    func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        var answer = StepScores(scores: paths.map { _ in 0.5 })
        for (place, path) in paths.enumerated() where path.text.contains("X") {
            answer.scores[place] = .nan
            answer.lost[place] = SpecSearchError(.badScore, "There is an X in it.", remedy: "Leave it out.")
        }
        return answer
    }
}

/// One bad branch never ends a search.
@Suite struct LostBranchTests {
    private struct Run {
        var result: SearchResult
        var events: [SearchEvent]

        var losses: [SearchEvent.Lost] {
            events.compactMap { event in if case .lost(let loss) = event { loss } else { nil } }
        }
    }

    private func run(
        _ engine: Engine, _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) async throws -> Run {
        let log = EventLog()
        let configuration = Handwritten.configuration(beams: 2, width: 4, depth: 9, change)
        let result = try await Search(timeless: engine, configuration).solve(Toy.problem, onEvent: log.listener)
        #expect(SearchInvariants.violations(in: log.events, of: result) == [])
        // What was recorded can be read, and gives the same search again.
        let trace = try SearchTrace(data: SearchTrace(events: log.events).encoded())
        #expect(try await TraceReplay(trace).run().withoutTimes == result.withoutTimes)
        return Run(result: result, events: log.events)
    }

    private func model(_ role: ModelRole, _ texts: [String], steps: Int = 3) -> ScriptedModel {
        ScriptedModel(role) { path, key in
            if path.depth >= steps { return .init("E", stop: .endOfSequence) }
            return .init("\(texts[key.sampleIndex % texts.count])\(path.depth)\n\n")
        }
    }

    @Test(arguments: [
        (SearchKind.bestOfN, SearchMethod.ar, 1), (.dvts, .ar, 1), (.beam, .specsearch, 2), (.beam, .specsearch, 8),
        (.bestOfN, .specsearch, 4),
    ])
    func `Chains that say the same, and later waves, lose a branch once each`(
        search: SearchKind, method: SearchMethod, waves: Int
    ) async throws {
        @Sendable func distribution(_ path: ReasoningPath) -> [ScriptedModel.Choice] {
            if path.depth >= 3 { return [.init("E", stop: .endOfSequence)] }
            return "aX".map { .init("\($0)\(path.depth)\n\n") }
        }
        let engine = Engine(
            draft: ScriptedModel(.draft, distribution: distribution),
            target: ScriptedModel(.target, distribution: distribution), rewardModel: Reader())
        let run = try await run(engine) {
            $0.search = search
            $0.method = method
            $0.draftWaves = waves
        }
        let unreadable = run.result.tree.ids.filter { run.result.tree[$0].thought.text.contains("X") }
        #expect(!unreadable.isEmpty)
        #expect(run.losses.flatMap(\.nodes).sorted { $0.rawValue < $1.rawValue } == unreadable)
        #expect(unreadable.allSatisfy { run.result.tree[$0].score == nil })
    }

    @Test(arguments: SearchMethod.allCases)
    func `A step that the reward model cannot read is lost alone`(method: SearchMethod) async throws {
        @Sendable func distribution(_ path: ReasoningPath) -> [ScriptedModel.Choice] {
            if path.depth >= 3 { return [.init("E", stop: .endOfSequence)] }
            return "aXb".map { .init("\($0)\(path.depth)\n\n") }
        }
        let engine = Engine(
            draft: ScriptedModel(.draft, distribution: distribution),
            target: ScriptedModel(.target, distribution: distribution), rewardModel: Reader())
        let run = try await run(engine) { $0.method = method }
        #expect(run.result.isFinished)
        #expect(!run.result.tree.text(to: run.result.best.node).contains("X"))
        let unreadable = run.result.tree.ids.filter { run.result.tree[$0].thought.text.contains("X") }
        #expect(!unreadable.isEmpty)
        for id in unreadable {
            let node = run.result.tree[id]
            #expect(node.state == .lost && node.score == nil && node.children.isEmpty)
        }
        #expect(run.losses.allSatisfy { $0.role == .rewardModel && $0.phase == .score })
        #expect(run.losses.flatMap(\.nodes) == unreadable)
        #expect(run.result.lost?.map(\.branches) == [unreadable.count])
        #expect(run.result.lost?.first?.code == "badScore")
        // Nobody takes a lost branch for a good one.
        for depth in run.result.depths {
            #expect(depth.meanTargetScore ?? 0.5 == 0.5)
            #expect(depth.meanDraftScore ?? 0.5 == 0.5)
        }
    }

    @Test func `Where nothing at all can be read, the reason is the error`() async throws {
        let engine = Engine(target: model(.target, ["X"]), rewardModel: Reader())
        let error = await #expect(throws: SpecSearchError.self) {
            try await Search(engine, generator: .targetOnly).solve("?")
        }
        #expect(
            error?.code == .badScore && error?.message == "There is an X in it." && error?.remedy == "Leave it out.")
    }

    @Test(arguments: SpeculativeThoughtGenerator.Correction.allCases)
    func `The target goes on where a path outgrows the draft's context`(
        correction: SpeculativeThoughtGenerator.Correction
    ) async throws {
        let draft = ScriptedModel(.draft) { path in
            path.depth >= 2 ? [.init("", stop: .length)] : [.init("d\(path.depth)\n\n")]
        }
        let engine = Engine(draft: draft, target: model(.target, ["a", "b"]), rewardModel: Reader())
        let run = try await run(engine) { $0.correction = correction }
        #expect(run.result.isFinished)
        #expect(run.result.steps.map(\.thought.source).suffix(2) == [.target, .target])
        #expect(run.losses.allSatisfy { $0.role == .draft && $0.phase == .draft && $0.code == "contextOverflow" })
        #expect(run.result.lost?.map(\.role) == [.draft])
        #expect(run.result.lost?.first?.message.contains("2 steps") == true)
    }

    @Test func `Finished paths survive the branches that outgrow the target's context`() async throws {
        let target = ScriptedModel(.target) { path, key in
            if path.depth >= 2 { return .init("", stop: .length) }
            let ends = path.depth == 1 && path.text.hasPrefix("a")
            return ends
                ? .init("E", stop: .endOfSequence) : .init(["a", "b"][key.sampleIndex % 2] + "\(path.depth)\n\n")
        }
        let run = try await run(Engine(target: target, rewardModel: Reader())) { $0.method = .ar }
        #expect(run.result.isFinished && run.result.end == .finished)
        #expect(run.result.lost?.map(\.code) == ["contextOverflow"])
    }
}
