import Foundation
import SpecSearch
import SpecSearchEvaluation
import SpecSearchLlama
import SpecSearchMeasurement
import SpecSearchTesting
import Testing

@Suite struct PlanningTests {
    private let setting = PlanSetting(numSpeculativeTokens: 4)

    private func plan() throws -> SearchCostPlan {
        let cost = try ForwardPassCost([.init(tokens: 1, seconds: 0.01), .init(tokens: 64, seconds: 0.02)])
        return SearchCostPlan(
            draft: cost, target: cost, rewardModel: cost,
            workload: SearchWorkload(steps: 4, stepTokens: [10: 1], acceptance: 0.8, tokenAcceptance: 0.8))
    }

    @Test func `A pilot learns what searches are like`() async throws {
        func model(_ role: ModelRole) -> ScriptedModel {
            ScriptedModel(role) { path in
                ["a", "b"].map { text in
                    path.depth < 4 ? .init("\(text)23456789\n") : .init("so \(text)", stop: .endOfSequence)
                }
            }
        }
        let (draft, target) = (model(.draft), model(.target))
        let engine = Engine(
            draft: draft, target: target,
            rewardModel: ScriptedRewardModel { path in path.thoughts.last?.text.hasPrefix("a") == true ? 0.9 : 0.1 })
        let pilot = PlanPilot(engine, SearchConfiguration(), setting) {
            [EngineMeasurement.Passes].decoded(
                #"""
                [{"role":"target","batchSize":12,"isPrefill":false,"count":9,"seconds":1.8},
                {"role":"target","batchSize":40,"isPrefill":true,"count":9,"seconds":0.9}]
                """#)
        }
        var plan = try plan()
        var done: [Int] = []
        try await pilot.measure(["?", "!"], &plan) { done.append($0) }
        #expect(done == [1, 2])
        #expect(plan.workload.steps == 5)
        #expect(plan.workload.stepTokens == [10: 8, 4: 2])
        #expect((0.2...0.8).contains(plan.workload.acceptance))
        // A measured size takes its place among the bare passes.
        #expect(plan.target.points.map(\.tokens) == [1, 12, 64])
        #expect(plan.target.prefill == [.init(tokens: 40, seconds: 0.1)])
        #expect(plan.draft.points.map(\.tokens) == [1, 64])
        #expect(target.calls.contains { $0.isSpeculative && $0.numSpeculativeTokens == 4 })
    }

    @Test func `Where the two share no tokens, nothing is said of token-level speculation`() async throws {
        func model(_ role: ModelRole) -> ScriptedModel {
            ScriptedModel(role, pairs: false) { path in
                ["a", "b"].map { text in
                    path.depth < 4 ? .init("\(text)23456789\n") : .init("so \(text)", stop: .endOfSequence)
                }
            }
        }
        let target = model(.target)
        let engine = Engine(
            draft: model(.draft), target: target,
            rewardModel: ScriptedRewardModel { path in path.thoughts.last?.text.hasPrefix("a") == true ? 0.9 : 0.1 })
        var plan = try plan()
        try await PlanPilot(engine, SearchConfiguration(), setting) { [] }.measure(["?"], &plan) { _ in }
        #expect(plan.workload.steps == 5 && (0.2...0.8).contains(plan.workload.acceptance))
        #expect(!target.calls.isEmpty && !target.calls.contains(where: \.isSpeculative))
        var report = try PlanReport(plan, setting, pairs: false)
        #expect(report.variants(SearchConfiguration()).map(\.configuration.method) == [.ar, .specsearch])
        #expect(report.setting.numSpeculativeTokens == 0 && report.speculation.isEmpty)
        report.check(against: [])
        let text = report.text
        #expect(text.contains("share no tokens") && !text.contains("sps") && !text.contains("speculative tokens |"))
    }

    @Test func `Problems of one step teach nothing, which is said`() async throws {
        let model = ScriptedModel(.target) { _ in [.init("so 1", stop: .endOfSequence)] }
        let engine = Engine(draft: model, target: model, rewardModel: ScriptedRewardModel { _ in 1 })
        var plan = try plan()
        let pilot = PlanPilot(engine, SearchConfiguration(), setting) { [] }
        let error = await #expect(throws: SpecSearchError.self) { try await pilot.measure(["?"], &plan) { _ in } }
        #expect(error?.message.contains("one step") == true)
    }

    @Test func `A report has the speed-ups, the best settings, and how far they are off`() throws {
        var report = try PlanReport(plan(), setting)
        let variants = report.variants(SearchConfiguration())
        #expect(variants.map(\.configuration.method) == [.ar, .sps, .specsearch])
        #expect(!report.text.contains("predicted"))
        // A draft as expensive as the target never pays.
        #expect(report.text.contains("the fastest at no share"))
        #expect(report.text.contains("at 80.0 % of the drafts kept"))
        report.check(
            against: variants.flatMap { variant in
                (0..<3).map { problem in
                    let problem = GradedProblem(problem: Problem(id: "\(problem)", text: "?"), answer: "")
                    var record = EvaluationRecord(
                        variant: variant.name, problem: problem, seed: 0, error: CancellationError())
                    record.verdict = .wrong
                    record.seconds = variant.name == "ar" ? 6 : 2
                    return record
                }
            })
        #expect(report.text.contains("| specsearch / ar |") && report.text.contains("3.00x"))
        let data = try JSONEncoder().encode(report)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(
            Set(object.keys) == [
                "plan", "setting", "accounts", "acceptances", "speculation", "best", "check",
            ])
        #expect((object["speculation"] as? [Any])?.count == 6 && (object["check"] as? [Any])?.count == 3)
    }

    @Test func `Costs are those of passes run as the engine would`() throws {
        let cost = CostModel.decoded(
            """
            {"curves":[
              {"role":"target","threads":1,"flashAttention":false,"microBatch":512,"occupied":256,
               "milliseconds":{"1":1,"8":2},"typical":{},"prefill":{"4":9,"64":7}},
              {"role":"target","threads":4,"flashAttention":true,"microBatch":512,"occupied":256,
               "milliseconds":{"1":5},"typical":{},"prefill":{}}],
             "speculationSeconds":{"4":1,"12":2},"seconds":1}
            """)
        let plain = try ForwardPassCost(cost, .target, LlamaEngine.Options())
        #expect(plain.points == [(1, 1), (8, 2)].map { .init(tokens: $0, seconds: $1 / 1000) })
        #expect(plain.prefill.map(\.tokens) == [4, 64])
        var options = LlamaEngine.Options()
        options.roleThreads[.target] = 4
        options.flashAttention = [.target]
        #expect(try ForwardPassCost(cost, .target, options).points.map(\.seconds) == [0.005])
        #expect(throws: SpecSearchError.self) { try SearchCostPlan(cost, options) }
        let report = TuningReport(cost, of: ModelSet(target: "t.gguf"))
        #expect(
            report.text.contains("target: threads as by default, flash attention off")
                && !report.text.contains("draft:"))
        #expect(report.text.contains("speculation on up to 4 tokens"))
    }
}

extension Decodable {
    /// A value from JSON that the test wrote.
    static func decoded(_ text: String) -> Self {
        guard let value = try? JSONDecoder().decode(Self.self, from: Data(text.utf8)) else { fatalError(text) }
        return value
    }
}
