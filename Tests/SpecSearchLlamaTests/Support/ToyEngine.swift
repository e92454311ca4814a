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
    func models() throws -> ModelSet {
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

/// One toy model with what samples and scores with it, outside of an engine.
struct Toy {
    let directory: ToyDirectory
    let runner: ModelRunner
    let tokenizer: PathTokenizer
    let role: ModelRole

    init(
        _ shape: ToyModel.Shape = .init(), role: ModelRole = .target, slots: Int = 2048, sequences: Int = 64,
        batch: Int = 256, template: String = "{problem}", contextLength: Int = 512, outputBytes: Int = 64 << 20,
        givesHiddenStates: Bool = false, adapter: ToyAdapter? = nil, scale: Double = 1
    ) throws {
        directory = try ToyDirectory()
        let model = try LlamaModel(path: try directory.model("model.gguf", shape))
        var configuration = LlamaContext.Configuration()
        configuration.slots = slots
        configuration.sequences = sequences
        configuration.batch = batch
        configuration.givesHiddenStates = givesHiddenStates
        var adapters: [AppliedAdapter] = []
        if let adapter {
            let path = directory.path("adapter.gguf")
            try adapter.write(to: path)
            adapters = [AppliedAdapter(adapter: try LoraAdapter(path: path, model: model), scale: scale)]
        }
        runner = ModelRunner(
            context: try LlamaContext(model: model, configuration: configuration, adapters: adapters),
            outputBytes: outputBytes)
        tokenizer = try PathTokenizer(
            model: model, template: template, contextLength: contextLength, slotCapacity: runner.context.slotCapacity)
        self.role = role
    }

    var model: ThoughtSampler.Model { ThoughtSampler.Model(runner: runner, tokenizer: tokenizer, role: role) }

    func sampler(
        draft: Toy? = nil, delimiter: String = "a", vocabularyCount: Int? = nil, sharesPrefixes: Bool = true
    ) -> ThoughtSampler {
        ThoughtSampler(
            target: model, draft: draft?.model, delimiter: StepDelimiter(delimiter),
            vocabularyCount: vocabularyCount ?? tokenizer.vocabulary.count, sharesPrefixes: sharesPrefixes)
    }

    func scorer(_ configuration: RewardModelConfiguration, role: ModelRole? = nil) throws -> StepScorer {
        try StepScorer(
            runner: runner, tokenizer: tokenizer, role: role ?? self.role, configuration: configuration,
            path: "prm.json")
    }

    /// The logits, or the hidden state, after a text, by a full pass over an empty cache.
    func freshLogits(after tokens: [Token], _ outputs: ModelRunner.Outputs = .logits) throws -> [Float] {
        runner.reset()
        defer { runner.reset() }
        return try logits(after: tokens, outputs)
    }

    /// The same, by whatever is cached.
    func logits(after tokens: [Token], _ outputs: ModelRunner.Outputs = .logits) throws -> [Float] {
        runner.advanceClock()
        let node = runner.cache.insert(path: tokens)
        runner.cache.lock(node)
        defer { runner.cache.unlock(node) }
        runner.want(node, outputs)
        try runner.evaluate()
        return outputs == .logits
            ? Array(UnsafeBufferPointer(start: try runner.logits(of: node), count: runner.context.vocabularyCount))
            : Array(UnsafeBufferPointer(start: try runner.hiddenState(of: node), count: runner.context.hiddenLength))
    }

    /// Nothing may be locked, pending or half done between calls.
    func expectClean(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(runner.cache.lockCount == 0, sourceLocation: sourceLocation)
        #expect(runner.cache.pendingCount == 0, sourceLocation: sourceLocation)
        #expect(runner.cache.isConsistent, sourceLocation: sourceLocation)
        runner.cache.drop(below: RadixCache.root)
        runner.carryOutActions()
        #expect(runner.cache.slotCount == 0, sourceLocation: sourceLocation)
        #expect(runner.cache.sequenceCount == 0, sourceLocation: sourceLocation)
        #expect(runner.context.isEmpty, sourceLocation: sourceLocation)
    }
}

func request(
    _ text: String, thoughts: [[Token]] = [], count: Int, temperature: Double = 1, topK: Int = 0, topP: Double = 1,
    minP: Double = 0, maximumTokens: Int = 12, seed: UInt64 = 1, node: Int = 0, role: ModelRole = .target
) -> SampleRequest {
    SampleRequest(
        path: path(text, thoughts: thoughts), count: count,
        sampling: SamplingParameters(
            temperature: temperature, topK: topK, topP: topP, minP: minP, maximumTokens: maximumTokens),
        key: RandomKey(seed: seed, problem: RandomKey.hash(text), depth: thoughts.count, node: node, role: role))
}

func path(_ text: String, thoughts: [[Token]] = []) -> ReasoningPath {
    ReasoningPath(
        problem: Problem(id: text, text: text),
        thoughts: thoughts.map { Thought(text: "", tokens: $0, stop: .delimiter, source: .target) })
}

extension Array where Element == Float {
    func maximumDifference(_ other: [Float]) -> Float {
        zip(self, other).map { abs($0 - $1) }.max() ?? .infinity
    }
}

extension LlamaEngine {
    var small: LlamaLanguageModel { get throws { try #require(draft) } }
    var large: LlamaLanguageModel { get throws { try #require(target) } }
    var speculative: SpeculativeDecoder { get throws { try SpeculativeDecoder(target: large, draft: small) } }
    var scorer: any RewardModel { get throws { try #require(rewardModel) } }
    var grader: LlamaRewardModel { get throws { try #require(judge) } }
}

/// Does the work while a session of the problem is open, on its thread.
func withSession<Value: Sendable>(
    of model: some InferenceModel, _ problem: Problem, _ work: () async throws -> Value
) async throws -> Value {
    let session = try #require(try await model.openSession(for: problem))
    let result: Result<Value, any Error>
    do {
        result = .success(try await withTaskExecutorPreference(session.executor) { try await work() })
    } catch {
        result = .failure(error)
    }
    await session.close()
    return try result.get()
}

/// What thoughts say: their probabilities vary with the floating point noise of the batch.
extension [Thought] {
    var said: [Thought] {
        map { thought in
            var thought = thought
            thought.logProbability = nil
            return thought
        }
    }
}

extension [[Thought]] {
    var said: [[Thought]] { map(\.said) }
}
