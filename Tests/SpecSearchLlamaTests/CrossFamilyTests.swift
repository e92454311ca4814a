import SpecSearch
import SpecSearchLlama
import Testing

/// A draft of one family, and a target and a likelihood verifier of another: thoughts cross over as text.
@Suite struct CrossFamilyTests {
    /// Ids and lengths both differ: the draft writes "bc" and "b?" as one token each.
    ///
    /// Many tokens end a step.
    private static func trio() throws -> (ToyDirectory, ModelSet) {
        let directory = try ToyDirectory()
        var set = try directory.trio()
        set.maximumStepTokens = 32
        let words = ToyModel.words + "bcdefghijklmnopqrstuvwxyz".map { "\($0)a" }
        try directory.model("draft.gguf", .init(seed: 2, words: words.reversed() + ["b?", "bc", "cd"]))
        try directory.model("target.gguf", .init(seed: 3, layers: 2, words: words))
        try directory.model("prm.gguf", .init(seed: 4, words: words))
        return (directory, set)
    }

    private func request(_ thoughts: [Thought], count: Int = 4, depth: Int = 1) -> ThoughtRequest {
        ThoughtRequest(
            path: ReasoningPath(problem: Problem(id: "p", text: "bcd"), thoughts: thoughts), count: count,
            parameters: SamplingParameters(temperature: 1, maximumTokens: 12),
            key: RandomKey(seed: 1, problem: 7, depth: depth, node: 0, role: .target))
    }

    private func drafted(_ text: String, _ vocabulary: Vocabulary, stop: Thought.Stop = .delimiter) -> Thought {
        var tokens = vocabulary.tokenize(text)
        if stop == .endOfSequence { tokens.append(ToyModel.end) }
        return Thought(text: text, tokens: tokens, stop: stop, author: .draft)
    }

    @Test func `Each model goes on from a text as if it had written it itself`() async throws {
        let (directory, set) = try Self.trio()
        let engine = try await LlamaEngine.load(set)
        #expect(!engine.pairsAtTokenLevel)
        let vocabulary = try LlamaModel(path: directory.path("target.gguf")).vocabulary
        let draft = try LlamaModel(path: directory.path("draft.gguf")).vocabulary
        let thought = drafted("bcb?a", draft)
        var own = thought
        own.tokens = vocabulary.tokenize(thought.text)
        own.author = .target
        #expect(own.tokens.count == 5 && thought.tokens.count == 3)
        let foreign = try await engine.target.sample([request([thought])])
        let native = try await engine.target.sample([request([own])])
        #expect(foreign.thoughts == native.thoughts)
        // And the other way round.
        var read = try await engine.draft.sample([request([own])])
        #expect(read.thoughts == (try await engine.draft.sample([request([thought])]).thoughts))
        #expect(read.usage[.draft].retokenizedTokens == thought.tokens.count)
        #expect(native.usage[.target].retokenizedTokens == 0)
        // Once for each thought, however often it is named.
        #expect(foreign.usage[.target].retokenizedTokens == own.tokens.count)
        read = try await engine.target.sample([request([thought]), request([thought, thought], depth: 2)])
        #expect(read.usage[.target].retokenizedTokens == 0)
    }

    @Test func `A likelihood verifier scores the text, its end included`() async throws {
        let (directory, set) = try Self.trio()
        let engine = try await LlamaEngine.load(set)
        let vocabulary = try LlamaModel(path: directory.path("target.gguf")).vocabulary
        let draft = try LlamaModel(path: directory.path("draft.gguf")).vocabulary
        let problem = Problem(id: "p", text: "bcd")
        for stop in [Thought.Stop.delimiter, .endOfSequence] {
            let thought = drafted("b?cda", draft, stop: stop)
            var own = drafted("b?cda", vocabulary, stop: stop)
            own.author = .target
            let scores = try await engine.evaluator.evaluate([
                ReasoningPath(problem: problem, thoughts: [thought]), ReasoningPath(problem: problem, thoughts: [own]),
            ])
            #expect(scores.scores[0] == scores.scores[1] && scores.scores[0] > 0)
            #expect(scores.usage[.rewardModel].retokenizedTokens == own.tokens.count)
        }
    }

    @Test func `Thoughts end at the same text in both vocabularies`() async throws {
        let (directory, set) = try Self.trio()
        let engine = try await LlamaEngine.load(set)
        withExtendedLifetime(directory) {}
        for sampler in [engine.draft, engine.target] {
            for thought in try await sampler.sample([request([], count: 24, depth: 0)]).thoughts[0] {
                // The delimiter is a token of its own in both.
                if thought.stop == .delimiter { #expect(thought.text.firstIndex(of: "a") == thought.text.indices.last) }
            }
        }
    }

    @Test func `Token-level speculation is refused by name, with a remedy`() async throws {
        let (directory, set) = try Self.trio()
        let engine = try await LlamaEngine.load(set)
        let error = await #expect(throws: EngineError.self) {
            try await engine.speculativeTarget.sample([request([])])
        }
        #expect(error?.code == .mismatch)
        for part in [directory.path("draft.gguf"), directory.path("target.gguf"), "one family", "specsearch"] {
            #expect(error?.description.contains(part) == true)
        }
    }

    @Test func `GSI asks for likelihoods that the two do not have for one another, and is refused`() async throws {
        let (directory, set) = try Self.trio()
        defer { withExtendedLifetime(directory) {} }
        let engine = try await LlamaEngine.load(set)
        var configuration = SearchConfiguration()
        configuration.maximumDepth = 3
        configuration.sampling = set.samplingParameters
        configuration.speculation.rejection = RejectionPolicy(estimator: .guided)
        let search = Search(
            configuration,
            models: SearchModels(draft: engine.draft, target: engine.target, evaluator: engine.evaluator))
        let error = await #expect(throws: EngineError.self) { try await search.run(Problem(id: "p", text: "bcd")) }
        #expect(error?.code == .mismatch && error?.remedy.isEmpty == false)
        for state in await engine.cacheStates().values { #expect(state.pins == 0 && state.pending == 0) }
    }

    @Test func `A whole search drafts in one vocabulary and corrects in another`() async throws {
        let (directory, set) = try Self.trio()
        defer { withExtendedLifetime(directory) {} }
        var configuration = SearchConfiguration()
        configuration.maximumDepth = 6
        configuration.sampling = set.samplingParameters
        configuration.speculation.rejection = RejectionPolicy(estimator: .quantile(0.2))
        var results: [SearchResult] = []
        for _ in 0..<2 {
            let engine = try await LlamaEngine.load(set)
            let search = Search(
                configuration,
                models: SearchModels(draft: engine.draft, target: engine.target, evaluator: engine.evaluator))
            results.append(try await search.run(Problem(id: "p", text: "bcd")))
            for state in await engine.cacheStates().values { #expect(state.pins == 0 && state.pending == 0) }
        }
        #expect(results[0].withoutTimes == results[1].withoutTimes)
        let usage = results[0].usage
        let acceptance = results[0].acceptance
        #expect(acceptance.kept > 0 && acceptance.corrections > 0, "\(acceptance)")
        #expect(usage.models.values.allSatisfy { $0.proposedTokens == 0 })
        #expect(ModelRole.allCases.allSatisfy { usage[$0].retokenizedTokens > 0 })
        let authors = Set(results[0].paths.flatMap(\.steps).map(\.thought.author))
        #expect(authors.isSubset(of: [.draft, .target]))
    }
}
