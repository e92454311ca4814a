import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct ModelCheckTests {
    private func texts(_ check: ModelCheck, _ level: ModelCheck.Finding.Level) -> String {
        check.findings.filter { $0.level == level }.map { "\($0.text) \($0.remedy)" }.joined(separator: "\n")
    }

    @Test func aToySetFits() throws {
        let directory = try ToyDirectory()
        var load = ModelCheck.Load()
        load.promptTokens = 16
        load.depth = 3
        load.stepTokens = 12
        let check = try ModelCheck(try directory.models(), load: load, measures: true)
        #expect(check.level == .warning, "\(check.findings)")
        #expect(texts(check, .warning).contains("four times") && texts(check, .warning).contains("no check"))
        #expect(check.models.map(\.role) == [.draft, .target, .rewardModel])
        #expect(check.models.map(\.layers) == [1, 2, 1])
        // Two layers, two heads of 16, keys and values, half precision.
        #expect(check.models[1].cacheBytesPerToken == 2 * 32 * 2 * 2)
        #expect(check.models.allSatisfy { ($0.milliseconds[12] ?? 0) > 0 && $0.architecture == "llama" })
        let slots = 4096
        let memory = try #require(check.memories.first)
        #expect(check.memories.count == 1 && memory.device == "CPU" && memory.free > 0 && memory.compute > 0)
        #expect(memory.weights == check.models.reduce(0) { $0 + $1.weights })
        #expect(memory.cache == check.models.reduce(0) { $0 + $1.cacheBytesPerToken * slots })
        #expect(check.memory == memory.weights + memory.cache + memory.compute)
    }

    @Test func whatDoesNotFitIsAnErrorWithARemedy() throws {
        let directory = try ToyDirectory()
        let set = try directory.models()
        var words = ToyModel.words
        words.swapAt(0, 1)
        try directory.model("draft.gguf", .init(seed: 2, words: words))
        try directory.text("prm.gguf", "not a model")
        var load = ModelCheck.Load()
        load.depth = 100
        let check = try ModelCheck(set, load: load)
        let errors = check.findings.filter { $0.level == .error }
        #expect(errors.count == 1 && errors.allSatisfy { !$0.remedy.isEmpty })
        #expect(texts(check, .error).contains("not a GGUF") && texts(check, .warning).contains("at thought level"))
        #expect(texts(check, .warning).contains("Raise contextLength"))
        #expect(check.models.count == 2)
    }

    /// Random weights with Qwen 2.5's vocabulary, whose small and large models are padded differently.
    @Test func vocabulariesOfRealSize() throws {
        let directory = try ToyDirectory()
        try directory.model(
            "draft.gguf", .init(seed: 2, vocabulary: .qwen2(count: 151_936), architecture: "qwen2"))
        try directory.model(
            "target.gguf", .init(seed: 3, layers: 2, vocabulary: .qwen2(count: 152_064), architecture: "qwen2"))
        try FileManager.default.copyItem(atPath: directory.path("draft.gguf"), toPath: directory.path("prm.gguf"))
        let head = Data(
            contentsOf(["score.weight": ["dtype": "F32", "shape": [1, 32], "data_offsets": [0, 128]]], count: 128))
        try head.write(to: URL(filePath: directory.path("head.safetensors")))
        try directory.text(
            "prm.json",
            #"""
            {"kind":"head","template":"qwen2.5","tag":"<extra_0>","tagId":151651,
             "head":{"file":"head.safetensors","layers":["score"]}}
            """#)
        var set = ModelSet(
            draft: directory.path("draft.gguf"), target: directory.path("target.gguf"),
            rewardModel: directory.path("prm.gguf"), rewardModelConfiguration: directory.path("prm.json"),
            chatTemplate: "qwen2.5",
            contextLength: 512)
        var check = try ModelCheck(set)
        #expect(texts(check, .error).isEmpty, "\(check.findings)")
        #expect(texts(check, .good).contains("share the first 151936 tokens"))
        #expect(texts(check, .good).contains(#"the token 382, ".\n\n""#))
        #expect(texts(check, .good).contains("(head) are read at the token 151651"))
        #expect(check.models.map(\.vocabulary) == [151_936, 152_064, 151_936])
        #expect(check.models[0].endTokens == ["<|im_end|>"] || check.models[0].endTokens.contains("<|im_end|>"))
        set.delimiter = "\u{1F600}"
        check = try ModelCheck(set)
        #expect(texts(check, .warning).contains("ends inside") || texts(check, .good).contains("ends a step"))
        // Llama's vocabulary beside Qwen's: thoughts are exchanged as text only.
        try directory.model("draft.gguf", .init(seed: 4, vocabulary: .llama3()))
        check = try ModelCheck(set)
        #expect(texts(check, .error).isEmpty)
        #expect(texts(check, .warning).contains("do not share a vocabulary"))
        #expect(texts(check, .warning).contains("They pair at thought level"))
    }

    private func contentsOf(_ header: [String: [String: Any]], count: Int) -> [UInt8] {
        let text = (try? JSONSerialization.data(withJSONObject: header)) ?? Data()
        return withUnsafeBytes(of: UInt64(text.count).littleEndian) { Array($0) } + text
            + [UInt8](repeating: 0, count: count)
    }
}
