import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

/// Answers nothing, whatever it is asked.
private struct Mute: RewardModel, LanguageModel {
    let aggregation = ScoreAggregation.last
    func score(_ paths: [ReasoningPath]) async throws -> StepScores { StepScores(scores: []) }
    func sample(_ requests: [SampleRequest]) async throws -> Samples { Samples(thoughts: []) }

    @Test func `A problem that fills the context is an error, a branch that outgrows it is lost alone`() async throws {
        func search(full: Int) async throws -> SearchResult {
            let target = ScriptedModel(.target) { path in
                if path.depth == full { return [.init("", stop: .length)] }
                return [.init("step \(path.depth)\n\n"), .init("end", stop: .endOfSequence)]
            }
            let engine = Engine(target: target, rewardModel: ScriptedRewardModel { _ in 0.5 })
            return try await Search(engine, generator: .targetOnly).solve("?")
        }
        let error = await #expect(throws: SpecSearchError.self) { try await search(full: 0) }
        #expect(error?.code == .contextOverflow)
        #expect(try await search(full: 1).isFinished)
    }

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

    @Test func `The depth limit and dead nodes give the best unfinished path, flagged`() async throws {
        var configuration = Toy.configuration(.ar)
        configuration.options.maximumDepth = 2
        let limited = try await ToySearch().run(configuration)
        #expect(limited.end == .depth && !limited.isFinished && limited.steps.count == 2)
        #expect(limited.answer == nil)

        let cut = ScriptedModel(.target) { path in
            [.init("x\(path.depth)\n\n", stop: path.depth == 2 ? .length : .delimiter)]
        }
        let dead = try await ToySearch(target: cut).run(Toy.configuration(.ar))
        #expect(dead.end == .dead && dead.steps.count == 2 && !dead.isFinished)
        #expect(cut.calls.count == 3)
    }

    @Test func `A node whose samples are all empty is asked once more`() async throws {
        let empty = ScriptedModel(.target) { path in [.init(path.depth == 1 ? "\n\n" : "x\(path.depth)\n\n")] }
        let result = try await ToySearch(target: empty).run(Toy.configuration(.ar))
        #expect(result.end == .dead)
        #expect(empty.calls.map { $0.requests[0].path.depth } == [0, 1, 1])
        #expect(empty.calls[2].requests[0].key.sampleIndex == 6)
    }

    @Test(arguments: [Double.nan, .infinity, -0.1, 1.5])
    func `A score that is no probability is an error`(score: Double) async throws {
        let search = ToySearch(rewardModel: ScriptedRewardModel { _ in score })
        let error = await #expect(throws: SpecSearchError.self) { try await search.run(Toy.configuration()) }
        #expect(error?.code == .badScore)
    }

    @Test func `A missing score, a missing thought and a missing model are errors`() async throws {
        let target = Toy.model(.target)
        let cases: [(Engine, SpecSearchError.Code)] = [
            (Engine(draft: target, target: target, rewardModel: Mute()), .badScore),
            (Engine(draft: target, target: Mute(), rewardModel: Toy.rewardModel()), .computeFailed),
            (Engine(target: target, rewardModel: Toy.rewardModel()), .badSetting),
        ]
        for (engine, code) in cases {
            let search = Search(engine)
            let error = await #expect(throws: SpecSearchError.self) { try await search.solve(Toy.problem) }
            #expect(error?.code == code)
        }
    }

    @Test func `Settings out of range are refused`() async {
        let changes: [(inout SearchConfiguration) -> Void] = [
            { $0.beams = 0 }, { $0.width = 0 }, { $0.options.maximumDepth = 0 }, { $0.draftFactor = 0 },
            { $0.rejection.theta = 1.1 }, { $0.sampling.temperature = -1 }, { $0.sampling.topP = 0 },
            { $0.sampling.maximumTokens = 0 }, { $0.options.budget.seconds = 0 }, { $0.iterations = 0 },
            { $0.exploration = -1 }, { $0.rebaseTemperature = 0 }, { $0.lookahead = -1 },
            { $0.rejection.estimator = .fixed(.infinity) },
            { $0.rejection.estimator = .quantile(.nan) },
            { $0.rejection.estimator = .random(rejectRate: 1.5) },
            { $0.rejection.estimator = .upperConfidenceBound(z: .nan) },
        ]
        for change in changes {
            var configuration = Toy.configuration()
            change(&configuration)
            let error = await #expect(throws: SpecSearchError.self) { try await ToySearch().run(configuration) }
            #expect(error?.code == .badSetting)
        }
    }

    @Test(.timeLimit(.minutes(1))) func `A deadline ends with the best so far`() async throws {
        let slow = Toy.model(.target, steps: 1000, delay: .milliseconds(30))
        var configuration = Toy.configuration(.ar)
        configuration.options.maximumDepth = 1000
        configuration.options.budget.seconds = 0.2
        let result = try await ToySearch(target: slow).run(configuration)
        #expect(result.end == .deadline && !result.isFinished)
        #expect(result.steps.count < 1000)
    }

