import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

/// Answers nothing, whatever it is asked.
private struct Mute: ThoughtEvaluator, ThoughtSampler {
    let defaultAggregation = ScoreAggregation.last
    func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores { StepScores(scores: []) }
    func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts { SampledThoughts(thoughts: []) }
}

@Suite struct SearchTests {
    @Test func `The same search gives the same trace, byte for byte`() async throws {
        let (one, two) = (ToySearch(), ToySearch())
        _ = try await one.run(Toy.configuration(seed: 3))
        _ = try await two.run(Toy.configuration(seed: 3))
        #expect(try SearchTrace(events: one.log.events).encoded() == SearchTrace(events: two.log.events).encoded())
        let other = ToySearch()
        _ = try await other.run(Toy.configuration(seed: 4))
        #expect(one.log.events != other.log.events)
    }

    @Test func `A beam keeps the best, and ties stay in the order of parents and children`() {
        let problem = Toy.problem
        func step(_ text: String, _ score: Double, _ stop: Thought.Stop = .delimiter) -> Step {
            Step(thought: Thought(text: text, tokens: [], stop: stop, author: .target), score: score)
        }
        var beam = BeamSearch(problem: problem, beams: 2, aggregation: .last)
        beam.select([[step("a", 0.5), step("b", 0.9), step("c", 0.9), step("d", 0.9)]])
        #expect(beam.open.map(\.text) == ["b", "c"])
        beam.select([[step("1", 0.3)], [step("2", 0.3), step("3", 0.8)]])
        #expect(beam.open.map(\.text) == ["c3", "b1"])
    }

    @Test func `A finished path takes its slot for good, or gives it back`() {
        func step(_ text: String, _ score: Double, _ stop: Thought.Stop = .delimiter) -> Step {
            Step(thought: Thought(text: text, tokens: [], stop: stop, author: .target), score: score)
        }
        var narrow = BeamSearch(problem: Toy.problem, beams: 2, aggregation: .last)
        narrow.select([[step("end", 0.9, .endOfSequence), step("a", 0.5), step("b", 0.4)]])
        #expect(narrow.open.map(\.text) == ["a"] && narrow.slots == 1)
        narrow.select([[step("c", 0.2), step("d", 0.1)]])
        #expect(narrow.open.map(\.text) == ["ac"])
        var full = BeamSearch(problem: Toy.problem, beams: 2, keepBeamFull: true, aggregation: .last)
        full.select([[step("end", 0.9, .endOfSequence), step("a", 0.5), step("b", 0.4)]])
        full.select([[step("c", 0.2), step("d", 0.1)]])
        #expect(full.open.map(\.text) == ["ac", "ad"])
        full.select([[step("z", 0.95, .endOfSequence)], []])
        #expect(full.open.isEmpty && full.best?.text == "acz")
    }

    @Test func `The depth limit and dead nodes give the best unfinished path, flagged`() async throws {
        var configuration = Toy.configuration(.ar)
        configuration.maximumDepth = 2
        let limited = try await ToySearch().run(configuration)
        #expect(limited.end == .depth && !limited.isFinished && limited.best.steps.count == 2)
        #expect(limited.answer == nil)

        let cut = ScriptedSampler(.target) { path in
            [.init("x\(path.depth)\n\n", stop: path.depth == 2 ? .length : .delimiter)]
        }
        let dead = try await ToySearch(target: cut).run(Toy.configuration(.ar))
        #expect(dead.end == .dead && dead.best.steps.count == 2 && !dead.isFinished)
        #expect(cut.calls.count == 3)
    }

    @Test func `A node whose samples are all empty is asked once more`() async throws {
        let empty = ScriptedSampler(.target) { path in [.init(path.depth == 1 ? "\n\n" : "x\(path.depth)\n\n")] }
        let result = try await ToySearch(target: empty).run(Toy.configuration(.ar))
        #expect(result.end == .dead)
        #expect(empty.calls.map { $0[0].path.depth } == [0, 1, 1])
        #expect(empty.calls[2][0].key.sampleIndex == 6)
    }

    @Test(arguments: [Double.nan, .infinity, -0.1, 1.5])
    func `A score that is no probability is an error`(score: Double) async throws {
        let search = ToySearch(evaluator: ScriptedEvaluator { _ in score })
        let error = await #expect(throws: EngineError.self) { try await search.run(Toy.configuration()) }
        #expect(error?.code == .badScore)
    }

    @Test func `A missing score, a missing thought and a missing model are errors`() async throws {
        let target = Toy.sampler(.target)
        let cases: [(SearchModels, EngineError.Code)] = [
            (SearchModels(draft: target, target: target, evaluator: Mute()), .badScore),
            (SearchModels(draft: target, target: Mute(), evaluator: Toy.evaluator()), .computeFailed),
            (SearchModels(draft: nil, target: target, evaluator: Toy.evaluator()), .badSetting),
        ]
        for (models, code) in cases {
            let search = Search(Toy.configuration(), models: models)
            let error = await #expect(throws: EngineError.self) { try await search.run(Toy.problem) }
            #expect(error?.code == code)
        }
    }

