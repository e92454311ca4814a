import Foundation
import SpecSearch
import SpecSearchEvaluation
import SpecSearchLlama
import SpecSearchMeasurement
import SpecSearchTesting
import Testing

@Suite struct BenchTests {
    private let draft = ScriptedModel(.draft) { path in Self.choices(path) }
    private let target = ScriptedModel(.target) { path in Self.choices(path) }

    private static func choices(_ path: ReasoningPath) -> [ScriptedModel.Choice] {
        ["a", "b", "c"].map { text in
            path.depth < 3 ? .init("\(text)\(path.depth)\n\n") : .init("so \(text)", stop: .endOfSequence)
        }
    }

    private var engine: Engine {
        Engine(
            draft: draft, target: target,
            rewardModel: ScriptedRewardModel { path in path.thoughts.last?.text.hasPrefix("a") == true ? 0.7 : 0.4 },
            defaults: Engine.Defaults(answerMarker: "so "))
    }

    private let problems = (0..<5).map { GradedProblem(problem: Problem(id: "\($0)", text: "?"), answer: "a") }

    private func variants(_ texts: String...) throws -> [Variant] {
        try texts.map { try Variant($0, base: SearchConfiguration()) }
    }

    @Test func `Problems at once are the same problems as alone`() async throws {
        let rows = try await ConcurrencyBench(engine, concurrency: 2).run(variants("ar", "specsearch"), on: problems)
        #expect(rows.map(\.method) == ["ar", "specsearch"])
        for row in rows {
            #expect(row.problems == 5 && row.concurrency == 2 && row.differentAnswers == 0)
            #expect(row.throughput > 0 && row.worstLatency >= row.latency && row.seconds.count == 2)
        }
        #expect(ConcurrencyBench.text(rows).contains("| specsearch "))
    }

    @Test func `Every number of speculative tokens is tried on every problem`() async throws {
        var done: [Int] = []
        let seconds = try await SpeculationBench(engine).run(problems.prefix(3).map(\.problem)) { done.append($0) }
        #expect(Set(seconds.keys) == Set(SpeculationBench.numbers) && seconds.values.allSatisfy { $0 > 0 })
        #expect(done == [1, 2, 3])
        let tried = Set(target.calls.map(\.numSpeculativeTokens))
        #expect(tried == Set(SpeculationBench.numbers.map { $0 }) && target.calls.allSatisfy(\.isSpeculative))
    }

    @Test func `A search that starts again finds the same in the other way`() async throws {
        let other = engine
        let rows = try await ShapeBench(engine, other: other) {}.run(variants("ar", "specsearch"), on: problems)
        #expect(rows.map(\.differentAnswers) == [0, 0] && rows.allSatisfy { $0.tokens == $0.restartingTokens })
        #expect(ShapeBench.text(rows).contains("one by one"))
    }

    @Test func `Bare times between measured batch sizes are linear`() {
        let times = (0..<11).map { 10 * Double($0 + 1) }
        #expect(EngineBench.time(of: 1, times) == 10 && EngineBench.time(of: 48, times) == 110)
        #expect(EngineBench.time(of: 5, times) == 45 && EngineBench.time(of: 100, times) == 110)
    }

    // MARK: The shipped models

    private static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(
        path: "../../Models"
    ).standardizedFileURL

    private func shipped() async throws -> (LlamaEngine, [GradedProblem]) {
        let problems = try ProblemSet(contentsOf: Self.models.appending(path: "heldout.jsonl")).problems
        return (try await LlamaEngine(Self.models.path), Array(problems.prefix(2)))
    }

    @Test func `No token is evaluated twice, and passes are timed`() async throws {
        let (engine, problems) = try await shipped()
        let rows = try await ProfileBench(engine).run(variants("ar", "sps", "specsearch"), on: problems)
        #expect(rows.map(\.method) == ["ar", "sps", "specsearch"])
        for row in rows {
            let profile = row.profile
            #expect(profile.seconds > 0 && profile.peakMemoryBytes > 1 << 20)
            #expect(profile.decodeEfficiency[.target].map { $0 > 0 } == true)
            #expect(profile.reevaluation[.target].map { abs($0 - 1) < 0.05 } == true, "\(profile.reevaluation)")
        }
        #expect(ProfileBench.text(rows).contains("peak memory"))
    }

    @Test func `Forward passes of every model are measured`() async throws {
        let (engine, problems) = try await shipped()
        let rows = try await EngineBench(engine).run(variants("specsearch"), on: problems)
        #expect(rows.map(\.model) == ["draft", "target", "prm"])
        #expect(rows.allSatisfy { $0.passes > 0 && $0.efficiency ?? 0 > 0 && $0.milliseconds["12"] ?? 0 > 0 })
        #expect(EngineBench.text(rows).contains("speed in a search"))
    }
}
