import SpecSearch
import SpecSearchTesting
import Synchronization
import Testing

@Suite struct SearchAccountTests {
    private let drafts = [["0.4 x"], ["0.8 b", "0.3 c"], ["0.9 The answer is 7!"]]
    private let thoughts = [["0.5 a", "0.6 a"], ["0.7 d"], ["0.85 The answer is 8!"]]

    private func models(
        delay: Duration? = nil, evaluator: any ThoughtEvaluator = Handwritten.evaluator(), draft: Bool = true,
        target: Bool = true
    ) -> SearchModels {
        let (drafts, thoughts) = (drafts, thoughts)
        func sampler(_ role: ModelRole, _ table: [[String]]) -> ScriptedSampler {
            ScriptedSampler(role, delay: delay) { path, key in
                let row = table[min(path.depth, table.count - 1)]
                return Handwritten.choice(row[key.sampleIndex % row.count])
            }
        }
        return SearchModels(
            draft: draft ? sampler(.draft, drafts) : nil, target: target ? sampler(.target, thoughts) : nil,
            evaluator: evaluator)
    }

    private func code(_ configuration: SearchConfiguration, _ models: SearchModels) async -> EngineError.Code? {
        do {
            _ = try await Search(configuration, models: models).run(Handwritten.problem)
            return nil
        } catch {
            return (error as? EngineError)?.code
        }
    }

    @Test func `A search says what it found, by whom, and at what cost`() async throws {
        var configuration = Handwritten.configuration(beams: 1, width: 2, depth: 9)
        configuration.answerPrefix = "The answer is "
        let result = try await Search(configuration, models: models(), now: { 0 }).run(Handwritten.problem)
        #expect(result.end == .finished)
        #expect(result.answer == "7")
        #expect(result.vote == "7")
        #expect(result.best.steps.map(\.thought.author) == [.target, .draft, .draft])
        #expect(result.best.steps.map(\.threshold) == [nil, 0.6, 0.9 * 0.6 + (1 - 0.9) * 0.8])
        #expect(result.usage[.draft].decodes == 2)
        #expect(result.usage[.target].decodes == 1)
        #expect(result.usage[.rewardModel].decodes == 3)
        #expect(result.depths.map(\.depth) == [0, 1, 2])
    }

    @Test func `Seconds are told apart by phase`() async throws {
        let clock = Mutex(0.0)
        let search = Search(
            Handwritten.configuration(beams: 1, width: 2, depth: 9), models: models(),
            now: {
                clock.withLock {
                    $0 += 1
                    return $0
                }
            })
        let result = try await search.run(Handwritten.problem)
        // Every model call takes one tick, between two looks at the clock.
        #expect(result.phases == [.target: 1, .draft: 2, .evaluate: 3])
        #expect(result.seconds > 6)
    }

    @Test func `A missing model is named, and one that is not needed is not missed`() async {
        #expect(await code(Handwritten.configuration(), models(draft: false)) == .badSetting)
        #expect(await code(Handwritten.configuration { $0.method = .ar }, models(draft: false)) == nil)
        #expect(await code(Handwritten.configuration { $0.method = .draft }, models(target: false)) == nil)
        #expect(await code(Handwritten.configuration { $0.method = .sps }, models(target: false)) == .badSetting)
    }

    @Test func `Settings that no arithmetic would catch are refused`() async {
        let changes: [@Sendable (inout SearchConfiguration) -> Void] = [
            { $0.speculation.rejection.theta = .nan }, { $0.sampling.temperature = .nan },
            { $0.budget.seconds = .nan }, { $0.budget.seconds = .infinity },
        ]
        for change in changes { #expect(await code(Handwritten.configuration(change), models()) == .badSetting) }
    }

    @Test func `The deadline gives the best so far, and its trace replays`() async throws {
        var configuration = Handwritten.configuration(width: 2, depth: 9)
        configuration.budget.seconds = 0.2
        let log = EventLog()
        // The first step is quick, and no draft comes back in time.
        var models = models()
        models.draft = ScriptedSampler(.draft, delay: .seconds(60)) { _, _ in .init("0.9 d\n\n") }
        let result = try await Search(configuration, models: models).run(Handwritten.problem, onEvent: log.listener)
        #expect(result.end == .deadline)
        #expect(result.best.score == 0.6)
        let replayed = try await TraceReplay(SearchTrace(events: log.events)).run()
        #expect(replayed.withoutTimes == result.withoutTimes)
    }

    @Test(arguments: [nil, 60.0])
    func `Cancellation gives the best so far, and says so in result and trace alike`(deadline: Double?) async throws {
        var configuration = Handwritten.configuration(width: 2, depth: 9)
        configuration.budget.seconds = deadline
        var models = models()
        models.draft = ScriptedSampler(.draft, delay: .seconds(60)) { _, _ in .init("0.9 d\n\n") }
        let log = EventLog()
        let (selections, selected) = AsyncStream.makeStream(of: Void.self)
        let search = Search(configuration, models: models)
        let task = Task {
            try await search.run(Handwritten.problem) { event in
                log.listener(event)
                if case .selected = event { selected.yield() }
            }
        }
        for await _ in selections { break }
        task.cancel()
        let result = try await task.value
        #expect(result.end == .cancelled)
        #expect(result.best.score == 0.6)
        #expect(log.events.last == .finished(result))
    }
}
