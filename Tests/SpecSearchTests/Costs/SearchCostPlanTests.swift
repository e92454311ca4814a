import SpecSearch
import Testing

@Suite struct SearchCostPlanTests {
    /// Every pass costs the same: 1 s of the target, 0.1 s of the draft, 0.01 s of the reward model.
    private func flat(
        steps: Double = 3, tokens: Int = 10, acceptance: Double = 1, tokenAcceptance: Double = 1
    ) throws -> SearchCostPlan {
        func cost(_ seconds: Double) throws -> ForwardPassCost {
            try ForwardPassCost([.init(tokens: 1, seconds: seconds)])
        }
        return SearchCostPlan(
            draft: try cost(0.1), target: try cost(1), rewardModel: try cost(0.01),
            workload: SearchWorkload(
                steps: steps, stepTokens: [tokens: 1], acceptance: acceptance, tokenAcceptance: tokenAcceptance))
    }

    /// Passes of a large machine.
    private func roofline(acceptance: Double, tokenAcceptance: Double) throws -> SearchCostPlan {
        func cost(_ parameters: Double) throws -> ForwardPassCost {
            try ForwardPassCost(parameters: parameters, bytesPerWeight: 2, bandwidth: 3350e9, flops: 989e12)
        }
        var workload = SearchWorkload(
            steps: 9, stepTokens: [40: 1, 60: 2], acceptance: acceptance, tokenAcceptance: tokenAcceptance)
        workload.promptTokens = 200
        return SearchCostPlan(
            draft: try cost(1.5e9), target: try cost(72e9), rewardModel: try cost(7e9), workload: workload)
    }

    private func close(_ left: Double, _ right: Double) -> Bool { abs(left - right) < 1e-6 * max(1, abs(right)) }

    @Test func `AR is a pass of the target for each token and one of the reward model for each step`() throws {
        #expect(close(try flat().seconds(.ar, PlanSetting()), 3 * (10 + 0.01)))
    }

    @Test func `AR pays for its distinct rows`() throws {
        var plan = try flat()
        plan.target = try ForwardPassCost([.init(tokens: 1, seconds: 1), .init(tokens: 2, seconds: 2)])
        plan.workload.promptTokens = 5
        // The first step has one node, the others two; the prompt is in the first pass.
        let first = 9.0 * 4 + (4 + 5)
        #expect(close(try plan.account(.ar, PlanSetting(width: 4)).target, first + 2 * 10 * 8))
        plan.workload.targetSharing = 0.5
        #expect(close(try plan.account(.ar, PlanSetting(width: 4)).target, 9 * 2 + (2 + 5) + 2 * 10 * 4))
        plan.workload.occupancy = 0.5
        #expect(close(try plan.account(.ar, PlanSetting(width: 4)).target, 9 * 2 + (2 + 5) + 2 * 10 * 2))
    }

    @Test func `SpS is decode steps of draft passes and one of the target`() throws {
        // Two steps of 4 proposals and the target's own token.
        let setting = PlanSetting(numSpeculativeTokens: 4)
        #expect(close(try flat().account(.sps, setting).target, 3 * (2 + 8 * 0.1)))
        // Nothing is accepted: 10 steps, the last of fewer proposals.
        #expect(close(try flat(tokenAcceptance: 0).account(.sps, setting).target, 3 * (10 + 34 * 0.1)))
        let none = PlanSetting(numSpeculativeTokens: 0)
        #expect(close(try flat().seconds(.sps, none), try flat().seconds(.ar, none)))
    }