    @Test(.timeLimit(.minutes(1))) func `A cancelled search gives the best so far, with and without a deadline`()
        async throws
    {
        for seconds in [nil, 3600] as [Double?] {
            let search = ToySearch(target: Toy.model(.target, steps: 10_000, delay: .milliseconds(5)))
            let task = Task {
                var configuration = Toy.configuration(.ar)
                configuration.options.maximumDepth = 10_000
                configuration.options.budget.seconds = seconds
                return try await search.run(configuration)
            }
            while search.target.calls.count < 3 { try await Task.sleep(for: .milliseconds(1)) }
            task.cancel()
            let result = try await task.value
            #expect(result.end == .cancelled)
            #expect(result.steps.count >= 1)
        }
    }

    @Test func `A token budget ends the search after the depth that spends it`() async throws {
        var configuration = Toy.configuration(.ar)
        configuration.options.budget.tokens = 1
        let result = try await ToySearch().run(configuration)
        #expect(result.end == .tokens && result.steps.count == 1)
    }

    @Test func `Options out of range are refused where no settings were named`() async {
        let changes: [(inout SearchOptions) -> Void] = [
            { $0.maximumDepth = 0 }, { $0.budget.seconds = .nan }, { $0.budget.seconds = .infinity },
            { $0.budget.thoughts = 0 }, { $0.sampling = SamplingParameters(topP: 0) }, { $0.answerMarker = "" },
        ]
        for change in changes {
            var options = SearchOptions()
            change(&options)
            let search = Search(ToySearch().engine, options: options)
            #expect(await code { try await search.solve(Toy.problem) } == .badSetting)
        }
    }

    @Test func `Values out of range end a search, and never the program`() async throws {
        let engine = ToySearch().engine
        #expect(try await Search(engine, algorithm: .bestOfN(count: -1)).solve(Toy.problem).end == .dead)
        #expect(try await Search(engine, algorithm: .beam(beams: -1)).solve(Toy.problem).end == .dead)
        #expect(try await Search(engine, algorithm: .rebase(temperature: 0)).solve(Toy.problem).isFinished)
        #expect(try await Search(engine, algorithm: .rebase(temperature: .nan)).solve(Toy.problem).isFinished)
    }

    @Test func `Self-consistency has no use for lookahead`() async throws {
        let search = ToySearch()
        var configuration = Toy.configuration(.ar)
        configuration.search = .selfConsistency
        configuration.lookahead = 2
        _ = try await search.run(configuration)
        #expect(search.rewardModel.calls.isEmpty)
    }

    @Test func `The events of a stream are those of the closure`() async throws {
        let toy = ToySearch()
        let search = try Search(timeless: toy.engine, Toy.configuration(seed: 3))
        _ = try await search.solve(Toy.problem, onEvent: toy.log.listener)
        let events = EventLog()
        for try await event in search.events(for: Toy.problem) { events.listener(event) }
        #expect(events.events == toy.log.events)
    }

    @Test func `A stream ends with the search's error`() async throws {
        let search = Search(ToySearch(rewardModel: ScriptedRewardModel { _ in .nan }).engine)
        let error = await #expect(throws: SpecSearchError.self) {
            for try await _ in search.events(for: Toy.problem) {}
        }
        #expect(error?.code == .badScore)
    }

    @Test(.timeLimit(.minutes(1))) func `Whoever stops listening ends the search`() async throws {
        let sessions = SessionLog()
        let target = ScriptedModel(.target, delay: .milliseconds(2), sessions: sessions) { path in
            [.init("x\(path.depth)\n\n")]
        }
        var options = SearchOptions()
        options.maximumDepth = 100_000
        let search = Search(
            Engine(target: target, rewardModel: Toy.rewardModel()), generator: .targetOnly, options: options)
        for try await event in search.events(for: Toy.problem) {
            if case .selected(let depth, _) = event, depth == 2 { break }
        }
        while !sessions.isBalanced || sessions.opened.isEmpty { try await Task.sleep(for: .milliseconds(1)) }
        #expect(target.calls.count < 1000)
    }

    @Test func `A result is one object for programs, with the steps of its paths in place`() async throws {
        let result = try await ToySearch().run(Toy.configuration())
        let data = try JSONEncoder().encode(result)
        struct Report: Decodable {
            struct Path: Decodable {
                var node: Int
                var steps: [Step]
            }
            var best: Path
            var paths: [Path]
            var end: String
        }
        let report = try JSONDecoder().decode(Report.self, from: data)
        #expect(report.best.steps == result.steps && report.end == "finished")
        #expect(report.paths.map(\.node) == result.paths.map(\.node.rawValue))
    }
}
