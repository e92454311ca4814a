import Foundation
import SpecSearch
import SpecSearchEvaluation
import SpecSearchTesting
import Synchronization
import Testing

@Suite struct RunTests {
    private let problems = (0..<5).map {
        GradedProblem(problem: Problem(id: "p\($0)", text: "What is \($0)?"), answer: "\($0)")
    }

    private func variants(_ names: [String]) -> [Variant] {
        names.map { Variant(name: $0, configuration: SearchConfiguration()) }
    }

    /// A run whose searches answer with the variant's name and the seed, and say in which order they ran.
    private func run(
        _ variants: [Variant], seeds: [UInt64] = [0], log: Log = Log(), failing: Set<String> = []
    ) -> EvaluationRun {
        EvaluationRun(
            variants: variants, problems: problems, seeds: seeds,
            solve: { variant, problem in
                log.append("\(variant.name) \(problem.id) \(variant.configuration.options.seed)")
                if failing.contains(problem.id) { throw RunTests.Broken() }
                return try await Self.search(variant.configuration, problem)
            },
            grade: { _, result in EvaluationRun.Grade(answer: result.answer, verdict: .right) })
    }

    @Test func `Every item runs once, interleaved problem by problem in rotating order, after the warm-up`()
        async throws
    {
        let log = Log()
        let records = Log()
        var run = run(variants(["a", "b"]), seeds: [3, 4], log: log)
        run.warmUp = 1
        try await run.run { records.append("\($0.variant) \($0.problem) \($0.seed)") }
        #expect(log.lines.prefix(2) == ["a p0 3", "b p0 3"])
        #expect(Array(log.lines.dropFirst(2)) == records.lines)
        #expect(records.lines.prefix(4) == ["a p0 3", "b p0 3", "b p1 3", "a p1 3"])
        #expect(records.lines.count == 20 && Set(records.lines).count == 20)
    }

    @Test func `What is done is left out, and the order of the rest stays`() async throws {
        let all = Log()
        try await run(variants(["a", "b"])).run { all.append("\($0.variant) \($0.problem)") }
        for count in 0...10 {
            let done = all.lines.prefix(count).map { line in
                let parts = line.split(separator: " ").map(String.init)
                return EvaluationRecord.Key(variant: parts[0], problem: parts[1], seed: 0)
            }
            let rest = Log()
            try await run(variants(["a", "b"])).run(done: Set(done)) { rest.append("\($0.variant) \($0.problem)") }
            #expect(rest.lines == Array(all.lines.dropFirst(count)))
        }
    }

    @Test func `With several problems at once every item still runs once`() async throws {
        let records = Log()
        var run = run(variants(["a", "b", "c"]), seeds: [0, 1])
        run.concurrency = 4
        try await run.run { records.append("\($0.variant) \($0.problem) \($0.seed)") }
        #expect(records.lines.count == 30 && Set(records.lines).count == 30)
    }

    @Test func `A failed search is recorded with its error, and the run goes on to its end, however many fail`()
        async throws
    {
        let records = Mutex<[EvaluationRecord]>([])
        try await run(variants(["a"]), failing: ["p1"]).run { record in records.withLock { $0.append(record) } }
        let failed = records.withLock { $0 }.filter(\.hasFailed)
        #expect(records.withLock { $0 }.count == 5)
        #expect(failed.map(\.problem) == ["p1"])
        #expect(failed.first?.error == "broken" && failed.first?.isRight == false)
        let all = Log()
        let problems = ["p0", "p1", "p2", "p3", "p4"]
        try await run(variants(["a", "b"]), failing: Set(problems)).run { all.append("\($0.problem) \($0.hasFailed)") }
        #expect(all.lines.count == 10 && all.lines.allSatisfy { $0.hasSuffix("true") })
    }

    @Test func `Cancelling ends the run, and what was recorded stays`() async throws {
        let records = Log()
        let task = Task {
            try await run(variants(["a", "b"])).run { record in
                records.append(record.problem)
                if records.lines.count == 3 { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(records.lines.count == 3)
    }

    /// A search of one step, without any models.
    private static func search(_ configuration: SearchConfiguration, _ problem: Problem) async throws -> SearchResult {
        var configuration = configuration
        configuration.method = .ar
        let target = ScriptedModel(.target) { _ in [.init("1", stop: .endOfSequence)] }
        let engine = Engine(target: target, rewardModel: ScriptedRewardModel { _ in 1 })
        return try await Search(engine, configuration: configuration).solve(problem)
    }

    struct Broken: Error, CustomStringConvertible { var description: String { "broken" } }

    final class Log: Sendable {
        private let content = Mutex<[String]>([])
        var lines: [String] { content.withLock { $0 } }
        func append(_ line: String) { content.withLock { $0.append(line) } }
    }
}
