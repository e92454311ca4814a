import SpecSearch
import SpecSearchEvaluation
import Testing

@Suite struct VariantTests {
    @Test func `Settings change the base, and only what they name`() throws {
        var base = SearchConfiguration()
        base.beams = 3
        let variant = try Variant(" mean of few : estimator=ucb:2, width = 3, ar, draft=small.gguf", base: base)
        #expect(variant.name == "mean of few")
        #expect(variant.configuration.speculation.rejection.estimator == .upperConfidenceBound(z: 2))
        #expect(variant.configuration.speculation.width == 3)
        #expect(variant.configuration.method == .ar)
        #expect(variant.configuration.beams == 3)
        #expect(variant.models == [.draft: "small.gguf"])
    }

    @Test func `A rule for the target's grades changes the judge too`() throws {
        let base = SearchConfiguration()
        let variant = try Variant("estimator=specreason:6", base: base)
        #expect(variant.configuration.speculation.rejection.estimator == .fixed(6.0 / 9))
        #expect(variant.configuration.judge == .target)
        #expect(try Variant("estimator=rsd", base: base).configuration.judge == .rewardModel)
        #expect(try Variant("judge=target, estimator=rsd", base: base).configuration.judge == .target)
        #expect(throws: Variant.SyntaxError.self) { try Variant("judge=me", base: base) }
    }

    @Test func `Without a name the settings are the name`() throws {
        #expect(try Variant("sps", base: SearchConfiguration()).name == "sps")
        #expect(try Variant("estimator=quantile:0.5", base: SearchConfiguration()).name == "estimator=quantile:0.5")
    }

    @Test(arguments: ["", "magic", "width=wide", "speed=9", "a: width=2 3", ": width=3", "correction=most"])
    func `What cannot be read is refused`(text: String) {
        #expect(throws: Variant.SyntaxError.self) { try Variant(text, base: SearchConfiguration()) }
    }

    @Test(arguments: Experiment.all.map(\.id))
    func `Every experiment can be read, with names of their own and baselines that exist`(id: String) throws {
        let experiment = try #require(Experiment(id: id))
        let variants = try experiment.variants(base: SearchConfiguration(), rejectionRate: 0.25)
        #expect(Set(variants.map(\.name)).count == variants.count)
        switch experiment.comparisons {
        case .all: break
        case .against(let baselines): #expect(Set(baselines).isSubset(of: variants.map(\.name)))
        case .groups(let size):
            // A group is one setting, with the methods in order.
            for start in stride(from: 0, to: variants.count, by: size) {
                let group = variants[start..<start + size]
                #expect(Set(group.map { $0.name.prefix { $0 != "," } }).count == 1)
                #expect(group.first?.configuration.method == .ar && group.last?.configuration.method == .specsearch)
            }
        }
        #expect(
            variants.contains { $0.configuration.speculation.rejection.estimator == .random(rejectRate: 0.25) }
                == experiment.needsRejectionRate)
    }
}
