import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct LlamaEngineTests {
    private func expectIdle(_ engine: LlamaEngine, sourceLocation: SourceLocation = #_sourceLocation) async {
        for (role, state) in await engine.cacheStates() {
            #expect(state.locks == 0 && state.pending == 0, "\(role)", sourceLocation: sourceLocation)
        }
    }

    private func expectEmpty(_ engine: LlamaEngine, sourceLocation: SourceLocation = #_sourceLocation) async {
        for (role, state) in await engine.cacheStates() {
            #expect(state.slots == 0 && state.sequences == 0, "\(role)", sourceLocation: sourceLocation)
        }
    }

    @Test func aSearchRunsAndLeavesNothing() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let problem = Problem(id: "one", text: "abc")
        var frontier = [ReasoningPath(problem: problem)]
        for depth in 0..<4 {
            func requests(_ role: ModelRole) -> [SampleRequest] {
                frontier.enumerated().map { index, path in
                    SampleRequest(
                        path: path, count: 6, sampling: engine.models.sampling,
                        key: RandomKey(seed: 1, problem: 2, depth: depth, node: index, role: role))
                }
            }
            let drafts = try await engine.small.sample(requests(.draft))
            let written = try await engine.speculative.sample(requests(.target))
            #expect(drafts.thoughts.count == frontier.count && written.thoughts.allSatisfy { $0.count == 6 })
            #expect(drafts.thoughts.joined().allSatisfy { $0.source == .draft })
            #expect(written.usage[.draft].decodes > 0 && written.usage[.target].decodes > 0)
            var paths: [ReasoningPath] = []
            for (path, thoughts) in zip(frontier, zip(drafts.thoughts, written.thoughts).map { $0 + $1 }) {
                for thought in thoughts { paths.append(path.appending(thought)) }
            }
            let scores = try await engine.scorer.score(paths)
            #expect(scores.scores.count == paths.count && scores.scores.allSatisfy { (0...1).contains($0) })
            #expect(scores.usage[.rewardModel].seconds > 0)
            let open = paths.filter { $0.thoughts.last?.stop == .delimiter }
            if open.isEmpty { break }
            frontier = Array(open.prefix(2))
            await expectIdle(engine)
        }
        #expect(try engine.scorer.aggregation == .product)
        #expect(await engine.cacheStates()[.target]?.repeated == 0)
        await engine.reset()
        await expectEmpty(engine)
    }

    @Test func `a prompt has so many tokens, cached or not, and one that is too long is refused without a path`()
        async throws
    {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let request = request("abc", count: 2, maximumTokens: 4)
        for model in [try engine.small, try engine.large, try engine.speculative] as [any LanguageModel] {
            let count = try #require(try await model.promptTokens(of: request.path.problem))
            // As many as are read where nothing is cached.
            await engine.reset()
            let usage = try await model.sample([request]).usage
            #expect(usage.models.values.contains { $0.prefillTokens == count })
            #expect(try await model.promptTokens(of: request.path.problem) == count)
            let long = Problem(text: String(repeating: "abc ", count: 200))
            let error = await #expect(throws: SpecSearchError.self) { _ = try await model.promptTokens(of: long) }
            #expect(error?.code == .contextOverflow && error?.message.contains("/") == false)
        }
    }

    @Test func `tokens have a text where they are tokens of the model`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let tokens = [ToyModel.id(of: "a"), ToyModel.id(of: "b")]
        #expect(try await engine.large.text(of: tokens) == "ab")
        #expect(try await engine.speculative.text(of: tokens) == "ab")
        for bad in [-1, Token.max] {
            await expectError(.badSetting, "no token") { _ = try await engine.large.text(of: [bad]) }
        }
    }

    @Test func aProblemLeavesTheCachesWithItsLastSearch() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let request = request("abc", count: 3, maximumTokens: 4)
        let problem = request.path.problem
        func slots() async -> Int { await engine.cacheStates()[.draft]?.slots ?? 0 }
        let inside = try await withSession(of: try engine.small, problem) {
            let alone = try await engine.small.sample([request]).thoughts
            // A second search of the same problem ends before the first.
            let second = try await withSession(of: try engine.large, problem) {
                try await engine.small.sample([request])
            }
            #expect(second.thoughts.said == alone.said)
            return await slots()
        }
        #expect(inside > 0)
        #expect(await slots() == 0)
        await #expect(throws: SpecSearchError.self) {
            try await withSession(of: try engine.small, problem) {
                _ = try await engine.large.sample([request])
                throw SpecSearchError(.computeFailed, "The search failed.", remedy: "")
            }
        }
        await expectEmpty(engine)
    }

    @Test func whatIsCachedChangesNothing() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let other = try await LlamaEngine(try directory.models())
        var path = ReasoningPath(problem: Problem(text: "xyz"))
        for depth in 0..<5 {
            let request = SampleRequest(
                path: path, count: 8, sampling: SamplingParameters(temperature: 1, maximumTokens: 6),
                key: RandomKey(seed: 3, problem: 4, depth: depth, node: 0, role: .target))
            let thoughts = try await engine.large.sample([request]).thoughts[0]
            await other.reset()
            #expect(try await other.large.sample([request]).thoughts[0].said == thoughts.said)
            guard let next = thoughts.first(where: { $0.stop != .endOfSequence }) else { break }
            path = path.appending(next)
        }
    }

    @Test func cancellationEndsACallAndFreesIt() async throws {
        let directory = try ToyDirectory()
        var models = try directory.models()
        models.delimiter = "never written"
        let engine = try await LlamaEngine(models)
        let request = SampleRequest(
            path: ReasoningPath(problem: Problem(text: "abc")), count: 40,
            sampling: SamplingParameters(temperature: 1, maximumTokens: 240),
            key: RandomKey(seed: 1, problem: 2, depth: 0, node: 0, role: .target))
        for sampler in [try engine.large, try engine.speculative, try engine.small] as [any LanguageModel] {
            let task = Task { try await sampler.sample(Array(repeating: request, count: 20)) }
            try await Task.sleep(for: .milliseconds(20))
            task.cancel()
            await #expect(throws: CancellationError.self) { try await task.value }
            await expectIdle(engine)
        }
        var short = request
        short.count = 2
        short.sampling.maximumTokens = 4
        #expect(try await engine.large.sample([short]).thoughts[0].count == 2)
        await engine.reset()
        await expectEmpty(engine)
    }

    @Test func aRecordingIsDoneAgainInFull() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let request = request("abc", count: 4, maximumTokens: 5)
        _ = try await engine.small.sample([request])
        await engine.measurement.beginRecording()
        let before = await engine.cacheStates()
        let usage = try await engine.speculative.sample([request]).usage
        let seconds = try await engine.measurement.replayRecording()
        #expect(Set(seconds.keys) == [.draft, .target] && seconds.values.allSatisfy { $0 > 0 })
        // The engine's own contexts are left alone.
        let after = await engine.cacheStates()
        for role in [ModelRole.draft, .target] {
            let evaluated = (after[role]?.evaluated ?? 0) - (before[role]?.evaluated ?? 0)
            #expect(usage[role].evaluatedTokens == evaluated)
        }
        #expect(try await engine.measurement.replayRecording().isEmpty)
    }

    @Test func decodesAreMeasured() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let results = try await engine.measurement.decodeTimes(batchSizes: [1, 4], prefixLength: 16, passes: 3)
        #expect(results.count == 6)
        #expect(results.allSatisfy { $0.fastest > 0 && $0.fastest <= $0.median })
        await expectEmpty(engine)
        await #expect(throws: SpecSearchError.self) { try await engine.measurement.decodeTimes(batchSizes: [1000]) }
    }

    @Test func settingsOutOfRangeAreRefused() async throws {
        let directory = try ToyDirectory()
        let models = try directory.models()
        let engine = try await LlamaEngine(models)
        var request = SampleRequest(
            path: ReasoningPath(problem: Problem(text: "abc")), count: 1,
            sampling: SamplingParameters(temperature: -1),
            key: RandomKey(seed: 1, problem: 2, depth: 0, node: 0, role: .target))
        await expectError(.badSetting) { _ = try await engine.large.sample([request]) }
        request.sampling = SamplingParameters(topP: 0)
        await expectError(.badSetting) { _ = try await engine.large.sample([request]) }
        for change: (inout LlamaEngine.Options) -> Void in [
            { $0.threads = 0 }, { $0.numSpeculativeTokens = -1 }, { $0.cacheSequences = 300 },
            { $0.cacheTokens = .max }, { $0.cacheSequences = .max },
        ] {
            var options = LlamaEngine.Options()
            change(&options)
            let wrong = options
            await expectError(.badSetting) { _ = try await LlamaEngine(models, options: wrong) }
        }
        // Before the memory that it takes is computed.
        var endless = models
        endless.contextLength = .max
        let tooLong = endless
        #expect(throws: SpecSearchError.self) { try tooLong.check(path: "manifest.json") }
        #expect(throws: SpecSearchError.self) { try CostModel.measure(tooLong) }
        request.sampling = SamplingParameters()
        request.path.problem.text = String(repeating: "abc ", count: 200)
        for model in [try engine.large, try engine.speculative] as [any LanguageModel] {
            let thought = try await model.sample([request]).thoughts[0][0]
            #expect(thought.stop == .length && thought.tokens.isEmpty && thought.text.isEmpty)
        }
        request.path.thoughts = [Thought(text: "a", tokens: [ToyModel.id(of: "a")], stop: .delimiter, source: .draft)]
        let long = request.path
        var short = long
        short.problem.text = "abc"
        let scores = try await engine.scorer.score([long, short])
        #expect(scores.lost.mapValues(\.code) == [0: .contextOverflow])
        let alone = try await engine.scorer.score([short]).scores
        #expect(abs(scores.scores[1] - alone[0]) < 1e-6)
        await expectIdle(engine)
    }
}

/// Runs `body`, which must throw an ``SpecSearchError`` of this kind whose message contains `text` and which has a remedy.
func expectError(
    _ code: SpecSearchError.Code, _ text: String = "", sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async {
    do {
        try await body()
        Issue.record("no error", sourceLocation: sourceLocation)
    } catch let error as SpecSearchError {
        #expect(error.code == code, "\(error)", sourceLocation: sourceLocation)
        #expect(text.isEmpty || error.message.contains(text), "\(error)", sourceLocation: sourceLocation)
        #expect(!error.remedy.isEmpty, "\(error)", sourceLocation: sourceLocation)
    } catch {
        Issue.record("\(error)", sourceLocation: sourceLocation)
    }
}
