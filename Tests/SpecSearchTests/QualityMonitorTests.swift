import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct QualityMonitorTests {
    private func depth(
        _ depth: Int, bound: Double?, kept: Int = 0, target: Int = 0, mean: Double? = nil, deviation: Double? = nil
    ) -> SearchOutcome.Depth {
        var account = SearchOutcome.Depth(
            depth: depth, threshold: bound, keptDrafts: kept, targetThoughts: target, meanTargetScore: mean)
        account.targetDeviation = deviation
        return account
    }

    private func watched(_ runs: [[SearchOutcome.Depth]], _ policy: ThresholdRule.Configuration = .init())
        -> QualityReport?
    {
        var monitor = QualityMonitor(policy: policy)
        for run in runs { monitor.add(run) }
        return monitor.report
    }

    @Test func `The confidence is the better of Cantelli's and Hoeffding's bounds`() throws {
        // 4 scores of mean 0.5 under 0.8: Cantelli 0.16 / (0.16 + 4 · 0.09), Hoeffding exp(−4 kl(0.5‖0.8)).
        let few = try #require(watched([[depth(1, bound: 0.8, target: 4, mean: 0.5)]]))
        #expect(abs(few.depths[0].confidence - (1 - 0.16 / 0.52)) < 1e-12)
        // 100 of them: Hoeffding's is the better one; kl(0.5‖0.8) = ln(0.5 / 0.8) / 2 + ln(0.5 / 0.2) / 2.
        let many = try #require(watched([[depth(1, bound: 0.8, target: 100, mean: 0.5)]]))
        let divergence = log(0.5 / 0.8) / 2 + log(0.5 / 0.2) / 2
        #expect(abs(many.depths[0].confidence - (1 - exp(-100 * divergence))) < 1e-12)
        #expect(many.confidence == many.depths[0].confidence)
        // At or above the bound there is no evidence for it.
        #expect(watched([[depth(1, bound: 0.4, target: 100, mean: 0.5)]])?.confidence == 0)
    }

    @Test func `Runs are weighted by their samples, and depths add their risks`() throws {
        let one = [depth(1, bound: 0.8, target: 30, mean: 0.5), depth(2, bound: 0.7, target: 20, mean: 0.4)]
        let two = [depth(1, bound: 0.6, target: 10, mean: 0.7)]
        let both = try #require(watched([one, two]))
        let pooled = try #require(watched([[depth(1, bound: 0.75, target: 40, mean: 0.55)]]))
        #expect(abs(both.depths[0].confidence - pooled.depths[0].confidence) < 1e-12)
        #expect(abs(1 - both.confidence - both.depths.reduce(0) { $0 + 1 - $1.confidence }) < 1e-12)
        #expect(both.runs == 2 && both.depths[0].targetThoughts == 40 && both.depths[0].samples == 40)
    }

    @Test func `A depth without the target's thoughts borrows earlier ones, and says so`() throws {
        let run = [
            depth(0, bound: nil, target: 6, mean: 0.5, deviation: 0.2), depth(1, bound: 0.9, kept: 6),
            depth(2, bound: 0.9, kept: 5, target: 2, mean: 0.6, deviation: 0.1),
        ]
        let report = try #require(watched([run]))
        #expect(report.depths.map(\.depth) == [1, 2])
        #expect(report.depths.map(\.borrowedRuns) == [1, 0] && report.depths.map(\.samples) == [6, 2])
        #expect(report.meansFall == .unclear)
        #expect(report.assumptions.contains { $0.contains("used at 1 of 2 depths") && $0.contains("rise") })
    }

    @Test func `The prediction follows the formula, and only for what it was derived for`() throws {
        let run = [
            depth(0, bound: nil, target: 6, mean: 0.6, deviation: 0.3), depth(1, bound: 0.9, kept: 6),
            depth(2, bound: 0.9, target: 7, mean: 0.5, deviation: 0.2),
            depth(3, bound: 0.9, kept: 1, target: 5, mean: 0.5, deviation: 0.2),
        ]
        let value = try #require(watched([run])?.prediction)
        #expect(abs(value - (1 - pow(1 - 0.09 / 0.4, 6) - pow(1 - 0.04 / 0.5, 7))) < 1e-12)
        #expect(watched([run], ThresholdRule.Configuration(estimator: .mean))?.prediction == nil)
        #expect(watched([run], ThresholdRule.Configuration(margin: 0.1))?.prediction == nil)
        #expect(watched([run], ThresholdRule.Configuration(statistics: .targetOnly))?.prediction == nil)
    }

    @Test func `Rising means are seen`() throws {
        let run = (0..<8).map { depth($0, bound: $0 > 0 ? 0.9 : nil, target: 6, mean: 0.1 * Double($0 + 1)) }
        #expect(watched([run])?.meansFall == .rises)
        let falling = (0..<8).map { depth($0, bound: $0 > 0 ? 0.9 : nil, target: 6, mean: 0.9 - 0.1 * Double($0)) }
        #expect(watched([falling])?.meansFall == .falls)
        #expect(watched([[depth(1, bound: 0.9, target: 6, mean: 0.3)]])?.meansFall == .unknown)
        #expect(watched([[depth(0, bound: nil, target: 6, mean: 0.3)]]) == nil)
    }

    /// Draws of a law between 0 and 1 with a given mean, from coins and even spreads.
    private func draws(_ count: Int, mean: Double, _ generator: inout PhiloxGenerator) -> [Double] {
        (0..<count).map { index in
            let u = Double.random(in: 0..<1, using: &generator)
            return index % 2 == 0 ? (u < mean ? 1 : 0) : u * 2 * mean
        }
    }

    @Test(arguments: [(0.3, 0.3, 6), (0.45, 0.4, 24), (0.2, 0.2, 60)])
    func `A confidence above 1 − α is wrong less often than α`(mean: Double, bound: Double, count: Int) {
        var generator = PhiloxGenerator(seed: 5)
        var wrong = [0.05: 0, 0.2: 0]
        for _ in 0..<2000 {
            let scores = draws(count, mean: mean, &generator)
            let account = depth(1, bound: bound, target: count, mean: scores.reduce(0, +) / Double(count))
            let confidence = watched([[account]])?.confidence ?? 0
            for level in wrong.keys where confidence > 1 - level { wrong[level, default: 0] += 1 }
        }
        // The bound is at most the mean: every claim is wrong. Four standard deviations above the levels.
        #expect((wrong[0.05] ?? 2000) < 139)
        #expect((wrong[0.2] ?? 2000) < 472)
    }

    @Test func `A real run has its account, and other methods have none`() async throws {
        var configuration = Toy.configuration()
        let result = try await ToySearch().run(configuration)
        let report = try #require(result.outcome.quality(configuration.rejection))
        #expect(report.depths.count == result.depths.count - 1)
        #expect(report.depths[0].threshold == result.depths[1].threshold)
        for method in [SearchMethod.ar, .sps, .draft] {
            configuration.method = method
            let other = try await ToySearch().run(configuration)
            #expect(other.outcome.quality(.init()) == nil)
            // Their means by depth are there all the same.
            #expect(other.depths.map(\.depth) == [0, 1, 2, 3])
            #expect(other.depths.allSatisfy { ($0.meanDraftScore != nil) == (method == .draft) })
            #expect(other.depths.allSatisfy { ($0.meanTargetScore != nil) == (method != .draft) })
        }
    }
}
