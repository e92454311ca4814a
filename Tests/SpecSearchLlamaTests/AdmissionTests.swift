import SpecSearch
import SpecSearchLlama
import Testing

/// What does not fit waits or is preempted; it comes out the same.
@Suite struct AdmissionTests {
    @Test(arguments: [0, 4]) func `More thoughts than sequences are generated all the same`(
        numSpeculativeTokens: Int
    ) async throws {
        let directory = try ToyDirectory()
        let models = try directory.models()
        let usual = try await LlamaEngine(models, options: .init(numSpeculativeTokens: numSpeculativeTokens))
        var options = LlamaEngine.Options(numSpeculativeTokens: numSpeculativeTokens)
        options.cacheSequences = 256
        options.cacheTokens = 1 << 14
        let large = try await LlamaEngine(models, options: options)
        let wide = request("abc", count: 128, temperature: 2, maximumTokens: 40)
        let model = try usual.speculative
        let thoughts = try await model.sample([wide]).thoughts[0]
        #expect(thoughts.count == 128 && Set(thoughts).count > 100)
        #expect(try await large.speculative.sample([wide]).thoughts[0].map(\.tokens) == thoughts.map(\.tokens))
        for state in await usual.cacheStates().values { #expect(state.locks == 0 && state.pending == 0) }
    }

    @Test(arguments: [0, 3]) func `Sequences that outgrow the cache give up the youngest`(
        numSpeculativeTokens: Int
    ) async throws {
        // Ten prompts fit, their thoughts do not.
        let requests = (0..<10).map { request("problem \($0)", count: 2, temperature: 2, maximumTokens: 60, node: $0) }
        func sample(slots: Int) async throws -> [[[Token]]] {
            let target = try Toy(.init(seed: 3), slots: slots, contextLength: 120)
            let draft = try Toy(.init(seed: 2), role: .draft, slots: slots, contextLength: 120)
            let scheduler = Scheduler()
            let sampler = ThoughtSampler(
                target: target.model, draft: draft.model, delimiter: StepDelimiter("never"),
                vocabularyCount: target.tokenizer.vocabulary.count, scheduler: scheduler)
            let samples = try await sampler.sample(requests, numSpeculativeTokens: numSpeculativeTokens)
            #expect((scheduler.preemptions > 0) == (slots == 256))
            #expect(samples.usage[.target].outputTokens == samples.thoughts.joined().reduce(0) { $0 + $1.tokens.count })
            target.expectClean()
            draft.expectClean()
            return samples.thoughts.map { $0.map(\.tokens) }
        }
        let expected = try await sample(slots: 4096)
        #expect(try await sample(slots: 256) == expected)
    }

    @Test func `Heavy searches at once wait for room, and come out as they do alone`() async throws {
        let directory = try ToyDirectory()
        var options = LlamaEngine.Options()
        options.workers = 1
        options.cacheTokens = 64
        let engine = try await LlamaEngine(try directory.models(), options: options)
        @Sendable func answer(_ number: Int) async throws -> [[Token]] {
            var configuration = SearchConfiguration()
            configuration.beams = 4
            configuration.width = 16
            configuration.options.maximumDepth = 3
            configuration.sampling.temperature = 2
            configuration.sampling.maximumTokens = 24
            let search = try Search(engine, configuration: configuration)
            return try await search.solve(Problem(text: "problem \(number)")).steps.map(\.thought.tokens)
        }
        let together = try await withThrowingTaskGroup(of: (Int, [[Token]]).self) { group in
            for number in 0..<6 { group.addTask { (number, try await answer(number)) } }
            return try await group.reduce(into: [:]) { $0[$1.0] = $1.1 }
        }
        #expect(together.count == 6)
        for number in [0, 5] { #expect(try await answer(number) == together[number]) }
    }

    @Test func `A thought that can never fit names the option`() async throws {
        // The context is longer than the cache has sequences for: nothing is left for a second evaluation.
        let toy = try Toy(slots: 256, contextLength: 512)
        let cache = toy.runner
        let node = cache.cache.insert(path: Array(repeating: ToyModel.id(of: "b"), count: 300))
        cache.cache.lock(node)
        await expectError(.cacheOverflow) { try cache.evaluate() }
        do { try cache.evaluate() } catch let error as SpecSearchError {
            #expect(error.remedy.contains("cacheTokens"))
        }
        cache.cache.unlock(node)
    }

    @Test func `Plain decoding is speculation without proposals`() async throws {
        let target = try Toy(.init(seed: 11, layers: 2))
        let draft = try Toy(.init(seed: 12), role: .draft)
        let requests = (0..<4).map { request("problem \($0)", count: 5, maximumTokens: 20, node: $0) }
        let plain = try await target.sampler().sample(requests)
        target.runner.reset()
        let none = try await target.sampler(draft: draft).sample(requests, numSpeculativeTokens: 0)
        // Byte for byte, probabilities included.
        #expect(none.thoughts == plain.thoughts)
        #expect(draft.runner.evaluatedCount == 0 && none.usage.models.keys.map(\.self) == [.target])
    }

    @Test func `Where the draft's context is full the target goes on alone`() async throws {
        let target = try Toy(.init(seed: 11))
        let draft = try Toy(.init(seed: 11), role: .draft, contextLength: 24)
        let requests = [
            request("abcdefgh", count: 8, temperature: 1.5, maximumTokens: 60),
            request(String(repeating: "bc", count: 20), count: 4, maximumTokens: 30),
        ]
        let samples = try await target.sampler(draft: draft, delimiter: "never").sample(
            requests, numSpeculativeTokens: 4)
        #expect(samples.thoughts[0].contains { $0.tokens.count > 24 })
        #expect(samples.thoughts[1].allSatisfy { !$0.tokens.isEmpty })
        #expect(samples.usage[.target].proposedTokens > 0)
        target.expectClean()
        draft.expectClean()
    }
}