    @Test func `Settings out of range are refused`() async {
        let changes: [(inout SearchConfiguration) -> Void] = [
            { $0.beams = 0 }, { $0.speculation.width = 0 }, { $0.maximumDepth = 0 }, { $0.speculation.draftFactor = 0 },
            { $0.speculation.rejection.theta = 1.1 }, { $0.sampling.temperature = -1 }, { $0.sampling.topP = 0 },
            { $0.sampling.maximumTokens = 0 }, { $0.budget.seconds = 0 }, { $0.iterations = 0 },
            { $0.exploration = -1 }, { $0.balanceTemperature = 0 }, { $0.lookahead = -1 },
            { $0.speculation.rejection.estimator = .fixed(.infinity) },
            { $0.speculation.rejection.estimator = .quantile(.nan) },
            { $0.speculation.rejection.estimator = .random(rejectRate: 1.5) },
            { $0.speculation.rejection.estimator = .upperConfidenceBound(z: .nan) },
            {
                $0.search = .selfConsistency
                $0.lookahead = 1
            },
        ]
        for change in changes {
            var configuration = Toy.configuration()
            change(&configuration)
            let error = await #expect(throws: EngineError.self) { try await ToySearch().run(configuration) }
            #expect(error?.code == .badSetting)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `A deadline ends with the best so far`() async throws {
        let slow = Toy.sampler(.target, steps: 1000, delay: .milliseconds(30))
        var configuration = Toy.configuration(.ar)
        configuration.maximumDepth = 1000
        configuration.budget.seconds = 0.2
        let result = try await ToySearch(target: slow).run(configuration)
        #expect(result.end == .deadline && !result.isFinished)
        #expect(result.best.steps.count < 1000)
    }

    @Test(.timeLimit(.minutes(1))) func `A cancelled search gives the best so far, with and without a deadline`()
        async throws
    {
        for seconds in [nil, 3600] as [Double?] {
            let search = ToySearch(target: Toy.sampler(.target, steps: 10_000, delay: .milliseconds(5)))
            let task = Task {
                var configuration = Toy.configuration(.ar)
                configuration.maximumDepth = 10_000
                configuration.budget.seconds = seconds
                return try await search.run(configuration)
            }
            while search.target.calls.count < 3 { try await Task.sleep(for: .milliseconds(1)) }
            task.cancel()
            let result = try await task.value
            #expect(result.end == .cancelled)
            #expect(result.best.steps.count >= 1)
        }
    }

    @Test func `A token budget ends the search after the depth that spends it`() async throws {
        var configuration = Toy.configuration(.ar)
        configuration.budget.tokens = 1
        let result = try await ToySearch().run(configuration)
        #expect(result.end == .tokens && result.best.steps.count == 1)
    }
}

@Suite struct TraceTests {
    @Test(arguments: SearchMethod.allCases)
    func `A replay without models gives the recorded result`(method: SearchMethod) async throws {
        let search = ToySearch()
        let result = try await search.run(Toy.configuration(method, seed: 11))
        let trace = try SearchTrace(data: try SearchTrace(events: search.log.events).encoded())
        #expect(trace.events == search.log.events)
        let again = EventLog()
        let replayed = try await TraceReplay(trace).run(onEvent: again.listener)
        #expect(replayed.withoutTimes == result.withoutTimes)
        #expect(again.events.count == trace.events.count)
    }

    @Test func `A damaged line is named by its number`() async throws {
        let search = ToySearch()
        _ = try await search.run(Toy.configuration())
        var lines = try SearchTrace(events: search.log.events).encoded().split(separator: UInt8(ascii: "\n"))
        lines[2] = lines[2].dropLast(4)
        let data = lines.reduce(into: Data()) { $0 += $1 + Data("\n".utf8) }
        let error = #expect(throws: SearchTrace.FormatError.self) { try SearchTrace(data: data) }
        #expect(error?.description.contains("line 3") == true)
    }

    @Test func `A trace with an answer taken out does not replay`() async throws {
        let search = ToySearch()
        _ = try await search.run(Toy.configuration())
        var events = search.log.events
        let place = try #require(events.lastIndex { if case .sampled = $0 { true } else { false } })
        events.remove(at: place)
        await #expect(throws: SearchTrace.FormatError.self) {
            _ = try await TraceReplay(SearchTrace(events: events)).run()
        }
        #expect(throws: SearchTrace.FormatError.self) { try TraceReplay(SearchTrace(events: [])) }
    }
}
