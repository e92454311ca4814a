import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// LoRA adapters over a model's weights.
@Suite struct AdapterTests {
    private static let text: [Token] = [ToyModel.begin, ToyModel.id(of: "a"), ToyModel.id(of: "7")]

    @Test func `The logits change by scale, alpha and rank as by hand, and not at all by scale 0`() throws {
        let base = try Toy(givesHiddenStates: true)
        let before = try base.freshLogits(after: Self.text)
        // The adapter is on the output's weights, so their input is the state after the last norm.
        let change = ToyAdapter().change(try base.freshLogits(after: Self.text, .hiddenState))
        #expect(change.contains { abs($0) > 0.1 })
        for scale in [0, 1, -0.5] {
            let adapted = try Toy(adapter: ToyAdapter(), scale: scale).freshLogits(after: Self.text)
            for index in before.indices {
                #expect(abs(adapted[index] - before[index] - Float(scale) * change[index]) < 1e-3)
            }
        }
    }

    @Test func `One file with and without an adapter is two models with the same weights`() async throws {
        let directory = try ToyDirectory()
        var set = try directory.models()
        set.rewardModel = set.draft
        set.rewardModelConfiguration = directory.path("prm.json")
        try ToyAdapter().write(to: directory.path("adapter.gguf"))
        let paths = ["abc", "ab7", "x.z"].map { path("q", thoughts: [$0.map { ToyModel.id(of: String($0)) }]) }
        var scores: [[Double]] = []
        for scale in [nil, 0, 1.0] {
            set.adapters[.rewardModel] = scale.map {
                [ModelSet.Adapter(file: directory.path("adapter.gguf"), scale: $0)]
            }
            let engine = try await LlamaEngine(set)
            scores.append(try await engine.scorer.score(paths).scores)
            // Its cache is its own, and the draft is as it was.
            let states = await engine.cacheStates()
            #expect((states[.draft]?.evaluated ?? 0 > 0) == (scale == nil))
            #expect(states[.rewardModel]?.evaluated ?? 0 > 0)
            let drafts = try await engine.small.sample([request("abc", count: 2)]).thoughts[0]
            let plain = try await LlamaEngine(
                ModelSet(draft: set.draft, chatTemplate: set.chatTemplate, delimiter: "a"))
            let expected = try await plain.small.sample([request("abc", count: 2)]).thoughts[0]
            #expect(drafts.said == expected.said)
        }
        // They are small: a share counts.
        for (without, zero) in zip(scores[0], scores[1]) { #expect(abs(zero / without - 1) < 1e-4) }
        #expect(zip(scores[0], scores[2]).allSatisfy { abs($1 / $0 - 1) > 0.01 }, "\(scores)")
    }

    @Test func `A manifest names adapters beside it, with scale 1 unless it says otherwise`() throws {
        let directory = try ToyDirectory()
        _ = try directory.models()
        try directory.text(
            "manifest.json",
            #"{"draft":"draft.gguf","adapters":{"draft":[{"file":"a.gguf"},{"file":"/b.gguf","scale":0.5}]}}"#)
        let set = try ModelSet(directory: directory.url.path)
        let real = directory.url.path
        #expect(set.adapters == [.draft: [.init(file: real + "/a.gguf"), .init(file: "/b.gguf", scale: 0.5)]])
        #expect(try JSONDecoder().decode(ModelSet.self, from: JSONEncoder().encode(set)) == set)
    }

    @Test func `An adapter for another model, or for a role without one, is refused by name`() async throws {
        let directory = try ToyDirectory()
        var set = try directory.models()
        let path = directory.path("adapter.gguf")
        set.adapters = [.target: [.init(file: path)]]
        let asked = set
        await expectError(.badModelFile, path) { _ = try await LlamaEngine(asked) }
        for (adapter, code, text) in [
            (ToyAdapter(architecture: "qwen2"), SpecSearchError.Code.mismatch, "architecture qwen2"),
            (ToyAdapter(inputs: 16), .mismatch, "incorrect shape"),
            (ToyAdapter(outputs: 40), .mismatch, "incorrect shape"),
            (ToyAdapter(tensor: "blk.7.attn_q.weight", outputs: 32), .mismatch, "does not exist in base model"),
        ] {
            try adapter.write(to: path)
            await expectError(code, text) { _ = try await LlamaEngine(asked) }
            await expectError(code, path) { _ = try await LlamaEngine(asked) }
        }
        let model = directory.path("draft.gguf")
        set.adapters = [.target: [.init(file: model)]]
        let swapped = set
        await expectError(.badModelFile, "\(model) is not a LoRA adapter") { _ = try await LlamaEngine(swapped) }
        try ToyAdapter().write(to: path)
        await expectError(.badModelFile, "\(path) is an adapter") { _ = try await LlamaEngine(ModelSet(target: path)) }
        await expectError(.badSetting, "adapter for the prm") {
            _ = try await LlamaEngine(ModelSet(target: model, adapters: [.rewardModel: [.init(file: path)]]))
        }
    }
}
