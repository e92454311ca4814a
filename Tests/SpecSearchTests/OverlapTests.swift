import SpecSearch
import SpecSearchTesting
import Synchronization
import Testing

/// The draft begins the next step of paths that go on, while the target corrects others.
@Suite(.timeLimit(.minutes(1))) struct OverlapTests {
    /// Lets all go on who wait, once it is open.
    private actor Gate {
        private var isOpen = false
        private var waiting: [CheckedContinuation<Void, Never>] = []

        func open() {
            isOpen = true
            for one in waiting { one.resume() }
            waiting = []
        }

        func wait() async {
            if !isOpen { await withCheckedContinuation { waiting.append($0) } }
        }
    }

    /// A model that does something before it answers.
    private struct Watched: LanguageModel {
        let model: ScriptedModel
        let before: @Sendable ([SampleRequest]) async -> Void

        func sample(_ requests: [SampleRequest]) async throws -> Samples {
            await before(requests)
            return try await model.sample(requests)
        }
    }

    @Test func `While the target corrects one chain the draft goes on with another`() async throws {
        let gate = Gate()
        // Of two chains one has a good draft; the target does not answer before the draft is asked for its next step.
        let draft = ScriptedModel(.draft) { path, key in
            Handwritten.choice(path.depth == 1 ? (key.node == 0 ? "0.9 d" : "0.1 e") : "0.9 f!")
        }
        let target = ScriptedModel(.target) { path, _ in Handwritten.choice(path.depth == 0 ? "0.5 a" : "0.8 c") }
        let engine = Engine(
            draft: Watched(model: draft) { requests in
                if requests.contains(where: { $0.path.depth == 2 }) { await gate.open() }
            },
            target: Watched(model: target) { requests in
                if requests.contains(where: { $0.path.depth == 1 }) { await gate.wait() }
            }, rewardModel: Handwritten.rewardModel())
        let configuration = Handwritten.configuration(beams: 2, width: 1, depth: 9) {
            $0.search = .bestOfN
            $0.draftFactor = 1
            $0.options.overlaps = true
        }
        let log = EventLog()
        let result = try await Search(timeless: engine, configuration).solve(Handwritten.problem, onEvent: log.listener)
        #expect(result.paths.count == 2 && SearchInvariants.violations(in: log.events, of: result) == [])
        // Of the two nodes of the next step one was begun; nothing is drafted twice.
        #expect(draft.calls.map { $0.requests.map(\.path.depth) } == [[1, 1], [2], [2]])
        #expect(result.usage[.draft].decodes == 3)
        let replayed = try await TraceReplay(
            SearchTrace(data: SearchTrace(events: log.events).encoded())
        ).run()
        #expect(replayed.withoutTimes == result.withoutTimes)
    }

    @Test(arguments: [SearchKind.beam, .bestOfN, .dvts, .rebase, .chain, .mcts], 0..<6 as Range<UInt64>)
    func `The result is that of a search whose models wait for one another`(kind: SearchKind, seed: UInt64) async throws
    {
        func run(_ overlaps: Bool, _ method: SearchMethod = .specsearch) async throws -> (SearchResult, [SearchEvent]) {
            let search = ToySearch()
            let result = try await search.run(
                Toy.configuration(method, seed: seed) {
                    $0.search = kind
                    $0.iterations = kind == .mcts ? 6 : nil
                    $0.options.overlaps = overlaps
                })
            #expect(SearchInvariants.violations(in: search.log.events, of: result) == [])
            return (result, search.log.events)
        }
        let ((together, events), (apart, _)) = (try await run(true), try await run(false))
        #expect(together.tree == apart.tree && together.answer == apart.answer)
        #expect(together.acceptance == apart.acceptance && together.depths == apart.depths)
        let replayed = try await TraceReplay(SearchTrace(events: events)).run()
        #expect(replayed.withoutTimes == together.withoutTimes)
    }

    @Test func `An interrupted search goes on to the same end`() async throws {
        let search = ToySearch()
        let configuration = Toy.configuration { $0.options.overlaps = true }
        let whole = try await search.run(configuration)
        let trace = SearchTrace(events: Array(search.log.events.prefix(search.log.events.count / 2)))
        let again = ToySearch()
        let resumed = try await Search(again.engine, resuming: trace).solve(Toy.problem)
        #expect(resumed.tree == whole.tree && resumed.answer == whole.answer)
    }

    @Test func `A failure of what was begun is the search's, once it is needed`() async throws {
        struct Broken: LanguageModel {
            let model: ScriptedModel
            func sample(_ requests: [SampleRequest]) async throws -> Samples {
                if requests.contains(where: { $0.path.depth == 2 }) {
                    throw SpecSearchError(.unavailable, "Gone.", remedy: "Wait.")
                }
                return try await model.sample(requests)
            }
        }
        let draft = ScriptedModel(.draft) { _, key in Handwritten.choice(key.node == 0 ? "0.9 d" : "0.1 e") }
        let target = ScriptedModel(.target) { _, _ in Handwritten.choice("0.5 a") }
        let engine = Engine(draft: Broken(model: draft), target: target, rewardModel: Handwritten.rewardModel())
        let configuration = Handwritten.configuration(beams: 2, width: 1, depth: 9) {
            $0.search = .bestOfN
            $0.options.overlaps = true
        }
        let error = await #expect(throws: SpecSearchError.self) {
            try await Search(engine, configuration: configuration).solve(Handwritten.problem)
        }
        #expect(error?.code == .unavailable)
    }
}
