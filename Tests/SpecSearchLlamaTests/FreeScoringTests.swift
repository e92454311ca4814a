import CLlama
import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// A pass computes what somebody reads, and what drafting has computed is not computed again for a score.
@Suite struct FreeScoringTests {
    typealias Position = RewardModelConfiguration.Position

    /// Draft, target, and a random classifier on the draft's own weights.
    private func models(_ directory: ToyDirectory, _ position: Position) throws -> ModelSet {
        var set = try directory.models()
        var random = PhiloxGenerator(seed: 9)
        try writeSafetensors(
            [
                (
                    "score.weight", "F32", [2, 32],
                    (0..<64).map { _ in Float.random(in: -0.5...0.5, using: &random) }
                )
            ], to: directory.path("head.safetensors"))
        set.rewardModel = set.draft
        set.rewardModelConfiguration = try directory.text(
            "head.json",
            #"""
            {"kind":"head","template":"{problem}\n\n","position":"\#(position.rawValue)",
             "head":{"file":"head.safetensors","layers":["score"]}}
            """#)
        return set
    }

    /// The same with a copy of the draft's file, so that nothing is shared.
    private func apart(_ set: ModelSet, _ directory: ToyDirectory) throws -> ModelSet {
        var set = set
        try FileManager.default.copyItem(atPath: directory.path("draft.gguf"), toPath: directory.path("copy.gguf"))
        set.rewardModel = directory.path("copy.gguf")
        return set
    }

    @Test func `Hidden states are those of llama.cpp's own contexts for embeddings`() throws {
        let toy = try Toy(.init(layers: 2), givesHiddenStates: true)
        let tokens: [Token] = "abcdefgh".map { ToyModel.id(of: String($0)) }
        let model = try #require(
            llama_model_load_from_file(toy.directory.path("model.gguf"), llama_model_default_params()))
        defer { llama_model_free(model) }
        var parameters = llama_context_default_params()
        parameters.n_ctx = 64
        parameters.embeddings = true
        parameters.pooling_type = LLAMA_POOLING_TYPE_NONE
        parameters.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED
        let context = try #require(llama_init_from_model(model, parameters))
        defer { llama_free(context) }
        var batch = llama_batch_init(64, 0, 1)
        defer { llama_batch_free(batch) }
        for (index, token) in tokens.enumerated() {
            batch.token[index] = token
            batch.pos[index] = Int32(index)
            batch.n_seq_id[index] = 1
            batch.seq_id[index]?[0] = 0
            batch.logits[index] = 1
        }
        batch.n_tokens = Int32(tokens.count)
        try #require(llama_decode(context, batch) == 0)
        let runner = toy.runner
        runner.advanceClock()
        var nodes: [RadixCache.NodeID] = []
        for count in 1...tokens.count { nodes.append(runner.cache.insert(path: tokens[..<count])) }
        let read = [1, 4, 5, 7]
        for place in read { runner.want(nodes[place], place == 4 ? .logits : .hiddenState) }
        try runner.evaluate()
        for place in read {
            let own = Array(UnsafeBufferPointer(start: try runner.hiddenState(of: nodes[place]), count: 32))
            let other = try #require(llama_get_embeddings_ith(context, Int32(place)))
            #expect(own.maximumDifference(Array(UnsafeBufferPointer(start: other, count: 32))) < 1e-5)
        }
        // Four tokens were outputs, and one of them needed the output matrix.
        #expect(runner.context.logitsCount == read.count)
        #expect(!runner.has(.hiddenState, of: [nodes[2]]))
    }

    @Test(arguments: [Position.lastToken, .beforeLastToken])
    func `The states that heads are trained on are those that a score is read off, of sampled tokens or of text`(
        position: Position
    ) async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(models(directory, position))
        let draft = try #require(engine.draft)
        let rewardModel = try #require(engine.rewardModel as? LlamaRewardModel)
        let thoughts = try await draft.sample([request("a problem", count: 3, maximumTokens: 8)]).thoughts[0]
        let problem = Problem(text: "a problem")
        let paths = thoughts.map { ReasoningPath(problem: problem, thoughts: [$0]) }
        let states = try await rewardModel.hiddenStates(of: paths).map { try #require($0) }
        let scores = try await rewardModel.score(paths).scores
        let weight = try Safetensors(path: directory.path("head.safetensors")).tensor("score.weight").values
        for (state, score) in zip(states, scores) {
            let logits = (0..<2).map { row in (0..<32).reduce(0) { $0 + Double(weight[32 * row + $1] * state[$1]) } }
            #expect(abs(1 / (1 + exp(logits[0] - logits[1])) - score) < 1e-5)
        }
        // Without tokens a thought is its text.
        let words = "abcd"
        let both = [words.map { ToyModel.id(of: String($0)) }, []].map { tokens in
            ReasoningPath(
                problem: problem, thoughts: [Thought(text: words, tokens: tokens, stop: .delimiter, source: .draft)])
        }
        let same = try await rewardModel.score(both).scores
        #expect(abs(same[0] - same[1]) < 1e-5)
    }

    @Test func `Logits are computed for the tokens after which something is drawn, and no others`() async throws {
        let toy = try Toy(givesHiddenStates: true)
        let request = request("a long problem", count: 6, maximumTokens: 8)
        let prompt = toy.tokenizer.vocabulary.tokenize("a long problem")
        let thoughts = try await toy.sampler().sample([request]).thoughts[0]
        let drawnAfter = Set(thoughts.flatMap { thought in thought.tokens.indices.map { thought.tokens[..<$0] } })
        #expect(toy.runner.context.logitsCount == drawnAfter.count)
        #expect(toy.runner.evaluatedCount == drawnAfter.count + prompt.count - 1)

        // A likelihood is read off each of the step's tokens, whatever comes before.
        let verifier = try Toy()
        let scorer = try verifier.scorer(RewardModelConfiguration(template: "{problem}"))
        let paths = thoughts.map { request.path.appending($0) }
        _ = try await scorer.score(paths)
        #expect(verifier.runner.context.logitsCount == drawnAfter.count)

        // Of speculation the target reads whatever it evaluates after the prompt.
        let target = try Toy(.init(seed: 3, layers: 2))
        let draft = try Toy(.init(seed: 3, layers: 2), role: .draft)
        let sampler = target.sampler(draft: draft)
        let samples = try await sampler.sample([request], numSpeculativeTokens: 3)
        #expect(samples.usage[.target].acceptedTokens > 0)
        #expect(target.runner.context.logitsCount == target.runner.evaluatedCount - (prompt.count - 1))
        #expect(draft.runner.context.logitsCount <= draft.runner.evaluatedCount - (prompt.count - 1))
    }

    @Test func `A classifier alone computes no logits at all`() async throws {
        let directory = try ToyDirectory()
        let set = try apart(try models(directory, .lastToken), directory)
        let engine = try await LlamaEngine(set)
        let request = request("abc", count: 4, maximumTokens: 6)
        let paths = try await engine.small.sample([request]).thoughts[0].map { request.path.appending($0) }
        let scores = try await engine.scorer.score(paths)
        #expect(scores.usage[.rewardModel].evaluatedTokens > 0)
        #expect(await engine.cacheStates()[.rewardModel]?.logits == 0)
        #expect(await engine.cacheStates()[.draft]?.logits ?? 0 > 0)
    }

    @Test func `What was drafted is scored without a pass, and the score is that of a pass`() async throws {
        let directory = try ToyDirectory()
        let set = try models(directory, .beforeLastToken)
        let engine = try await LlamaEngine(set)
        let request = request("abc", count: 6, maximumTokens: 8)
        let thoughts = try await engine.small.sample([request]).thoughts[0]
        let paths = thoughts.map { request.path.appending($0) }
        let before = await engine.measurement.passes().reduce(0) { $0 + $1.count }
        let free = try await engine.scorer.score(paths)
        #expect(free.usage[.rewardModel].evaluatedTokens == 0 && free.usage[.rewardModel].decodes == 0)
        #expect(free.usage[.rewardModel].seconds == 0)
        #expect(await engine.measurement.passes().reduce(0) { $0 + $1.count } == before)

        let other = try await LlamaEngine(try apart(set, directory))
        let passed = try await other.scorer.score(paths)
        #expect(passed.usage[.rewardModel].evaluatedTokens > 0)
        for (one, two) in zip(free.scores, passed.scores) { #expect(abs(one - two) < 1e-5) }
        #expect(Set(free.scores.map { Int($0 * 1e6) }).count > 2)

        // And that of the head at the state before the last token.
        let toy = try Toy(.init(seed: 2), givesHiddenStates: true)
        let head = try ScoringHead(
            .init(file: directory.path("head.safetensors"), layers: ["score"]), width: 32, configuration: "head.json")
        for (thought, score) in zip(thoughts, free.scores) {
            let text = toy.tokenizer.vocabulary.tokenize("abc\n\n") + thought.tokens.dropLast()
            #expect(abs(score - head(try toy.freshLogits(after: text, .hiddenState))) < 1e-5)
        }

        // So is a step that is not at its end, at any of its tokens.
        for thought in thoughts {
            for count in 1...thought.tokens.count {
                var part = thought
                part.tokens = Array(thought.tokens[..<count])
                let scores = try await engine.scorer.score([request.path.appending(part)])
                #expect(scores.usage[.rewardModel].evaluatedTokens == 0)
            }
        }
    }

    @Test func `A draft whose beginning scores too low is given up at its token, and the others are as ever`()
        async throws
    {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try models(directory, .beforeLastToken))
        let draft = try #require(engine.draft)
        #expect(draft.capabilities == [.earlyRejection, .nextTokenEntropy])
        #expect(try #require(engine.target).capabilities == .nextTokenEntropy)
        var request = request("abc", count: 12, maximumTokens: 8)
        let whole = try await draft.sample([request]).thoughts[0]
        // What a score says of the first three tokens, if a fourth were the last.
        var beginnings: [Double] = []
        for thought in whole {
            var part = thought
            part.tokens = Array(thought.tokens.prefix(4))
            beginnings.append(try await engine.scorer.score([request.path.appending(part)]).scores[0])
        }
        let long = whole.indices.filter { whole[$0].tokens.count > 3 }
        let bound = long.map { beginnings[$0] }.sorted()[long.count / 2] + 1e-4
        await engine.reset()
        request.earlyRejection = EarlyRejection(tokens: 3, bound: bound)
        let early = try await draft.sample([request]).thoughts[0]
        #expect(early.contains { $0.stop == .rejected } && early.contains { $0.stop != .rejected })
        for (index, (thought, full)) in zip(early, whole).enumerated() {
            let isGivenUp = long.contains(index) && beginnings[index] < bound
            #expect((thought.stop == .rejected) == isGivenUp)
            #expect(thought.tokens == (isGivenUp ? Array(full.tokens.prefix(3)) : full.tokens))
            if let score = thought.partialScore { #expect(abs(score - beginnings[index]) < 1e-5) }
            #expect((thought.partialScore == nil) != isGivenUp)
        }
        let states = await engine.cacheStates()
        #expect(states[.draft]?.locks == 0 && states[.draft]?.pending == 0 && states[.draft]?.repeated == 0)

        // A head on a file of its own, or with another prompt, does not see the draft's states.
        let apart = try await LlamaEngine(try apart(try models(directory, .beforeLastToken), directory))
        #expect(apart.draft?.capabilities == .nextTokenEntropy)
        var other = try models(directory, .beforeLastToken)
        other.chatTemplate = "Q: {problem}\n\n"
        #expect(try await LlamaEngine(other).draft?.capabilities == .nextTokenEntropy)
        #expect(try await LlamaEngine(models(directory, .lastToken)).draft?.capabilities == .nextTokenEntropy)
        // Nor is there a score of a step before its path's end.
        var outcome = try models(directory, .beforeLastToken)
        let text = try String(contentsOfFile: outcome.rewardModelConfigurationPath, encoding: .utf8)
        outcome.rewardModelConfiguration = try directory.text(
            "outcome.json", text.replacing(#""kind":"head","#, with: #""kind":"head","placement":"outcome","#))
        #expect(try await LlamaEngine(outcome).draft?.capabilities == .nextTokenEntropy)
    }

    @Test func `A search that gives up drafts early evaluates fewer tokens`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try models(directory, .beforeLastToken))
        func solve(_ margin: Double?) async throws -> SearchResult {
            await engine.reset()
            var configuration = SearchConfiguration()
            configuration.options.maximumDepth = 3
            configuration.earlyRejection = margin
            configuration.earlyTokens = 2
            return try await Search(engine, configuration: configuration).solve(Problem(text: "abc"))
        }
        let (early, plain) = (try await solve(0), try await solve(nil))
        #expect(early.acceptance.early > 0 && plain.acceptance.early == 0)
        #expect(early.usage[.draft].outputTokens < plain.usage[.draft].outputTokens)
    }

    @Test func `Entropies are those of the model's distribution, and drafting goes on from where they were read`()
        async throws
    {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try models(directory, .beforeLastToken))
        let draft = try #require(engine.draft)
        let request = request("abc", count: 2, maximumTokens: 8)
        let thought = try await LlamaEngine(try directory.models()).small.sample([request]).thoughts[0][0]
        let paths = [request.path, request.path.appending(thought)]
        let found = try await draft.nextTokenEntropies(of: paths)
        #expect(found.usage[.draft].evaluatedTokens > 0)
        let toy = try Toy(.init(seed: 2))
        for (path, value) in zip(paths, found.values) {
            let tokens = toy.tokenizer.vocabulary.tokenize("abc\n\n") + path.tokens
            let count = toy.runner.context.vocabularyCount
            let logits = try toy.freshLogits(after: tokens, .logits)
            let exponents = (0..<count).map { exp(Double(logits[$0])) }
            let total = exponents.reduce(0, +)
            let entropy = exponents.reduce(0) { $0 - $1 / total * log($1 / total) }
            #expect(abs(entropy - value) < 1e-4 && value > 0)
        }
        #expect(found.usage[.draft].prefillTokens == found.usage[.draft].evaluatedTokens)
        let sampled = try await draft.sample([request])
        #expect(sampled.usage[.draft].prefillTokens == 0)
        // A path beyond the context is nobody's error.
        var long = thought
        long.tokens = Array(repeating: thought.tokens[0], count: 5000)
        let beyond = try await draft.nextTokenEntropies(of: [request.path, request.path.appending(long)])
        #expect(abs(beyond.values[0] - found.values[0]) < 1e-4)
        #expect(beyond.values[1] == NextTokenEntropies.unreadable)
    }

    @Test func `At the last token a score is one token, which the next step does not evaluate again`() async throws {
        let directory = try ToyDirectory()
        let set = try models(directory, .lastToken)
        let engine = try await LlamaEngine(set)
        let request = request("abc", count: 6, maximumTokens: 8)
        let paths = try await engine.small.sample([request]).thoughts[0].map { request.path.appending($0) }
        let scores = try await engine.scorer.score(paths)
        #expect(scores.usage[.rewardModel].evaluatedTokens == Set(paths.map(\.tokens)).count)
        #expect(scores.usage[.rewardModel].decodes == 1)
        let evaluated = try #require(await engine.cacheStates()[.draft]?.evaluated)
        let next = SampleRequest(
            path: paths[0], count: 1, sampling: SamplingParameters(temperature: 1, maximumTokens: 1), key: request.key)
        #expect(try await engine.small.sample([next]).usage[.draft].evaluatedTokens == 0)
        #expect(await engine.cacheStates()[.draft]?.evaluated == evaluated)
        let other = try await LlamaEngine(try apart(set, directory))
        for (one, two) in zip(scores.scores, try await other.scorer.score(paths).scores) {
            #expect(abs(one - two) < 1e-5)
        }
    }

    @Test func `Another model's step is evaluated once, for its score and for the steps after it`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try models(directory, .beforeLastToken))
        let request = request("abc", count: 1, maximumTokens: 8)
        _ = try await engine.small.sample([request])
        var thought = try await engine.large.sample([request]).thoughts[0][0]
        thought.tokens = "zyxwv a".map { ToyModel.id(of: String($0)) }
        let path = request.path.appending(thought)
        let score = try await engine.scorer.score([path])
        #expect(score.usage[.rewardModel].evaluatedTokens == thought.tokens.count - 1)
        let next = SampleRequest(path: path, count: 4, sampling: request.sampling, key: request.key)
        let usage = try await engine.small.sample([next]).usage[.draft]
        #expect(usage.prefillTokens == 1)
        #expect(await engine.cacheStates()[.draft]?.repeated == 0)
    }

    @Test func `A search with free scores is the same search`() async throws {
        let directory = try ToyDirectory()
        let set = try models(directory, .beforeLastToken)
        var results: [SearchResult] = []
        for set in [set, try apart(set, directory)] {
            let engine = try await LlamaEngine(set)
            var options = SearchOptions()
            options.maximumDepth = 4
            let search = Search(engine, algorithm: .beam(beams: 2, width: 4), options: options)
            results.append(try await search.solve(Problem(text: "abc")))
            for state in await engine.cacheStates().values { #expect(state.locks == 0 && state.pending == 0) }
        }
        #expect(results[0].steps.map(\.thought.tokens) == results[1].steps.map(\.thought.tokens))
        let free = results[0].usage[.rewardModel]
        let passed = results[1].usage[.rewardModel]
        #expect(free.evaluatedTokens * 2 < passed.evaluatedTokens)
        #expect(free.decodes < passed.decodes)
    }

    @Test func `A prompt is evaluated once for all roles of one file`() async throws {
        let directory = try ToyDirectory()
        var set = try models(directory, .beforeLastToken)
        set.target = set.draft
        let engine = try await LlamaEngine(set)
        let request = request("a problem of some length", count: 3, maximumTokens: 4)
        let first = try await engine.small.sample([request])
        #expect(first.usage[.draft].prefillTokens > 10)
        let paths = first.thoughts[0].map { request.path.appending($0) }
        #expect(try await engine.scorer.score(paths).usage[.rewardModel].evaluatedTokens == 0)
        let second = try await engine.large.sample([request])
        #expect(second.usage[.target].evaluatedTokens == 0 && second.usage[.target].prefillTokens == 0)
        #expect(second.thoughts[0].map(\.tokens) == first.thoughts[0].map(\.tokens))
        let likelihoods = try await engine.large.logLikelihoods(of: paths, sampling: request.sampling)
        #expect(likelihoods.usage[.target].evaluatedTokens == 0)
        #expect(await engine.cacheStates()[.draft]?.evaluated == first.usage[.draft].evaluatedTokens)
    }

    @Test func `A step's own token is a classifier's, and there is no step token then`() throws {
        let directory = try ToyDirectory()
        func message(_ fields: String) throws -> String {
            let path = try directory.text("prm.json", #"{"template":"{problem}",\#(fields)}"#)
            do throws(SpecSearchError) { _ = try RewardModelConfiguration.load(path: path) } catch {
                return error.message
            }
            return ""
        }
        let head = #""kind":"head","head":{"file":"x","layers":["a"]}"#
        #expect(try message(head + #","position":"lastToken""#).isEmpty)
        #expect(try message(head).contains("needs a \"stepToken\""))
        #expect(try message(head + #","position":"stepToken""#).contains("needs a \"stepToken\""))
        #expect(try message(head + #","position":"lastToken","stepToken":"x""#).contains("no step token"))
        #expect(
            try message(#""kind":"label","good":"a","bad":"b","position":"beforeLastToken""#).contains("classifiers"))
        #expect(try message(head + #","position":"middle""#).contains("not understood"))
    }
}
