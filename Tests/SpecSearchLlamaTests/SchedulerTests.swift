import SpecSearch
import SpecSearchLlama
import Testing

/// Calls that share passes: what each generates is what it generates alone.
@Suite struct SchedulerTests {
    /// What a call answers, whichever model it asks.
    private enum Call: CaseIterable, Sendable {
        case draft, target, speculativeTarget, rewardModel
    }

    private func answer(_ call: Call, problem: Int, of engine: LlamaEngine) async throws -> [String] {
        let request = request("problem \(problem)", count: 6, maximumTokens: 9, seed: UInt64(problem))
        switch call {
        case .draft: return try await engine.small.sample([request]).thoughts[0].map(\.text)
        case .target: return try await engine.large.sample([request]).thoughts[0].map(\.text)
        case .speculativeTarget: return try await engine.speculative.sample([request]).thoughts[0].map(\.text)
        case .rewardModel:
            var path = request.path
            path.thoughts = [Thought(text: "bc", tokens: [70, 71, 72], stop: .delimiter, source: .draft)]
            return try await engine.scorer.score([path]).scores.map { "\(($0 * 1e6).rounded())" }
        }
    }

    private func answers(_ calls: [Call], of engine: LlamaEngine, concurrently: Bool) async throws -> [Int: [String]] {
        var answers: [Int: [String]] = [:]
        if !concurrently {
            for (problem, call) in calls.enumerated() {
                answers[problem] = try await answer(call, problem: problem, of: engine)
            }
            return answers
        }
        try await withThrowingTaskGroup(of: (Int, [String]).self) { group in
            for (problem, call) in calls.enumerated() {
                group.addTask { (problem, try await answer(call, problem: problem, of: engine)) }
            }
            for try await (problem, answer) in group { answers[problem] = answer }
        }
        return answers
    }

    private let calls = (0..<16).map { Call.allCases[$0 % 4] }

    private func passes(_ engine: LlamaEngine) async -> Int {
        await engine.measurement.passes().reduce(0) { $0 + $1.count }
    }

    private func expectIdle(_ engine: LlamaEngine) async {
        for (role, state) in await engine.cacheStates() {
            #expect(state.locks == 0 && state.pending == 0, "\(role)")
        }
    }

    @Test(arguments: [1, 3]) func callsThatShareGenerateWhatTheyDoAlone(workers: Int) async throws {
        let directory = try ToyDirectory()
        var options = LlamaEngine.Options()
        options.workers = workers
        let alone = try await LlamaEngine(try directory.models(), options: options)
        let expected = try await answers(calls, of: alone, concurrently: false)
        let engine = try await LlamaEngine(try directory.models(), options: options)
        #expect(try await answers(calls, of: engine, concurrently: true) == expected)
        #expect(try await answers(calls, of: engine, concurrently: true) == expected)
        if workers == 1 {
            let shared = try await LlamaEngine(try directory.models(), options: options)
            _ = try await answers(calls, of: shared, concurrently: true)
            #expect(await passes(shared) < passes(alone))
        }
        await expectIdle(engine)
    }

    @Test func whoFindsNoRoomWaitsAndBeginsAgain() async throws {
        let directory = try ToyDirectory()
        let large = try await LlamaEngine(try directory.models())
        let expected = try await answers(calls, of: large, concurrently: false)
        var options = LlamaEngine.Options()
        options.workers = 1
        options.cacheTokens = 256
        let small = try await LlamaEngine(try directory.models(), options: options)
        // How many calls meet is chance: a few rounds.
        for _ in 0..<5 where await small.cacheStates()[.target]?.preempted == 0 {
            #expect(try await answers(calls, of: small, concurrently: true) == expected)
        }
        #expect(await small.cacheStates()[.target]?.preempted ?? 0 > 0)
        await expectIdle(small)
        await small.reset()
        #expect(await small.cacheStates().values.allSatisfy { $0.slots == 0 && $0.sequences == 0 })
    }

    @Test func aCancelledCallLeavesAndTheOthersStay() async throws {
        let directory = try ToyDirectory()
        var models = try directory.models()
        models.delimiter = "never written"
        var options = LlamaEngine.Options()
        options.workers = 1
        let engine = try await LlamaEngine(models, options: options)
        let expected = try await engine.large.sample([request("stays", count: 4, maximumTokens: 60)]).thoughts.said
        await engine.reset()
        let leaving = Task {
            try await engine.speculative.sample(
                (0..<10).map { request("leaves \($0)", count: 20, maximumTokens: 200) })
        }
        let staying = Task {
            try await engine.large.sample([request("stays", count: 4, maximumTokens: 60)]).thoughts.said
        }
        try await Task.sleep(for: .milliseconds(5))
        leaving.cancel()
        await #expect(throws: CancellationError.self) { try await leaving.value }
        #expect(try await staying.value == expected)
        await expectIdle(engine)
    }

    @Test func everyTokenIsChargedOnce() async throws {
        let directory = try ToyDirectory()
        var options = LlamaEngine.Options()
        options.workers = 1
        let engine = try await LlamaEngine(try directory.models(), options: options)
        var total = Usage()
        try await withThrowingTaskGroup(of: Usage.self) { group in
            for problem in 0..<6 {
                group.addTask {
                    let request = request("problem \(problem)", count: 5, seed: UInt64(problem))
                    var usage = try await engine.speculative.sample([request]).usage
                    usage += try await engine.small.sample([request]).usage
                    return usage
                }
            }
            for try await usage in group { total += usage }
        }
        let states = await engine.cacheStates()
        for role in [ModelRole.draft, .target] { #expect(total[role].evaluatedTokens == states[role]?.evaluated) }
        let seconds = await engine.measurement.passes().filter { $0.role == .target }.reduce(0) { $0 + $1.seconds }
        // A pass's changes of the cache are charged with it.
        #expect(total[.target].seconds > seconds - 1e-6)
    }
}
