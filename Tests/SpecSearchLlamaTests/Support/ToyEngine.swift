import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// A directory of toy models that lives as long as this.
final class ToyDirectory: Sendable {
    let url: URL

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("specsearch-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func path(_ name: String) -> String { url.appendingPathComponent(name).path }

    @discardableResult
    func model(_ name: String, _ shape: ToyModel.Shape = .init()) throws -> String {
        try ToyModel.write(to: url.appendingPathComponent(name), shape: shape)
        return path(name)
    }

    @discardableResult
    func text(_ name: String, _ content: String) throws -> String {
        try content.write(to: url.appendingPathComponent(name), atomically: true, encoding: .utf8)
        return path(name)
    }

    /// A draft, a target and a likelihood verifier with their manifest.
    func trio() throws -> ModelSet {
        try model("draft.gguf", .init(seed: 2))
        try model("target.gguf", .init(seed: 3, layers: 2))
        try model("prm.gguf", .init(seed: 4))
        try text("prm.json", #"{"kind":"likelihood","template":"{problem}\n\n"}"#)
        try text(
            "manifest.json",
            #"""
            {"name":"toy","version":"1","draft":"draft.gguf","target":"target.gguf","prm":"prm.gguf",
             "rewardModel":"prm.json","chatTemplate":"{problem}\n\n","delimiter":"a","answerPrefix":"The answer is ",
             "temperature":1,"maximumStepTokens":12,"contextLength":256}
            """#)
        return try ModelSet(directory: url.path)
    }
}

/// One toy model with what writes and scores with it, outside of an engine.
struct Toy {
    let directory: ToyDirectory
    let runtime: ModelRuntime

    init(
        _ shape: ToyModel.Shape = .init(), role: ModelRole = .target, cells: Int = 2048, sequences: Int = 64,
        batch: Int = 256, template: String = "{problem}", givesHiddenStates: Bool = false
    ) throws {
        directory = try ToyDirectory()
        let model = try LlamaModel(path: try directory.model("model.gguf", shape))
        var configuration = LlamaContext.Configuration()
        configuration.cells = cells
        configuration.sequences = sequences
        configuration.batch = batch
        configuration.givesHiddenStates = givesHiddenStates
        let context = try LlamaContext(model: model, configuration: configuration)
        runtime = ModelRuntime(
            role: role, decoder: PrefixDecoder(context: context), template: try PromptTemplate(template, model: model),
            contextLength: 512)
    }

    var decoder: PrefixDecoder { runtime.decoder }

    func writer(delimiter: String = "a", sharesSamples: Bool = true) -> ThoughtWriter {
        ThoughtWriter(
            runtime: runtime, delimiter: StepDelimiter(delimiter), vocabularyCount: runtime.vocabulary.count,
            sharesSamples: sharesSamples)
    }

    /// The logits, or the hidden state, after a text, by a full pass over an empty cache.
    func freshLogits(after tokens: [Token]) throws -> [Float] {
        decoder.reset()
        defer { decoder.reset() }
        return try logits(after: tokens)
    }

    /// The logits after a text, by whatever is cached.
    func logits(after tokens: [Token]) throws -> [Float] {
        decoder.tick()
        let node = decoder.tree.insert(path: tokens)
        decoder.tree.pin(node)
        defer { decoder.tree.unpin(node) }
        decoder.want(node)
        try decoder.evaluate()
        return Array(UnsafeBufferPointer(start: try decoder.row(of: node), count: decoder.context.rowLength))
    }

    /// Nothing may be pinned, pending or half done between calls.
    func expectClean(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(decoder.tree.pinCount == 0, sourceLocation: sourceLocation)
        #expect(decoder.tree.pendingCount == 0, sourceLocation: sourceLocation)
        #expect(decoder.tree.isConsistent, sourceLocation: sourceLocation)
        decoder.tree.drop(below: PrefixTree.root)
        decoder.carryOutActions()
        #expect(decoder.tree.cellCount == 0, sourceLocation: sourceLocation)
        #expect(decoder.tree.sequenceCount == 0, sourceLocation: sourceLocation)
        #expect(decoder.context.isEmpty, sourceLocation: sourceLocation)
    }
}

func request(
    _ text: String, thoughts: [[Token]] = [], count: Int, temperature: Double = 1, topK: Int = 0, topP: Double = 1,
    minP: Double = 0, maximumTokens: Int = 12, seed: UInt64 = 1, node: Int = 0, role: ModelRole = .target
) -> ThoughtRequest {
    ThoughtRequest(
        path: path(text, thoughts: thoughts), count: count,
        parameters: SamplingParameters(
            temperature: temperature, topK: topK, topP: topP, minP: minP, maximumTokens: maximumTokens),
        key: RandomKey(seed: seed, problem: RandomKey.hash(text), depth: thoughts.count, node: node, role: role))
}

func path(_ text: String, thoughts: [[Token]] = []) -> ReasoningPath {
    ReasoningPath(
        problem: Problem(id: text, text: text),
        thoughts: thoughts.map { Thought(text: "", tokens: $0, stop: .delimiter, author: .target) })
}

extension Array where Element == Float {
    func maximumDifference(_ other: [Float]) -> Float {
        zip(self, other).map { abs($0 - $1) }.max() ?? .infinity
    }
}
