import Foundation
import SpecSearch
import Testing

@testable import SpecSearchLlama

@Suite struct TrimmedVocabularyTests {
    @Test func `The bytes, the first merges and what is no plain text stay`() throws {
        let tokens = ["a", "b", "c", "ab", "cc", "abc", "ca", "caa", "<end>", "[PAD]", "<user>"]
        let kinds: [Int32] = [1, 1, 1, 1, 1, 1, 1, 1, 3, 5, 4]
        let merges = ["a b", "c c", "ab c", "a bc", "c a", "ca a"]
        let five = try #require(TrimmedVocabulary(tokens: tokens, kinds: kinds, merges: merges, limit: 5))
        #expect(five.kept == [0, 1, 2, 3, 4, 8, 10] && five.merges == [0, 1])
        #expect(five.newID(of: 4) == 4 && five.newID(of: 8) == 5 && five.newID(of: 10) == 6)
        #expect(five.newID(of: 5) == nil && five.newID(of: 9) == nil && five.newID(of: 11) == nil)
        // Another way to a token that stays, but none over a part that has gone.
        let six = try #require(TrimmedVocabulary(tokens: tokens, kinds: kinds, merges: merges, limit: 6))
        #expect(six.kept == [0, 1, 2, 3, 4, 5, 8, 10] && six.merges == [0, 1, 2])
        // What is needed stays, with all that it is merged from, and first.
        let needed = try #require(
            TrimmedVocabulary(tokens: tokens, kinds: kinds, merges: merges, needed: [7, 8, 9, 40], limit: 5))
        #expect(needed.kept == [0, 1, 2, 6, 7, 8, 10] && needed.merges == [4, 5])
        // Bytes stay, whatever the limit says.
        let none = try #require(TrimmedVocabulary(tokens: tokens, kinds: kinds, merges: merges, limit: 0))
        #expect(none.kept == [0, 1, 2, 8, 10] && none.merges.isEmpty)
    }

    @Test func `Nothing is trimmed where little would go, or the lists do not fit`() {
        let tokens = ["a", "b", "ab"]
        let kinds: [Int32] = [1, 1, 1]
        #expect(TrimmedVocabulary(tokens: tokens, kinds: kinds, merges: ["a b"], limit: 3) == nil)
        #expect(TrimmedVocabulary(tokens: tokens, kinds: kinds, merges: ["a b"], limit: 2) != nil)
        #expect(TrimmedVocabulary(tokens: tokens, kinds: kinds, merges: [], limit: 2) == nil)
        #expect(TrimmedVocabulary(tokens: tokens, kinds: [1, 1], merges: ["a b"], limit: 2) == nil)
    }

    /// A model with a part of its tokens, beside the whole one.
    private func trimmed(_ directory: ToyDirectory, _ source: String, limit: Int) throws -> String {
        let file = try GGUFFile(path: source)
        let path = directory.path("trimmed.gguf")
        try file.write(try #require(file.trimmed(to: limit)), to: path)
        return path
    }

    @Test func `A trimmed model is the whole one, given the tokens that are left`() async throws {
        let directory = try ToyDirectory()
        let whole = try directory.model("whole.gguf", .init(seed: 2, layers: 2, vocabulary: .small()))
        let part = try trimmed(directory, whole, limit: 257)
        let vocabularies = try [whole, part].map { try LlamaModel(path: $0).vocabulary }
        // 256 bytes, the first merge and two controls; "bc" has gone, and is spelt.
        #expect(vocabularies.map(\.count) == [1_536, 259])
        #expect(vocabularies.map { $0.tokenize("b\n\n").count } == [2, 2])
        #expect(vocabularies.map { $0.tokenize("bc").count } == [1, 2])
        for text in ["bc \u{e9}\u{1F600}\n\n", "a+b"] {
            for vocabulary in vocabularies { #expect(vocabulary.text(of: vocabulary.tokenize(text)) == text) }
        }
        #expect(vocabularies.map { $0.endToken.map($0.entry) } == ["<|im_end|>", "<|im_end|>"])

        var logProbabilities: [[[[UInt8]: Double]]] = []
        for path in [whole, part] {
            var set = ModelSet(target: path)
            set.chatTemplate = "{problem}"
            set.contextLength = 256
            let engine = try await LlamaEngine(set)
            let thought = Thought(text: "c+b=a\n\n", tokens: [], stop: .delimiter, source: .draft)
            let read = ReasoningPath(problem: Problem(id: "p", text: "a b+c"), thoughts: [thought])
            let tokens = try #require(
                try await engine.large.tokenLogProbabilities(of: [read], topCount: 2_000)?.first)
            logProbabilities.append(
                tokens.map { token in
                    Dictionary(token.top.map { ($0.bytes, $0.logProbability) }) { first, _ in first }
                })
        }
        #expect(logProbabilities[0].count == 6 && logProbabilities[1].count == 6)
        for (all, some) in zip(logProbabilities[0], logProbabilities[1]) {
            // Texts that only one token has.
            let known = some.keys.filter { !$0.isEmpty && $0.count < 2 }
            #expect(known.count == 256)
            let differences = known.compactMap { text in all[text].map { (some[text] ?? 0) - $0 } }
            let (least, most) = (differences.min() ?? 0, differences.max() ?? 1)
            // The others' share, the same for all.
            #expect(differences.count == 256 && least > 0 && most - least < 1e-3)
        }
    }

    @Test func `Where draft and target share no tokens for it, the remedy says how they do`() async throws {
        let directory = try ToyDirectory()
        let whole = try directory.model("whole.gguf", .init(seed: 2, vocabulary: .small()))
        var set = ModelSet(draft: try trimmed(directory, whole, limit: 257), target: whole)
        set.chatTemplate = "{problem}"
        set.contextLength = 256
        let engine = try await LlamaEngine(set)
        let error = #expect(throws: SpecSearchError.self) { try engine.speculative }
        #expect(error?.code == .mismatch && error?.remedy.contains("--no-tune") == true, "\(String(describing: error))")
        // As steps they go from one to the other.
        let problem = ReasoningPath(problem: Problem(id: "p", text: "a+b"))
        let sampling = SamplingParameters(temperature: 1, maximumTokens: 8)
        let key = RandomKey(seed: 1, problem: 1, depth: 0, node: 0, role: .draft)
        let draft = try await engine.small.sample([
            SampleRequest(path: problem, count: 4, sampling: sampling, key: key)
        ])
        let next = try await engine.large.sample(
            draft.thoughts[0].map { thought in
                SampleRequest(path: problem.appending(thought), count: 1, sampling: sampling, key: key)
            })
        #expect(next.thoughts.count == 4 && next.usage[.target].retokenizedTokens > 0)
    }

    @Test func `Drafts alone are tried with fewer tokens, and only if that is wanted`() throws {
        let directory = try ToyDirectory()
        let file = try directory.model("model.gguf", .init(seed: 2, vocabulary: .qwen2()))
        let models = RequantizedModels(root: directory.url.appendingPathComponent("cache"))
        let wanted = RequantizedModel.Allowance(fewerTokens: true)
        let trials = try models.optimize(ModelSet(draft: file), allowing: wanted)
        let tokens = RequantizedModel.Form.draftVocabulary
        #expect(
            trials.map(\.form)
                == [
                    .init(type: .q8), .init(type: .q4), .init(vocabulary: tokens), .init(type: .q8, vocabulary: tokens),
                    .init(type: .q4, vocabulary: tokens),
                ])
        #expect(trials.count(where: \.isKept) <= 1 && models.all.map(\.form) == trials.filter(\.isKept).map(\.form))
        for (set, allowance) in [
            (ModelSet(draft: file), RequantizedModel.Allowance()), (ModelSet(target: file), wanted),
            (ModelSet(draft: file, target: file), wanted),
        ] {
            let trials = try models.optimize(set, allowing: allowance)
            #expect(trials.allSatisfy { $0.vocabulary == nil })
            // What was wanted once does not run on when it is wanted no more.
            if set.target == nil { #expect(models.all.allSatisfy { $0.vocabulary == nil }) }
        }
        var adapted = ModelSet(draft: file)
        adapted.adapters[.draft] = [ModelSet.Adapter(file: directory.path("adapter.gguf"))]
        #expect(try models.optimize(adapted, allowing: wanted).allSatisfy { $0.vocabulary == nil })
    }

    @Test func `What the chat template says is read as before`() throws {
        let directory = try ToyDirectory()
        let template = "{{'<|im_start|>assistant\n'}}"
        let model = try LlamaModel(
            path: try directory.model("model.gguf", .init(seed: 2, vocabulary: .qwen2(), chatTemplate: template)))
        let needed = model.vocabulary.tokenize(template, parsesControls: true)
        let assistant = try #require(model.vocabulary.tokenize("assistant").first)
        #expect(needed.contains(assistant))
        let file = try GGUFFile(path: model.path)
        let path = directory.path("trimmed.gguf")
        // One merge fits beside the bytes, and "assistant" is some of the last.
        #expect(try #require(file.trimmed(to: 257)).newID(of: Int(assistant)) == nil)
        try file.write(try #require(file.trimmed(to: 257, keeping: needed)), to: path)
        #expect(try LlamaModel(path: path).vocabulary.tokenize("assistant").count == 1)
    }

    @Test(arguments: [ToyModel.Shape(), ToyModel.Shape(seed: 2, embedding: 1_536, vocabulary: .small())])
    func `Other vocabularies, and tensors that could be meant, are left alone`(_ shape: ToyModel.Shape) throws {
        let directory = try ToyDirectory()
        #expect(try GGUFFile(path: try directory.model("model.gguf", shape)).trimmed(to: 257) == nil)
    }
}
