import SpecSearch
import Testing

@Suite struct GradingEvaluatorTests {
    private struct Grader: StepGrader {
        let weights: [Double]
        func grade(_ paths: [ReasoningPath]) async throws -> StepGrades {
            StepGrades(weights: paths.map { _ in weights })
        }
    }

    private func score(_ weights: [Double], _ reading: GradingEvaluator.Reading) async throws -> Double? {
        let path = ReasoningPath(problem: Handwritten.problem)
        return try await GradingEvaluator(Grader(weights: weights), reading: reading).evaluate([path]).scores.first
    }

    @Test func `A grade is read as the most likely one, or as the mean`() async throws {
        var weights = [Double](repeating: 0, count: 10)
        weights[3] = 0.2
        weights[9] = 0.3
        #expect(try await score(weights, .greedy) == 1)
        // (3 · .2 + 9 · .3) ÷ .5 ÷ 9.
        let mean = try await score(weights, .expected) ?? 0
        #expect(abs(mean - 3.3 / 4.5) < 1e-12)
        weights[7] = 0.3
        #expect(try await score(weights, .greedy) == 7.0 / 9)
    }

    @Test func `SpecReason's rule is 7 points of the target's, unless said`() {
        #expect(RejectionRule(name: "specreason")?.estimator == .fixed(7.0 / 9))
        #expect(RejectionRule(name: "specreason:4.5")?.estimator == .fixed(0.5))
        #expect(RejectionRule(name: "specreason:4.5")?.judge == .target)
        #expect(RejectionRule(name: "rsd")?.estimator == .rewardGuided)
        #expect(RejectionRule(name: "rsd")?.judge == nil)
        for name in ["specreason:", "specreason:10", "specreason:-1", "specreason:x", "specreason:nan", "magic", ""] {
            #expect(RejectionRule(name: name) == nil, "\(name)")
        }
    }

    @Test(arguments: [[], [0.5], [Double](repeating: 0, count: 10), [Double](repeating: .nan, count: 10)])
    func `No grade is an error`(weights: [Double]) async throws {
        let error = await #expect(throws: EngineError.self) { try await score(weights, .expected) }
        #expect(error?.code == .badScore)
    }
}
