import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct CostModelTests {
    /// Curves of a model alone in its cache and beside others.
    private func curves(_ threads: Int, _ flashAttention: Bool, fastest: Double, typical: Double) -> [CostModel.Curve] {
        [256, 1024].map {
            var curve = CostModel.Curve(
                role: .target, CostModel.Choice(threads: threads, flashAttention: flashAttention), occupied: $0)
            curve.milliseconds[12] = fastest
            curve.typical[12] = typical
            return curve
        }
    }

    @Test func aChangeHasToPay() {
        var cost = CostModel()
        #expect(cost.choice(for: .target) == CostModel.Choice())
        cost.curves = curves(1, false, fastest: 10, typical: 12) + curves(1, true, fastest: 9.5, typical: 9.5)
        #expect(!cost.choice(for: .target).flashAttention)
        cost.curves += curves(2, false, fastest: 5, typical: 14)
        // Two threads that mostly wait for one another are not worth it.
        #expect(cost.choice(for: .target).threads == 1)
        cost.curves += curves(4, true, fastest: 3, typical: 6)
        #expect(cost.choice(for: .target).threads == 4 && cost.choice(for: .target).flashAttention)
        #expect(cost.choice(for: .draft) == CostModel.Choice())
    }

    @Test func whatARoleDoesMostDecides() {
        var cost = CostModel()
        for role in [ModelRole.draft, .rewardModel] {
            var plain = CostModel.Curve(role: role, CostModel.Choice(), occupied: 256)
            (plain.milliseconds, plain.prefill) = ([12: 10], [64: 100])
            var other = CostModel.Curve(role: role, CostModel.Choice(flashAttention: true), occupied: 256)
            // Faster for prompts, slower for decode steps.
            (other.milliseconds, other.prefill) = ([12: 12], [64: 70])
            cost.curves += [plain, other]
        }
        #expect(!cost.choice(for: .draft).flashAttention && cost.choice(for: .rewardModel).flashAttention)
        var options = LlamaEngine.Options()
        options.adopt(cost, of: ModelSet(draft: "d", rewardModel: "r"))
        #expect(options.flashAttention == [.rewardModel] && options.roleThreads[.target] == nil)
    }

    @Test func anotherDraftLengthHasToPay() throws {
        let models = try ToyDirectory().models()
        var cost = CostModel()
        var options = LlamaEngine.Options()
        options.adopt(cost, of: models)
        #expect(options.numSpeculativeTokens == nil)
        cost.speculationSeconds = [0: 2, 8: 0.97, 12: 1]
        #expect(cost.numSpeculativeTokens(usual: 12) == 12)
        cost.speculationSeconds[4] = 0.9
        #expect(cost.numSpeculativeTokens(usual: 12) == 4)
        cost.speculationSeconds[0] = 0.5
        options.adopt(cost, of: models)
        #expect(options.numSpeculativeTokens == 0)
        // What the user says wins.
        options = LlamaEngine.Options(numSpeculativeTokens: 6)
        options.adopt(cost, of: models)
        #expect(options.numSpeculativeTokens == 6)
    }

    @Test func everyModelIsMeasuredAndTheResultKept() throws {
        let directory = try ToyDirectory()
        let models = try directory.models()
        let cost = try CostModel.measure(models, limit: .infinity)
        #expect(Set(cost.curves.map(\.role)) == Set(ModelRole.allCases))
        #expect(cost.curves.allSatisfy { !$0.prefill.isEmpty || $0.milliseconds[12] ?? 0 > 0 })
        for role in ModelRole.allCases {
            #expect(cost.curves.contains { $0.role == role && $0.milliseconds.count == 11 && $0.prefill.count > 2 })
            #expect(cost.curves.contains { $0.role == role && $0.flashAttention })
            #expect(cost.curves.contains { $0.role == role && $0.microBatch == 128 })
        }
        let cache = CostModelCache(models, root: directory.url)
        #expect(cache.load() == nil)
        try cache.store(cost)
        #expect(cache.load() == cost)
        // What is placed, or adapted, is a role's model: the same said of another is another measurement.
        var adapted = models
        adapted.adapters = [.draft: [.init(file: "a.gguf", scale: 0.5)]]
        var files: Set<URL> = [cache.file, CostModelCache(adapted, root: directory.url).file]
        adapted.adapters = [.target: [.init(file: "a.gguf", scale: 0.5)]]
        files.insert(CostModelCache(adapted, root: directory.url).file)
        adapted.adapters = [.target: [.init(file: "a.gguf", scale: 1)]]
        files.insert(CostModelCache(adapted, root: directory.url).file)
        for role in ModelRole.allCases {
            files.insert(CostModelCache(models, placement: [role: .processor], root: directory.url).file)
        }
        #expect(files.count == 4 + ModelRole.allCases.count)
        // Other models are measured anew.
        try directory.model("target.gguf", .init(seed: 9, layers: 2))
        #expect(CostModelCache(models, root: directory.url).load() == nil)
    }

    @Test(
        "A kept measurement whose figures cannot be is as good as none",
        arguments: [
            (#""threads":2"#, "0"), (#""threads":2"#, "1000000000000"), (#""threads":2"#, "-9223372036854775808"),
            (#""microBatch":512"#, "9223372036854775807"), (#""occupied":256"#, "-1"), (#""12":5"#, "0"),
            (#""12":5"#, "-5"), (#""12":5"#, "1e300"), (#""64":70"#, "1e308"), (#""seconds":3"#, "-1e300"),
            (#""8":0.5"#, "1e300"),
        ])
    func edited(_ field: String, _ value: String) throws {
        let directory = try ToyDirectory()
        let cache = CostModelCache(try directory.models(), root: directory.url)
        let kept =
            #"{"curves":[{"role":"target","threads":2,"flashAttention":false,"microBatch":512,"occupied":256,"#
            + #""milliseconds":{},"typical":{"12":5},"prefill":{"64":70}}],"speculationSeconds":{"8":0.5},"seconds":3}"#
        try Data(kept.utf8).write(to: cache.file)
        #expect(cache.load()?.choice(for: .target) == CostModel.Choice())
        #expect(cache.load()?.numSpeculativeTokens(usual: 12) == 8)
        let name = try #require(field.split(separator: ":").first)
        let text = kept.replacing(field, with: "\(name):\(value)")
        #expect(text.contains(value))
        try Data(text.utf8).write(to: cache.file)
        #expect(cache.load() == nil, "\(text)")
    }

    @Test(arguments: ["0", "-1", "9223372036854775807"])
    func `A kept batch size or number of speculative tokens that cannot be is as good as none`(key: String) throws {
        let directory = try ToyDirectory()
        let cache = CostModelCache(try directory.models(), root: directory.url)
        let curve =
            #"{"role":"draft","threads":1,"flashAttention":false,"microBatch":512,"occupied":256,"typical":{},"prefill":{},"#
        let batch = #"{"curves":[\#(curve)"milliseconds":{"\#(key)":5}}],"speculationSeconds":{},"seconds":3}"#
        try Data(batch.utf8).write(to: cache.file)
        #expect(cache.load() == nil)
        let tokens = #"{"curves":[],"speculationSeconds":{"\#(key)":5},"seconds":3}"#
        try Data(tokens.utf8).write(to: cache.file)
        // None is a number of speculative tokens.
        #expect((cache.load() == nil) == (key != "0"))
    }
}
