import SpecSearch
import SpecSearchTesting
import Synchronization
import Testing

@Suite struct SearchAccountTests {
    private let drafts = [["0.4 x"], ["0.8 b", "0.3 c"], ["0.9 The answer is 7!"]]
    private let thoughts = [["0.5 a", "0.6 a"], ["0.7 d"], ["0.85 The answer is 8!"]]

    private func engine(draft: Bool = true, target: Bool = true) -> Engine {
        let (drafts, thoughts) = (drafts, thoughts)
        func model(_ role: ModelRole, _ table: [[String]]) -> ScriptedModel { Handwritten.model(role, table) }
        return Engine(
            draft: draft ? model(.draft, drafts) : nil, target: target ? model(.target, thoughts) : nil,
            rewardModel: Handwritten.rewardModel())
    }

    /// An engine whose draft does not come back in time.
    private var slow: Engine {
        var engine = engine()
        engine.draft = ScriptedModel(.draft, delay: .seconds(60)) { _, _ in .init("0.9 d\n\n") }
        return engine
    }

    private func code(_ configuration: SearchConfiguration, _ engine: Engine) async -> SpecSearchError.Code? {
        await SpecSearchTests.code {
            try await Search(engine, configuration: configuration).solve(Handwritten.problem)
        }
    }

    @Test func `A search says what it found, by which models, and at what cost`() async throws {
        var configuration = Handwritten.configuration(beams: 1, width: 2, depth: 9)
        configuration.options.answerMarker = "The answer is "
        let result = try await Search(timeless: engine(), configuration).solve(Handwritten.problem)
        #expect(result.end == .finished)
        #expect(result.answer == "7")
        #expect(result.vote == "7")
        #expect(result.steps.map(\.thought.source) == [.target, .draft, .draft])
        #expect(result.steps.map(\.threshold) == [nil, 0.6, 0.9 * 0.6 + (1 - 0.9) * 0.8])
        #expect(result.usage[.draft].decodes == 2)
        #expect(result.usage[.target].decodes == 1)
        #expect(result.usage[.rewardModel].decodes == 3)
        #expect(result.depths.map(\.depth) == [0, 1, 2])
    }

    @Test func `Seconds are counted by phase`() async throws {
        let clock = Mutex(0.0)
        var search = try Search(engine(), configuration: Handwritten.configuration(beams: 1, width: 2, depth: 9))
        search.now = {
            clock.withLock {
                $0 += 1
                return $0
            }
        }
        let result = try await search.solve(Handwritten.problem)
        // Every model call takes one tick, between two looks at the clock.
        #expect(result.phases == [.target: 1, .draft: 2, .score: 3])
        #expect(result.seconds > 6)
    }

    @Test func `A missing model is named, and one that is not needed is not missed`() async {
        #expect(await code(Handwritten.configuration(), engine(draft: false)) == .badSetting)
        #expect(await code(Handwritten.configuration { $0.method = .ar }, engine(draft: false)) == nil)
        #expect(await code(Handwritten.configuration { $0.method = .draft }, engine(target: false)) == nil)
        #expect(await code(Handwritten.configuration { $0.method = .sps }, engine(target: false)) == .badSetting)
    }

    @Test func `Settings that no arithmetic would catch are refused`() async {
        let changes: [@Sendable (inout SearchConfiguration) -> Void] = [
            { $0.rejection.theta = .nan }, { $0.sampling.temperature = .nan },
            { $0.options.budget.seconds = .nan }, { $0.options.budget.seconds = .infinity },
        ]
        for change in changes { #expect(await code(Handwritten.configuration(change), engine()) == .badSetting) }
    }

    @Test func `The deadline gives the best so far, and its trace replays`() async throws {
        var configuration = Handwritten.configuration(width: 2, depth: 9)
        configuration.options.budget.seconds = 0.2
        let log = EventLog()
        // The first step is quick, and no draft comes back in time.
        let result = try await Search(slow, configuration: configuration)
            .solve(Handwritten.problem, onEvent: log.listener)
        #expect(result.end == .deadline)
        #expect(result.best.score == 0.6)
        let replayed = try await TraceReplay(SearchTrace(events: log.events)).run()
        #expect(replayed.withoutTimes == result.withoutTimes)
    }

    @Test(arguments: [nil, 60.0])
    func `Cancellation gives the best so far, and says so in result and trace alike`(deadline: Double?) async throws {
        var configuration = Handwritten.configuration(width: 2, depth: 9)
        configuration.options.budget.seconds = deadline
        let log = EventLog()
        let (selections, selected) = AsyncStream.makeStream(of: Void.self)
        let search = try Search(slow, configuration: configuration)
        let task = Task {
            try await search.solve(Handwritten.problem) { event in
                log.listener(event)
                if case .selected = event { selected.yield() }
            }
        }
        for await _ in selections { break }
        task.cancel()
        let result = try await task.value
        #expect(result.end == .cancelled)
        #expect(result.best.score == 0.6)
        #expect(log.events.last == .finished(result.outcome))
    }
}
