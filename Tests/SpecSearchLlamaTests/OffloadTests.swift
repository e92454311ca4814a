import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// Models on a GPU, or on whatever passes for one, against the same on the processor: `make test-vulkan`.
@Suite(.enabled(if: ComputeDevice.all.contains { $0.takesLayers }, "There is no GPU here."), .serialized)
struct OffloadTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models")
    private static let problem = Problem(
        id: "one",
        text:
            "Tom has 20 coins. Tom finds 30 more. Tom loses 10. Tom wins 5 more. Tom sells 8. Tom gets 2 more. How many "
            + "coins does Tom have now?")

    private func options(_ placement: LlamaEngine.Placement) -> LlamaEngine.Options {
        var options = LlamaEngine.Options()
        options.workers = 1
        options.cacheTokens = 512
        for role in ModelRole.allCases { options.placement[role] = placement }
        return options
    }

    @Test(arguments: ["draft", "target", "prm"])
    func `The logits are those of the processor, with all layers there or half of them`(name: String) throws {
        let path = Self.folder.appending(path: "\(name).gguf").path
        let set = ModelSet(target: path)
        var rows: [[Float]] = []
        let layers = try MemoryEstimate(path: path).placeableLayers
        // Where a renderer in software stands for a GPU, every choice of layers costs half a minute.
        for count in name == "target" ? [0, layers / 2, layers] : [0, layers] {
            let plan = try PlacementPlan(set, options: options(.init(gpuLayers: count)))
            #expect((plan.assignments[.target]?.gpuLayers ?? 0) == count)
            let model = try LlamaModel(path: path, placement: plan.assignments[.target] ?? .processor)
            let runner = ModelRunner(context: try LlamaContext(model: model, configuration: .init()))
            let node = runner.cache.insert(path: model.vocabulary.tokenize(Self.problem.text))
            runner.cache.lock(node)
            runner.want(node)
            try runner.evaluate()
            let row = UnsafeBufferPointer(start: try runner.logits(of: node), count: runner.context.vocabularyCount)
            rows.append(Array(row))
        }
        let size = rows[0].reduce(0) { max($0, abs($1)) }
        for row in rows.dropFirst() {
            // Another device adds in another order, and may compute with half precision.
            #expect(zip(row, rows[0]).allSatisfy { abs($0 - $1) < 0.02 * size })
        }
    }

    @Test func `A step is drafted, verified and scored as on the processor`() async throws {
        let set = try ModelSet(directory: Self.folder.path)
        let vocabulary = try LlamaModel(path: #require(set.rewardModel)).vocabulary
        let paths = ["finds 30: 20+30=50.\n\n", "finds 30: 20+30=60.\n\n"].map { text in
            ReasoningPath(
                problem: Self.problem,
                thoughts: [Thought(text: text, tokens: vocabulary.tokenize(text), stop: .delimiter, source: .target)])
        }
        var scores: [[Double]] = []
        for placement in [LlamaEngine.Placement.processor, .init()] {
            let engine = try await LlamaEngine(set, options: options(placement))
            let request = SampleRequest(
                path: ReasoningPath(problem: Self.problem), count: 1,
                sampling: SamplingParameters(temperature: 0, maximumTokens: 48),
                key: RandomKey(seed: 1, problem: 1, depth: 0, node: 0, role: .target))
            #expect(try await engine.speculative.sample([request]).thoughts[0][0].text == "finds 30: 20+30=50.\n\n")
            scores.append(try await engine.scorer.score(paths).scores)
        }
        #expect(zip(scores[0], scores[1]).allSatisfy { abs($0 - $1) < 0.02 } && scores[1][0] > scores[1][1])
    }
}
