import Foundation
import SpecSearch
import SpecSearchEvaluation
import Testing

@Suite struct VariantTests {
    @Test func `Settings change the base, and only what they name`() throws {
        var base = SearchConfiguration()
        base.beams = 3
        let variant = try Variant(" mean of few : estimator=ucb:2, width = 3, draft=small.gguf", base: base)
        #expect(variant.name == "mean of few")
        #expect(variant.configuration.rejection.estimator == .upperConfidenceBound(z: 2))
        #expect(variant.configuration.width == 3)
        #expect(variant.configuration.method == .specsearch)
        #expect(variant.configuration.beams == 3)
        #expect(variant.models == [.draft: "small.gguf"])
    }

    @Test func `A method needs no key, and settings may be spelled as in JSON`() throws {
        let variant = try Variant("drafts: draft, max_tokens=9, prm=p.gguf", base: SearchConfiguration())
        #expect(variant.configuration.method == .draft && variant.models == [.rewardModel: "p.gguf"])
        #expect(variant.configuration.sampling.maximumTokens == 9)
    }

    @Test func `Every setting of the table but the seed can be set`() throws {
        #expect(
            Set(Variant.keys) == Set(SearchSetting.all.map(\.key) + ["draft", "target", "prm"]).subtracting(["seed"]))
        var configuration = SearchConfiguration()
        configuration.options.seed = 7
        let variant = try Variant("keep-beam-full=true, deadline=2.5", base: configuration)
        #expect(variant.configuration.keepBeamFull && variant.configuration.options.budget.seconds == 2.5)
        #expect(variant.configuration.options.seed == 7)
    }

    @Test func `A rule for the target's grades changes the judge too`() throws {
        let base = SearchConfiguration()
        let variant = try Variant("estimator=specreason:6", base: base)
        #expect(variant.configuration.rejection.estimator == .fixed(6.0 / 9))
        #expect(variant.configuration.judge == .target)
        #expect(try Variant("estimator=rsd", base: base).configuration.judge == .rewardModel)
        #expect(try Variant("judge=target, estimator=rsd", base: base).configuration.judge == .target)
    }

    @Test func `Without a name the settings are the name`() throws {
        #expect(try Variant("sps", base: SearchConfiguration()).name == "sps")
        #expect(try Variant("estimator=quantile:0.5", base: SearchConfiguration()).name == "estimator=quantile:0.5")
    }

    @Test(arguments: [
        ("", "neither a name"), (": width=3", "neither a name"), ("magic", "\"magic\""), ("speed=9", "\"speed\""),
        ("width=wide", "width cannot be \"wide\""), ("a: width=2 3", "width cannot be \"2 3\""),
        ("width=0", "width cannot be \"0\""), ("correction=most", "correction cannot be \"most\""),
        ("judge=me", "judge cannot be \"me\""), ("ar, theta=0.5", "theta has no effect"),
        ("iterations=4", "iterations has no effect"), ("search=mcts, beams=3", "beams has no effect"),
        ("seed=3", "seed has no effect"), ("width=2, width=3", "width twice"), ("ar, method=sps", "method twice"),
    ])
    func `What is unknown, out of range or without effect is refused by name`(text: String, reason: String) {
        let error = #expect(throws: SpecSearchError.self) { try Variant(text, base: SearchConfiguration()) }
        #expect(error?.code == .badSetting)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "")")
    }

    @Test func `In JSON the settings are a flat object, and come back`() throws {
        let variant = try Variant(
            "a: draft-factor=3, statistics=target-only, target=t.gguf", base: SearchConfiguration())
        let data = try JSONEncoder().encode(variant)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        let settings = try #require(object["configuration"] as? [String: Any])
        #expect(settings["draft_factor"] as? Int == 3 && settings["statistics"] as? String == "target-only")
        #expect(try JSONDecoder().decode(Variant.self, from: data) == variant)
    }

    @Test(arguments: Experiment.all.map(\.id))
    func `Every experiment can be read, with names of their own and baselines that exist`(id: String) throws {
        let experiment = try #require(Experiment(id: id))
        let variants = try experiment.variants(base: SearchConfiguration(), rejectionRate: 0.25)
        #expect(Set(variants.map(\.name)).count == variants.count)
        for variant in variants { try variant.configuration.validate() }
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
            variants.contains { $0.configuration.rejection.estimator == .random(rejectRate: 0.25) }
                == experiment.needsRejectionRate)
    }
}
