import Foundation
import SpecSearch
import Testing

@Suite struct ThresholdRuleTests {
    private func draft(_ score: Double, sample: Int = 0) -> ScoredDraft {
        ScoredDraft(
            thought: Thought(text: "d", tokens: [], stop: .delimiter, source: .draft), score: score,
            key: RandomKey(seed: 0, problem: 0, depth: 1, node: 0, sampleIndex: sample, role: .draft))
    }

    private func rule(_ configuration: ThresholdRule.Configuration = .init(), first: [Double]) -> ThresholdRule {
        var rule = ThresholdRule(configuration)
        rule.update(at: 0, with: DepthScores(target: first))
        return rule
    }

    private func isNear(_ value: Double?, _ other: Double) -> Bool { abs((value ?? .nan) - other) < 1e-12 }

    @Test(arguments: [
        (ThresholdEstimator.maximum, 0.9), (.mean, 0.6),
        (.upperConfidenceBound(z: 2), 0.6 + 2 * 0.3 / 3.0.squareRoot()),
        (.quantile(0.5), 0.6), (.quantile(0.25), 0.45),
    ])
    func `Estimators give the values worked out by hand`(estimator: ThresholdEstimator, value: Double) throws {
        let estimate = try #require(estimator.estimate([0.3, 0.9, 0.6]))
        #expect(abs(estimate - value) < 1e-12)
        #expect(estimator.estimate([]) == nil)
    }

    @Test func `The upper confidence bound of one score is the score`() {
        #expect(ThresholdEstimator.upperConfidenceBound(z: 1.645).estimate([0.4]) == 0.4)
    }

    @Test func `A threshold that is known before the first step judges it, and is updated by it`() {
        var rule = ThresholdRule(.init(firstThreshold: 0.6))
        #expect(rule.draftsFirstStep && rule.threshold(at: 0) == 0.6)
        #expect(rule.rejects(draft(0.59), at: 0) && !rule.rejects(draft(0.6), at: 0))
        rule.update(at: 0, with: DepthScores(target: [0.3], keptDrafts: [0.9]))
        #expect(isNear(rule.threshold(at: 1), 0.9 * 0.6 + 0.1 * 0.9))
        #expect(!ThresholdRule().draftsFirstStep)
    }

    @Test func `The threshold follows the published recursion`() {
        var rule = rule(first: [0.5, 0.8])
        #expect(rule.threshold(at: 1) == 0.8)
        rule.update(at: 1, with: DepthScores(target: [0.6], keptDrafts: [0.9]))
        #expect(isNear(rule.threshold(at: 2), 0.9 * 0.8 + 0.1 * 0.9))
        rule.update(at: 2, with: DepthScores())
        #expect(rule.threshold(at: 3) == rule.threshold(at: 2))
    }

    @Test func `Statistics of the target alone leave the drafts out`() {
        var rule = rule(.init(estimator: .maximum, theta: 0.5, statistics: .targetOnly), first: [0.4])
        rule.update(at: 1, with: DepthScores(target: [0.2], keptDrafts: [1]))
        #expect(isNear(rule.threshold(at: 2), 0.3))
    }

    @Test func `A draft at the threshold is kept`() {
        let rule = rule(first: [1, 1])
        #expect(!rule.rejects(draft(1), at: 1))
        #expect(rule.rejects(draft(1.0.nextDown), at: 1))
    }

    @Test func `Before any score nothing is rejected`() {
        #expect(!ThresholdRule().rejects(draft(0), at: 1) && ThresholdRule().threshold(at: 1) == nil)
    }

    @Test func `The margin lowers what a draft must reach, and not the threshold`() {
        for margin in [0.1, -0.1] {
            var rule = rule(.init(margin: margin), first: [0.5])
            #expect(rule.threshold(at: 1) == 0.5)
            #expect(rule.bound(at: 1) == 0.5 - margin)
            #expect(!rule.rejects(draft(0.5 - margin), at: 1))
            #expect(rule.rejects(draft((0.5 - margin).nextDown), at: 1))
            rule.update(at: 1, with: DepthScores(target: [0.5]))
            #expect(rule.threshold(at: 2) == 0.5)
        }
        let infinite = rule(.init(estimator: .infinite, margin: 0.5), first: [0.5])
        #expect(infinite.bound(at: 1) == nil && infinite.rejects(draft(1), at: 1))
    }

    @Test func `The ablations reject what they say`() {
        func rejects(_ estimator: ThresholdEstimator, _ score: Double) -> Bool {
            rule(.init(estimator: estimator), first: [0.5]).rejects(draft(score), at: 1)
        }
        #expect(!rejects(.none, 0) && rejects(.infinite, 1))
        #expect(rejects(.fixed(0.7), 0.69) && !rejects(.fixed(0.7), 0.7))
        let random = ThresholdRule(.init(estimator: .random(rejectRate: 0.25)))
        let rejected = (0..<4000).count { random.rejects(draft(1, sample: $0), at: 1) }
        // Binomial(4000, 1/4): standard deviation 27.
        #expect(abs(rejected - 1000) < 110)
    }

    @Test func `A depth that is visited again has its own threshold, and the next begins from it`() {
        var rule = rule(.init(theta: 0.5), first: [0.8])
        rule.update(at: 1, with: DepthScores(target: [0.4]))
        #expect(isNear(rule.threshold(at: 1), 0.6))
        #expect(rule.threshold(at: 2) == rule.threshold(at: 1))
        #expect(!rule.hasOwnThreshold(at: 2))
        rule.update(at: 2, with: DepthScores(target: [0.2]))
        rule.update(at: 1, with: DepthScores(target: [1]))
        #expect(isNear(rule.threshold(at: 1), 0.8))
        #expect(isNear(rule.threshold(at: 2), 0.4))
        #expect(rule.threshold(at: 3) == rule.threshold(at: 2))
        #expect(!rule.hasOwnThreshold(at: 3))
    }
}