    @Test func `Decode steps are those of the slowest sequence`() {
        // From 3 tokens a sequence takes 2 steps with probability 3/4, else 3.
        #expect(
            close(SpeculativeDecodeSteps(length: 3, numSpeculativeTokens: 1, acceptance: 0.5, sequences: 1).count, 2.25)
        )
        let two = SpeculativeDecodeSteps(length: 3, numSpeculativeTokens: 1, acceptance: 0.5, sequences: 2)
        #expect(close(two.count, 2.4375))
        #expect(close(two.steps[2].active, 0.25 / 0.4375))
    }

    @Test func `SpecSearch drafts, scores and corrects what is missing`() throws {
        let setting = PlanSetting(beams: 1, width: 2, draftFactor: 1, numSpeculativeTokens: 0)
        var plan = try flat(acceptance: 0.5)
        plan.workload.agreement = 0
        // Of two drafts at least one is rejected with probability 3/4.
        var account = try plan.account(.specsearch, setting)
        #expect(close(account.target, 10))
        #expect(close(account.drafting, 2 * 1))
        #expect(close(account.scoring, 3 * 0.01))
        #expect(close(account.corrections, 2 * 0.75 * (10 + 0.01)))
        // Both or none: half of the time.
        plan.workload.agreement = 1
        account = try plan.account(.specsearch, setting)
        #expect(close(account.corrections, 2 * 0.5 * (10 + 0.01)))
        // Two nodes are corrected together.
        account = try plan.account(
            .specsearch, PlanSetting(beams: 2, width: 2, draftFactor: 1, numSpeculativeTokens: 0))
        #expect(close(account.corrections, 2 * 0.75 * (10 + 0.01)))
    }

    @Test func `Corrections read what the drafts wrote since the last one`() throws {
        var plan = try flat(steps: 5, acceptance: 0.5)
        plan.target = try ForwardPassCost([.init(tokens: 1, seconds: 1), .init(tokens: 2, seconds: 2)])
        plan.workload.agreement = 1
        let setting = PlanSetting(beams: 1, width: 1, draftFactor: 1, numSpeculativeTokens: 0)
        // One missing thought and the extra one: two rows, and in the first pass the unread tokens of 0, 1/2, 3/4 or 7/8
        // steps.
        #expect(close(try plan.account(.specsearch, setting).corrections, 4 * 0.5 * (10 * 2 + 5.3125 + 0.01)))
    }

    @Test func `With every draft kept the target writes the first step only, with none kept nothing is saved`() throws {
        for gamma in [0, 4, 12] {
            let setting = PlanSetting(numSpeculativeTokens: gamma)
            let all = try roofline(acceptance: 1, tokenAcceptance: 0.8)
            #expect(try all.account(.specsearch, setting).corrections == 0)
            let none = try roofline(acceptance: 0, tokenAcceptance: 0.8)
            #expect(try none.seconds(.specsearch, setting) > none.seconds(.sps, setting))
        }
    }

    @Test func `More acceptance is never slower`() throws {
        let shares = (0...20).map { Double($0) / 20 }
        for agreement in [0, 0.5, 1] {
            for setting in [PlanSetting(), PlanSetting(beams: 8, width: 12, draftFactor: 1, numSpeculativeTokens: 4)] {
                let byThought = try shares.map {
                    var plan = try roofline(acceptance: $0, tokenAcceptance: 0.7)
                    plan.workload.agreement = agreement
                    return try plan.seconds(.specsearch, setting)
                }
                #expect(zip(byThought, byThought.dropFirst()).allSatisfy { $0 >= $1 - 1e-9 })
            }
        }
        for method in [SearchMethod.sps, .specsearch] {
            let byToken = try shares.map {
                try roofline(acceptance: 0.6, tokenAcceptance: $0).seconds(method, PlanSetting(numSpeculativeTokens: 4))
            }
            #expect(zip(byToken, byToken.dropFirst()).allSatisfy { $0 >= $1 - 1e-9 })
        }
    }

    @Test func `The best setting is at least as fast as any other`() throws {
        let plan = try roofline(acceptance: 0.7, tokenAcceptance: 0.7)
        let best = try plan.best(.specsearch, PlanSetting(width: 4))
        #expect(best.setting.width == 4)
        for factor in 1...3 {
            for length in [0, 2, 4, 8, 16] {
                let other = PlanSetting(width: 4, draftFactor: factor, numSpeculativeTokens: length)
                #expect(try best.seconds <= plan.seconds(.specsearch, other))
            }
        }
        #expect(try plan.best(.sps, PlanSetting()).setting.draftFactor == PlanSetting().draftFactor)
    }

    @Test func `What is fitted gives the counts that it was fitted to`() throws {
        var plan = try roofline(acceptance: 0.7, tokenAcceptance: 0.83)
        let decodeSteps = plan.workload.decodeSteps(sequences: 12, numSpeculativeTokens: 6)
        plan.workload.fitTokenAcceptance(decodeSteps: decodeSteps, sequences: 12, numSpeculativeTokens: 6)
        #expect(abs(plan.workload.tokenAcceptance - 0.83) < 1e-3)
        let setting = PlanSetting(width: 2, draftFactor: 1)
        plan.workload.acceptance = 0.5
        // Alike whether drafts agree or not: nothing to learn from.
        plan.fitAgreement(unfilled: 1, setting)
        #expect(plan.workload.agreement == 0.6)
        // Of four drafts two are needed: (6 + 4 · 1 …)/16 apart, 1 together.
        let double = PlanSetting(width: 2, draftFactor: 2)
        plan.fitAgreement(unfilled: 6.0 / 16, double)
        #expect(abs(plan.workload.agreement) < 1e-9)
        plan.fitAgreement(unfilled: 1, double)
        #expect(abs(plan.workload.agreement - 1) < 1e-9)
    }

    @Test func `Many lengths of steps are merged without losing their mean`() throws {
        let lengths = Dictionary(uniqueKeysWithValues: (1...99).map { ($0, 1.0) })
        let workload = SearchWorkload(steps: 1, stepTokens: lengths, acceptance: 1, tokenAcceptance: 1)
        #expect(abs(workload.meanStepTokens - 50) < 1)
    }

    @Test func `Figures out of range are refused by name`() throws {
        let changes: [(String, (inout SearchCostPlan) -> Void)] = [
            ("acceptance", { $0.workload.acceptance = 1.1 }), ("acceptance", { $0.workload.acceptance = .nan }),
            ("token acceptance", { $0.workload.tokenAcceptance = -0.1 }),
            ("agreement", { $0.workload.agreement = 2 }), ("steps", { $0.workload.steps = 0 }),
            ("tokens of a step", { $0.workload.stepTokens = [:] }),
            ("tokens of a step", { $0.workload.stepTokens = [0: 1] }),
            ("prompt", { $0.workload.promptTokens = -1 }), ("sharing", { $0.workload.targetSharing = 3 }),
        ]
        for (name, change) in changes {
            var plan = try flat()
            change(&plan)
            let error = #expect(throws: SpecSearchError.self) { try plan.seconds(.ar, PlanSetting()) }
            #expect(error?.description.contains(name) == true)
        }
        for setting in [
            PlanSetting(beams: 0), PlanSetting(width: 0), PlanSetting(draftFactor: 0),
            PlanSetting(numSpeculativeTokens: 65),
        ] {
            #expect(throws: SpecSearchError.self) { try flat().seconds(.sps, setting) }
        }
    }

    @Test func `A plan is for the search as it is set, waves and covering included`() throws {
        var configuration = SearchConfiguration()
        try configuration.apply([
            "beams": "1", "width": "4", "draft-factor": "3", "draft-waves": "3", "correction": "cover",
        ])
        let setting = PlanSetting(configuration, numSpeculativeTokens: 3)
        #expect(setting.beams == 1 && setting.width == 4 && setting.draftFactor == 3)
        #expect(setting.draftWaves == 3 && setting.correction == .cover && setting.numSpeculativeTokens == 3)
        let plain = PlanSetting(SearchConfiguration(), numSpeculativeTokens: 12)
        #expect(plain == PlanSetting())
    }
}
