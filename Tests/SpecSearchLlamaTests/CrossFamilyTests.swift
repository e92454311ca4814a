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
        var set = try directory.models()
        set.maximumStepTokens = 32
        let words = ToyModel.words + "bcdefghijklmnopqrstuvwxyz".map { "\($0)a" }
        try directory.model("draft.gguf", .init(seed: 2, words: words.reversed() + ["b?", "bc", "cd"]))
        try directory.model("target.gguf", .init(seed: 3, layers: 2, words: words))
        try directory.model("prm.gguf", .init(seed: 4, words: words))
        return (directory, set)
    }

    /// A draft of the llama family, and a target and a verifier of the qwen2 family with a byte-level vocabulary.
    private static func families() throws -> (ToyDirectory, ModelSet) {
        let directory = try ToyDirectory()
        var set = try directory.models()
        set.maximumStepTokens = 32
        let bytes = BytePairVocabulary.small()
        try directory.model("target.gguf", .init(seed: 3, layers: 2, vocabulary: bytes, architecture: "qwen2"))
        try directory.model("prm.gguf", .init(seed: 4, vocabulary: bytes, architecture: "qwen2"))
        return (directory, set)
    }

    private func request(_ thoughts: [Thought], count: Int = 4, depth: Int = 1) -> SampleRequest {
        SampleRequest(
            path: ReasoningPath(problem: Problem(id: "p", text: "bcd"), thoughts: thoughts), count: count,
            sampling: SamplingParameters(temperature: 1, maximumTokens: 12),
            key: RandomKey(seed: 1, problem: 7, depth: depth, node: 0, role: .target))
    }

    private func drafted(_ text: String, _ vocabulary: Vocabulary, stop: Thought.Stop = .delimiter) -> Thought {
        var tokens = vocabulary.tokenize(text)
        if stop == .endOfSequence { tokens.append(ToyModel.end) }
        return Thought(text: text, tokens: tokens, stop: stop, source: .draft)
    }

    @Test func `Each model goes on from a text as if it had written it itself`() async throws {
        let (directory, set) = try Self.trio()
        let engine = try await LlamaEngine(set)
        #expect(!engine.engine.pairsAtTokenLevel)
        let vocabulary = try LlamaModel(path: directory.path("target.gguf")).vocabulary
        let draft = try LlamaModel(path: directory.path("draft.gguf")).vocabulary
        let thought = drafted("bcb?a", draft)
        var own = thought
        own.tokens = vocabulary.tokenize(thought.text)
        own.source = .target
        #expect(own.tokens.count == 5 && thought.tokens.count == 3)
        let foreign = try await engine.large.sample([request([thought])])
        let native = try await engine.large.sample([request([own])])
        #expect(foreign.thoughts.said == native.thoughts.said)
        // And the other way round.
        var read = try await engine.small.sample([request([own])])
        #expect(read.thoughts.said == (try await engine.small.sample([request([thought])]).thoughts.said))
        #expect(read.usage[.draft].retokenizedTokens == thought.tokens.count)
        #expect(native.usage[.target].retokenizedTokens == 0)
        // Once for each thought, however often it is named.
        #expect(foreign.usage[.target].retokenizedTokens == own.tokens.count)
        read = try await engine.large.sample([request([thought]), request([thought, thought], depth: 2)])
        #expect(read.usage[.target].retokenizedTokens == 0)
    }

    @Test func `A likelihood verifier scores the text, its end included`() async throws {
        let (directory, set) = try Self.trio()
        let engine = try await LlamaEngine(set)
        let vocabulary = try LlamaModel(path: directory.path("target.gguf")).vocabulary
        let draft = try LlamaModel(path: directory.path("draft.gguf")).vocabulary
        let problem = Problem(id: "p", text: "bcd")
        for stop in [Thought.Stop.delimiter, .endOfSequence] {
            let thought = drafted("b?cda", draft, stop: stop)
            var own = drafted("b?cda", vocabulary, stop: stop)
            own.source = .target
            let scores = try await engine.scorer.score([
                ReasoningPath(problem: problem, thoughts: [thought]), ReasoningPath(problem: problem, thoughts: [own]),
            ])
            #expect(scores.scores[0] == scores.scores[1] && scores.scores[0] > 0)
            #expect(scores.usage[.rewardModel].retokenizedTokens == own.tokens.count)
        }
    }

    @Test func `Thoughts end at the same text in both vocabularies`() async throws {
        let (directory, set) = try Self.trio()
        let engine = try await LlamaEngine(set)
        withExtendedLifetime(directory) {}
        for sampler in [try engine.small, try engine.large] {
            for thought in try await sampler.sample([request([], count: 24, depth: 0)]).thoughts[0] {
                // The delimiter is a token of its own in both.
                if thought.stop == .delimiter { #expect(thought.text.firstIndex(of: "a") == thought.text.indices.last) }
            }
        }
    }

    @Test func `Token-level speculation is refused by name, with a remedy`() async throws {
        let (directory, set) = try Self.trio()
        let engine = try await LlamaEngine(set)
        let error = #expect(throws: SpecSearchError.self) { try engine.speculative }
        #expect(error?.code == .mismatch)
        for part in [directory.path("draft.gguf"), directory.path("target.gguf"), "one family", "specsearch"] {
            #expect(error?.description.contains(part) == true)
        }
    }

    @Test func `Likelihoods that the two do not have for one another are refused`() async throws {
        let (directory, set) = try Self.trio()
        defer { withExtendedLifetime(directory) {} }
        let engine = try await LlamaEngine(set)
        let thoughts = try await engine.small.sample([request([])]).thoughts[0]
        let paths = thoughts.map { request([]).path.appending($0) }
        await expectError(.mismatch) {
            _ = try await engine.large.logLikelihoods(of: paths, sampling: SamplingParameters())
        }
        for state in await engine.cacheStates().values { #expect(state.locks == 0 && state.pending == 0) }
    }

    /// The draft proposes each step, and the target samples it again where its score is low.
    @Test(arguments: [false, true])
    func `A path drafted in one vocabulary and regenerated in another is scored`(hasFamilies: Bool) async throws {
        let (directory, set) = try hasFamilies ? Self.families() : Self.trio()
        defer { withExtendedLifetime(directory) {} }
        var results: [[Thought]] = []
        for _ in 0..<2 {
            let engine = try await LlamaEngine(set)
            var path = request([]).path
            var usage = Usage()
            try await withSession(of: try engine.large, path.problem) {
                for depth in 0..<5 {
                    let samples = try await engine.small.sample([request(path.thoughts, depth: depth)])
                    let scores = try await engine.scorer.score(samples.thoughts[0].map { path.appending($0) })
                    let again = try await engine.large.sample([request(path.thoughts, depth: depth)])
                    for part in [samples.usage, scores.usage, again.usage] { usage += part }
                    let candidates = depth % 2 == 0 ? samples.thoughts[0] : again.thoughts[0]
                    guard let next = candidates.first(where: { $0.stop != .endOfSequence }) else { break }
                    path = path.appending(next)
                }
            }
            results.append(path.thoughts.said)
            #expect(Set(path.thoughts.map(\.source)) == [.draft, .target])
            #expect(usage.models.values.allSatisfy { $0.proposedTokens == 0 })
            #expect([.draft, .target].allSatisfy { usage[$0].retokenizedTokens > 0 })
            for state in await engine.cacheStates().values { #expect(state.slots == 0 && state.locks == 0) }
        }
        #expect(results[0] == results[1] && results[0].count > 1)
    }
}
