import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct LlamaEngineTests {
    private func expectIdle(_ engine: LlamaEngine, sourceLocation: SourceLocation = #_sourceLocation) async {
        for (role, state) in await engine.cacheStates() {
            #expect(state.pins == 0 && state.pending == 0, "\(role)", sourceLocation: sourceLocation)
        }
    }

    private func expectEmpty(_ engine: LlamaEngine, sourceLocation: SourceLocation = #_sourceLocation) async {
        for (role, state) in await engine.cacheStates() {
            #expect(state.cells == 0 && state.branches == 0, "\(role)", sourceLocation: sourceLocation)
        }
    }

    @Test func aSearchRunsAndLeavesNothing() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine.load(try directory.trio())
        let problem = Problem(id: "one", text: "abc")
        var frontier = [ReasoningPath(problem: problem)]
        for depth in 0..<4 {
            func requests(_ role: ModelRole) -> [ThoughtRequest] {
                frontier.enumerated().map { index, path in
                    ThoughtRequest(
                        path: path, count: 6, parameters: engine.models.samplingParameters,
                        key: RandomKey(seed: 1, problem: 2, depth: depth, node: index, role: role))
                }
            }
            let drafts = try await engine.draft.sample(requests(.draft))
            let written = try await engine.speculativeTarget.sample(requests(.target))
            #expect(drafts.thoughts.count == frontier.count && written.thoughts.allSatisfy { $0.count == 6 })
            #expect(drafts.thoughts.joined().allSatisfy { $0.author == .draft })
            #expect(written.usage[.draft].decodes > 0 && written.usage[.target].decodes > 0)
            var paths: [ReasoningPath] = []
            for (path, thoughts) in zip(frontier, zip(drafts.thoughts, written.thoughts).map { $0 + $1 }) {
                for thought in thoughts { paths.append(path.appending(thought)) }
            }
            let scores = try await engine.evaluator.evaluate(paths)
            #expect(scores.scores.count == paths.count && scores.scores.allSatisfy { (0...1).contains($0) })
            #expect(scores.usage[.rewardModel].seconds > 0)
            let open = paths.filter { $0.thoughts.last?.stop == .delimiter }
            if open.isEmpty { break }
            frontier = Array(open.prefix(2))
            await expectIdle(engine)
        }
        #expect(engine.evaluator.defaultAggregation == .product)
        #expect(await engine.cacheStates()[.target]?.repeated == 0)
        await engine.reset()
        await expectEmpty(engine)
    }

    @Test func aProblemLeavesTheCachesWithItsLastSearch() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine.load(try directory.trio())
        let request = request("abc", count: 3, maximumTokens: 4)
        let problem = request.path.problem
        func cells() async -> Int { await engine.cacheStates()[.draft]?.cells ?? 0 }
        let inside = try await engine.draft.withProblem(problem) {
            let alone = try await engine.draft.sample([request]).thoughts
            // A second search of the same problem ends before the first.
            let second = try await engine.target.withProblem(problem) { try await engine.draft.sample([request]) }
            #expect(second.thoughts == alone)
            return await cells()
        }
        #expect(inside > 0)
        #expect(await cells() == 0)
        await #expect(throws: EngineError.self) {
            try await engine.evaluator.withProblem(problem) {
                _ = try await engine.target.sample([request])
                throw EngineError(.computeFailed, "The search failed.", remedy: "")
            }
        }
        await expectEmpty(engine)
    }

    @Test(arguments: [EngineOptions.Retention.frontier, .all]) func retentionChangesOnlyTheCache(
        retention: EngineOptions.Retention
    ) async throws {
        let directory = try ToyDirectory()
        var options = EngineOptions()
        options.retention = retention
        let engine = try await LlamaEngine.load(try directory.trio(), options: options)
        let other = try await LlamaEngine.load(try directory.trio())
        var path = ReasoningPath(problem: Problem(text: "xyz"))
        for depth in 0..<5 {
            let request = ThoughtRequest(
                path: path, count: 8, parameters: SamplingParameters(temperature: 1, maximumTokens: 6),
                key: RandomKey(seed: 3, problem: 4, depth: depth, node: 0, role: .target))
            let thoughts = try await engine.target.sample([request]).thoughts[0]
            await other.reset()
            #expect(try await other.target.sample([request]).thoughts[0] == thoughts)
            guard let next = thoughts.first(where: { $0.stop != .endOfSequence }) else { break }
            path = path.appending(next)
        }
        let cells = try #require(await engine.cacheStates()[.target]?.cells)
        if retention == .frontier { #expect(cells < 5 + 6 * 5 + 8 * 6) }
    }

    @Test func cancellationEndsACallAndFreesIt() async throws {
        let directory = try ToyDirectory()
        var models = try directory.trio()
        models.delimiter = "never written"
        let engine = try await LlamaEngine.load(models)
        let request = ThoughtRequest(
            path: ReasoningPath(problem: Problem(text: "abc")), count: 40,
            parameters: SamplingParameters(temperature: 1, maximumTokens: 240),
            key: RandomKey(seed: 1, problem: 2, depth: 0, node: 0, role: .target))
        for sampler in [engine.target, engine.speculativeTarget, engine.draft] {
            let task = Task { try await sampler.sample(Array(repeating: request, count: 20)) }
            try await Task.sleep(for: .milliseconds(20))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await expectIdle(engine)
        }
        var short = request
        short.count = 2
        short.parameters.maximumTokens = 4
        #expect(try await engine.target.sample([short]).thoughts[0].count == 2)
        await engine.reset()
        await expectEmpty(engine)
    }

    @Test func aRecordingIsDoneAgainInFull() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine.load(try directory.trio())
        let request = request("abc", count: 4, maximumTokens: 5)
        _ = try await engine.draft.sample([request])
        await engine.beginRecording()
        let before = await engine.cacheStates()
        let usage = try await engine.speculativeTarget.sample([request]).usage
        let seconds = try await engine.replayRecording()
        #expect(Set(seconds.keys) == [.draft, .target] && seconds.values.allSatisfy { $0 > 0 })
        // The engine's own contexts are left alone.
        let after = await engine.cacheStates()
        for role in [ModelRole.draft, .target] {
            let evaluated = (after[role]?.evaluated ?? 0) - (before[role]?.evaluated ?? 0)
            #expect(usage[role].evaluatedTokens == evaluated)
        }
        #expect(try await engine.replayRecording().isEmpty)
    }

    @Test func decodesAreMeasured() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine.load(try directory.trio())
        let results = try await engine.benchmarkDecode(batchSizes: [1, 4], prefixLength: 16, passes: 3)
        #expect(results.count == 6)
        #expect(results.allSatisfy { $0.fastest > 0 && $0.fastest <= $0.median })
        await expectEmpty(engine)
        await #expect(throws: EngineError.self) { try await engine.benchmarkDecode(batchSizes: [1000]) }
    }

    @Test func settingsOutOfRangeAreRefused() async throws {
        let directory = try ToyDirectory()
        let models = try directory.trio()
        let engine = try await LlamaEngine.load(models)
        var request = ThoughtRequest(
            path: ReasoningPath(problem: Problem(text: "abc")), count: 1,
            parameters: SamplingParameters(temperature: -1),
            key: RandomKey(seed: 1, problem: 2, depth: 0, node: 0, role: .target))
        await expectError(.badSetting) { _ = try await engine.target.sample([request]) }
        request.parameters = SamplingParameters(topP: 0)
        await expectError(.badSetting) { _ = try await engine.target.sample([request]) }
        for change: (inout EngineOptions) -> Void in [
            { $0.threads = 0 }, { $0.draftLength = -1 }, { $0.cacheBranches = 300 },
        ] {
            var options = EngineOptions()
            change(&options)
            let wrong = options
            await expectError(.badSetting) { _ = try await LlamaEngine.load(models, options: wrong) }
        }
        request.parameters = SamplingParameters()
        request.path.problem.text = String(repeating: "abc ", count: 200)
        await expectError(.contextOverflow) { _ = try await engine.target.sample([request]) }
        await expectError(.contextOverflow) { _ = try await engine.speculativeTarget.sample([request]) }
        await expectIdle(engine)
    }
}

/// Runs `body`, which must throw an ``EngineError`` of this kind whose message contains `text` and which has a remedy.
func expectError(
    _ code: EngineError.Code, _ text: String = "", sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("no error", sourceLocation: sourceLocation)
    } catch let error as EngineError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(text.isEmpty || error.message.contains(text), "\(error)", sourceLocation: sourceLocation)
        #expect(!error.remedy.isEmpty, "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
}
