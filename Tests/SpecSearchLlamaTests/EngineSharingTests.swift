import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// One GGUF is one model, whatever roles it plays; any role may be absent; and nothing is kept for ever.
@Suite struct EngineSharingTests {
    /// Draft, target and reward model from two files.
    private func twoFiles(_ directory: ToyDirectory) throws -> ModelSet {
        var set = try directory.models()
        set.rewardModel = set.draft
        set.rewardModelConfiguration = directory.path("prm.json")
        return set
    }

    @Test func `One file in two roles has one cache`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try twoFiles(directory))
        let request = request("abc", count: 4, maximumTokens: 6)
        let thoughts = try await engine.small.sample([request]).thoughts[0]
        let before = await engine.cacheStates()
        #expect(before[.draft] == before[.rewardModel] && before[.draft] != before[.target])
        // All tokens but the last of each thought are there, with their logits.
        let scores = try await engine.scorer.score(thoughts.map { request.path.appending($0) })
        #expect(scores.usage[.rewardModel].evaluatedTokens == 0)
        #expect(Set(await engine.measurement.passes().map(\.role)) == [.draft])
        // The same numbers as with files of their own.
        try FileManager.default.copyItem(atPath: directory.path("draft.gguf"), toPath: directory.path("copy.gguf"))
        var three = try twoFiles(directory)
        three.rewardModel = directory.path("copy.gguf")
        let other = try await LlamaEngine(three)
        #expect(try await other.small.sample([request]).thoughts[0].said == thoughts.said)
        let apart = try await other.scorer.score(thoughts.map { request.path.appending($0) })
        #expect(apart.usage[.rewardModel].evaluatedTokens > 0)
        for (one, two) in zip(scores.scores, apart.scores) { #expect(abs(one - two) < 1e-4) }
        // A link to the file is the file.
        try FileManager.default.createSymbolicLink(
            atPath: directory.path("link.gguf"), withDestinationPath: directory.path("draft.gguf"))
        three.rewardModel = directory.path("link.gguf")
        let linked = try await LlamaEngine(three)
        _ = try await linked.small.sample([request])
        #expect(await linked.cacheStates()[.rewardModel]?.evaluated ?? 0 > 0)
    }

    @Test func `A model that drafts for itself is always right`() async throws {
        let directory = try ToyDirectory()
        var set = try directory.models()
        set.draft = set.target
        var options = LlamaEngine.Options()
        options.draftConfidence = 0
        let engine = try await LlamaEngine(set, options: options)
        let request = request("abc", count: 6, maximumTokens: 9)
        let samples = try await engine.speculative.sample([request])
        let usage = samples.usage[.target]
        #expect(usage.acceptedTokens == usage.proposedTokens && usage.proposedTokens > 0)
        #expect(samples.usage[.draft].evaluatedTokens == 0)
        #expect(usage.evaluatedTokens == (await engine.cacheStates()[.target]?.evaluated))
        for state in await engine.cacheStates().values { #expect(state.locks == 0 && state.pending == 0) }
    }

    @Test func `An engine with only a target, and one with only a reward model`() async throws {
        let directory = try ToyDirectory()
        let set = try directory.models()
        let target = try await LlamaEngine(ModelSet(target: set.target, delimiter: "a", contextLength: 256))
        let request = request("abc", count: 3, maximumTokens: 6)
        let alone = try await target.large.sample([request]).thoughts
        let all = try await LlamaEngine(set).large.sample([request]).thoughts.said
        #expect(alone.said == all)
        #expect(target.engine.draft == nil && target.engine.rewardModel == nil && target.engine.judge != nil)
        #expect(await target.cacheStates().keys.map(\.self) == [.target])
        #expect(!target.engine.pairsAtTokenLevel)
        let paths = alone[0].map { request.path.appending($0) }
        #expect(
            try await target.large.logLikelihoods(of: paths, sampling: request.sampling).values.allSatisfy { $0 < 0 })

        let judge = try await LlamaEngine(ModelSet(rewardModel: set.rewardModel))
        #expect(judge.engine.target == nil && judge.engine.judge == nil && judge.engine.rewardModel != nil)
        #expect(try await judge.scorer.score(paths).scores.count == 3)
        await expectError(.badModelFile, "no model") { _ = try await LlamaEngine(ModelSet()) }
    }

    @Test func `Logits and hidden states come from one context in one pass`() async throws {
        let shape = ToyModel.Shape(layers: 2)
        let both = try Toy(shape, givesHiddenStates: true)
        let plain = try Toy(shape)
        let tokens: [Token] = "abcdef".map { ToyModel.id(of: String($0)) }
        let runner = both.runner
        runner.advanceClock()
        let node = runner.cache.insert(path: tokens)
        runner.cache.lock(node)
        runner.want(node, [.logits, .hiddenState])
        #expect(try runner.step()?.tokens == tokens.count)
        #expect(try runner.step() == nil)
        let logits = Array(
            UnsafeBufferPointer(start: try runner.logits(of: node), count: runner.context.vocabularyCount))
        #expect(logits.maximumDifference(try plain.freshLogits(after: tokens)) < 1e-5)
        let hidden = Array(
            UnsafeBufferPointer(start: try runner.hiddenState(of: node), count: runner.context.hiddenLength))
        #expect(hidden.count == 32 && hidden.allSatisfy(\.isFinite) && Set(hidden).count > 16)
        #expect(!runner.has(.hiddenState, of: [runner.cache.parent(of: node)]))
        runner.cache.unlock(node)
        // Elsewhere hidden states are an error, not zeros.
        #expect(throws: SpecSearchError.self) { try plain.runner.hiddenState(of: 1) }
        // It samples as ever.
        let request = request("abc", count: 5)
        let thoughts = try await both.sampler().sample([request]).thoughts[0]
        #expect(try await plain.sampler().sample([request]).thoughts[0].map(\.tokens) == thoughts.map(\.tokens))
    }

    @Test func `Problems without a session are forgotten`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        for problem in 0..<200 {
            _ = try await engine.small.sample([request("p\(problem)", count: 1, maximumTokens: 1)])
        }
        #expect(engine.rememberedProblemCount <= 64)
        let problem = Problem(text: "kept")
        let session = try #require(try await engine.small.openSession(for: problem))
        let second = try #require(try await engine.large.openSession(for: problem))
        await session.close()
        await session.close()
        #expect(engine.rememberedProblemCount <= 65)
        await second.close()
        await engine.reset()
        #expect(engine.rememberedProblemCount == 0)
    }

    @Test func `What a search comes back to is not evaluated again while there is room`() async throws {
        let directory = try ToyDirectory()
        var options = LlamaEngine.Options()
        options.cacheSequences = 256
        let engine = try await LlamaEngine(try directory.models(), options: options)
        let sampling = SamplingParameters(temperature: 1, maximumTokens: 12)
        var distinct = Set<[Token]>()
        let root = ReasoningPath(problem: Problem(text: "abc"))
        let prompt = "abc\n\n"
        var tree: [ReasoningPath] = [root]
        var random = PhiloxGenerator(seed: 1)
        let length = try await engine.measurement.distinctTokens(
            of: [
                root.appending(
                    Thought(text: "b", tokens: [ToyModel.id(of: "b")], stop: .delimiter, source: .draft))
            ], for: .draft)
        #expect(length == prompt.count)
        for iteration in 0..<40 {
            // As a tree search does: somewhere in the tree, more often than not at an older path.
            let path = tree[Int.random(in: tree.indices, using: &random)]
            let request = SampleRequest(
                path: path, count: 6, sampling: sampling,
                key: RandomKey(seed: 5, problem: 1, depth: path.depth, node: iteration, role: .draft))
            let thoughts = try await engine.small.sample([request]).thoughts[0]
            var tokens = path.tokens
            for end in 0...tokens.count { distinct.insert(Array(tokens[..<end])) }
            for thought in thoughts {
                tokens = path.tokens + thought.tokens.dropLast()
                for end in 0...tokens.count { distinct.insert(Array(tokens[..<end])) }
                if thought.stop == .delimiter, path.depth < 8 { tree.append(path.appending(thought)) }
            }
        }
        let state = try #require(await engine.cacheStates()[.draft])
        #expect(state.evaluated == distinct.count - 1 + prompt.count)
        #expect(state.evicted == 0 && state.slots > 1024)
    }
}
