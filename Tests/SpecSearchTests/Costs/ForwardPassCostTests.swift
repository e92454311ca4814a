import SpecSearch
import Testing

@Suite struct ForwardPassCostTests {
    private func cost(_ points: KeyValuePairs<Double, Double>) throws -> ForwardPassCost {
        try ForwardPassCost(points.map { ForwardPassCost.Point(tokens: $0.key, seconds: $0.value) })
    }

    @Test func `It is linear between and beyond measured passes, and flat before them`() throws {
        var cost = try cost([3: 2, 1: 1])
        #expect(cost.seconds(tokens: 2) == 1.5)
        #expect(cost.seconds(tokens: 5) == 3)
        #expect(cost.seconds(tokens: 0.5) == 1)
        #expect(cost.seconds(tokens: 0) == 0)
        cost.overhead = 0.25
        #expect(cost.seconds(tokens: 3) == 2.25)
        #expect(cost.seconds(tokens: 0) == 0)
    }

    @Test func `Text that is only read costs less than sequences that go on, and shares the weights with them`() throws
    {
        let decode = [(1, 1), (4, 3), (12, 9)].map { ForwardPassCost.Point(tokens: $0, seconds: $1) }
        let prefill = [(16.0, 6.0), (64, 18)].map { ForwardPassCost.Point(tokens: $0.0, seconds: $0.1) }
        var cost = try ForwardPassCost(decode, prefill: prefill)
        #expect(cost.seconds(tokens: 0, prefill: 64) == 18)
        #expect(cost.seconds(tokens: 12) == 9)
        // What 63 more tokens add to a text of one.
        #expect(cost.seconds(tokens: 1, prefill: 63) == 1 + 17)
        #expect(cost.seconds(tokens: 4, prefill: 12) == 3 + (6 - 2))
        cost.overhead = 0.5
        #expect(cost.seconds(tokens: 1, prefill: 63) == 18.5)
        #expect(cost.seconds(tokens: 0, prefill: 64) == 18.5)
        cost = try ForwardPassCost(decode)
        #expect(cost.seconds(tokens: 4, prefill: 8) == 9)
        #expect(cost.seconds(tokens: 0, prefill: 4) == 3)
    }

    @Test func `Passes of more tokens never cost less`() throws {
        var cost = try cost([1: 3, 2: 1, 4: 2, 8: 5])
        #expect([1, 2, 4, 8].map { cost.seconds(tokens: $0) } == [2, 2, 2, 5])
        cost.overhead = 1
        cost = try cost.merging([.init(tokens: 8, seconds: 7), .init(tokens: 6, seconds: 3)])
        #expect([4, 6, 7, 8].map { cost.seconds(tokens: $0) } == [3, 4, 6, 8])
    }

    @Test func `A roofline reads all weights once, or computes two operations for each and token`() throws {
        let cost = try ForwardPassCost(parameters: 72e9, bytesPerWeight: 2, bandwidth: 3350e9, flops: 989e12)
        let reading = 144e9 / 3350e9
        #expect(abs(cost.seconds(tokens: 1) - reading) < 1e-12)
        #expect(abs(cost.seconds(tokens: 295) - reading) < 1e-12)
        #expect(abs(cost.seconds(tokens: 1000) - 1000 * 2 * 72e9 / 989e12) < 1e-12)
        // So slow that even one token is dearer than the weights.
        let slow = try ForwardPassCost(parameters: 1e9, bytesPerWeight: 1, bandwidth: 1e12, flops: 1e9)
        #expect(abs(slow.seconds(tokens: 1) - 2) < 1e-12)
        #expect(abs(slow.seconds(tokens: 7) - 14) < 1e-12)
    }

    @Test func `Figures out of range are refused by name`() {
        for value in [0, -1, .nan, .infinity] {
            let error = #expect(throws: SpecSearchError.self) {
                try ForwardPassCost(parameters: 1, bytesPerWeight: 1, bandwidth: value, flops: 1)
            }
            #expect(error?.description.contains("bandwidth") == true)
            #expect(throws: SpecSearchError.self) { try cost([1: value]) }
        }
        #expect(throws: SpecSearchError.self) { try ForwardPassCost([]) }
    }

    @Test func `Figures whose sums would overflow are refused, and of the others no sum does`() throws {
        for value in [1e300, 1e308, .greatestFiniteMagnitude, .leastNonzeroMagnitude] {
            #expect(throws: SpecSearchError.self) { try cost([1: value]) }
            #expect(throws: SpecSearchError.self) { try cost([value: 1]) }
        }
        for points in [[(1, 1e-15), (1.0000000000000002, 1e12)], [(1e12, 1e12)], [(1e-3, 1e-15), (1e12, 1e-15)]] {
            let points = points.map { ForwardPassCost.Point(tokens: $0.0, seconds: $0.1) }
            let cost = try ForwardPassCost(points, prefill: points)
            var plan = SearchCostPlan(
                draft: cost, target: cost, rewardModel: cost,
                workload: SearchWorkload(steps: 1e6, stepTokens: [4: 1], acceptance: 0.5, tokenAcceptance: 0.5))
            plan.workload.promptTokens = 1e9
            for method in [SearchMethod.ar, .sps, .specsearch, .draft] {
                #expect(try plan.seconds(method, PlanSetting(beams: 1 << 16, width: 1024)).isFinite, "\(points)")
            }
        }
    }
}
