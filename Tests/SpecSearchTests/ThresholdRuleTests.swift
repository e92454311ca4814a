import Foundation
import SpecSearch
import Testing

@Suite struct ThresholdTests {
    private let key = RandomKey(seed: 0, problem: 0, depth: 1, node: 0, role: .draft)

    @Test(arguments: [
        (ThresholdEstimator.maximum, 0.9), (.mean, 0.6),
        (.upperConfidenceBound(z: 2), 0.6 + 2 * 0.3 / 3.0.squareRoot()),
        (.quantile(0.5), 0.6), (.quantile(0.25), 0.45),
    ])
    func `Estimators give the values worked out by hand`(estimator: ThresholdEstimator, value: Double) throws {
        let estimate = try #require(estimator.estimate([0.3, 0.9, 0.6]))
        #expect(abs(estimate - value) < 1e-12)
    }

    @Test func `The upper confidence bound of one score is the score`() {
        #expect(ThresholdEstimator.upperConfidenceBound(z: 1.645).estimate([0.4]) == 0.4)
    }

    @Test func `The threshold follows the published recursion`() {
        var sequence = ThresholdSequence(policy: RejectionPolicy(estimator: .maximum, theta: 0.9))
        sequence.update(at: 0, target: [0.5, 0.8], keptDrafts: [])
        #expect(sequence.threshold(at: 1) == 0.8)
        sequence.update(at: 1, target: [0.6], keptDrafts: [0.9])
        #expect(abs(sequence.threshold(at: 2) - (0.9 * 0.8 + 0.1 * 0.9)) < 1e-12)
        sequence.update(at: 2, target: [], keptDrafts: [])
        #expect(sequence.threshold(at: 3) == sequence.threshold(at: 2))
    }

    @Test func `Statistics of the target alone leave the drafts out`() {
        var sequence = ThresholdSequence(
            policy: RejectionPolicy(estimator: .maximum, theta: 0.5, statistics: .targetOnly))
        sequence.update(at: 0, target: [0.4], keptDrafts: [])
        sequence.update(at: 1, target: [0.2], keptDrafts: [1])
        #expect(abs(sequence.threshold(at: 2) - 0.3) < 1e-12)
    }

    @Test func `A draft at the threshold is kept`() {
        var sequence = ThresholdSequence(policy: RejectionPolicy())
        sequence.update(at: 0, target: [1, 1], keptDrafts: [])
        #expect(!sequence.rejects(score: 1, depth: 1, key: key))
        #expect(sequence.rejects(score: 1.0.nextDown, depth: 1, key: key))
    }

    @Test func `The margin lowers what a draft must reach, and not the threshold`() {
        for margin in [0.1, -0.1] {
            var sequence = ThresholdSequence(policy: RejectionPolicy(margin: margin))
            sequence.update(at: 0, target: [0.5], keptDrafts: [])
            #expect(sequence.threshold(at: 1) == 0.5)
            #expect(sequence.bound(at: 1) == 0.5 - margin)
            #expect(!sequence.rejects(score: 0.5 - margin, depth: 1, key: key))
            #expect(sequence.rejects(score: (0.5 - margin).nextDown, depth: 1, key: key))
            sequence.update(at: 1, target: [0.5], keptDrafts: [])
            #expect(sequence.threshold(at: 2) == 0.5)
        }
        #expect(ThresholdSequence(policy: RejectionPolicy(estimator: .infinite, margin: 0.5)).bound(at: 1) == .infinity)
    }

    @Test func `A policy from before there was a margin has none`() throws {
        let policy = RejectionPolicy(estimator: .quantile(0.2), theta: 0.8, margin: 0.25)
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let data = try encoder.encode(policy)
        #expect(try JSONDecoder().decode(RejectionPolicy.self, from: data) == policy)
        let old = Data(String(decoding: data, as: UTF8.self).replacing("\"margin\":0.25,", with: "").utf8)
        #expect(old.count < data.count)
        #expect(try JSONDecoder().decode(RejectionPolicy.self, from: old).margin == 0)
    }

    @Test func `The ablations reject what they say`() {
        func rejects(_ estimator: ThresholdEstimator, _ score: Double) -> Bool {
            var sequence = ThresholdSequence(policy: RejectionPolicy(estimator: estimator))
            sequence.update(at: 0, target: [0.5], keptDrafts: [])
            return sequence.rejects(score: score, depth: 1, key: key)
        }
        #expect(!rejects(.none, 0) && rejects(.infinite, 1))
        #expect(rejects(.fixed(0.7), 0.69) && !rejects(.fixed(0.7), 0.7))
        let random = ThresholdSequence(policy: RejectionPolicy(estimator: .random(rejectRate: 0.25)))
        let rejected = (0..<4000).count { random.rejects(score: 1, depth: 1, key: key.sample($0)) }
        // Binomial(4000, 1/4): standard deviation 27.
        #expect(abs(rejected - 1000) < 110)
    }

    @Test func `A depth that is visited again has its own threshold, and the next begins from it`() {
        var sequence = ThresholdSequence(policy: RejectionPolicy(theta: 0.5))
        sequence.update(at: 0, target: [0.8], keptDrafts: [])
        sequence.update(at: 1, target: [0.4], keptDrafts: [])
        #expect(abs(sequence.threshold(at: 1) - 0.6) < 1e-12)
        #expect(sequence.threshold(at: 2) == sequence.threshold(at: 1))
        #expect(!sequence.hasSlot(at: 2))
        sequence.update(at: 2, target: [0.2], keptDrafts: [])
        sequence.update(at: 1, target: [1], keptDrafts: [])
        #expect(abs(sequence.threshold(at: 1) - 0.8) < 1e-12)
        #expect(abs(sequence.threshold(at: 2) - 0.4) < 1e-12)
        #expect(sequence.threshold(at: 3) == sequence.threshold(at: 2))
        #expect(!sequence.hasSlot(at: 3))
    }

    @Test func `RSD's rule has its name`() {
        #expect(ThresholdEstimator(name: "rsd") == .fixed(0.7))
        #expect(ThresholdEstimator(name: "rsd:0.5") == .fixed(0.5))
    }

    @Test(arguments: ["max", "mean", "ucb:1.5", "quantile:0.3", "fixed:0.7", "random:0.2", "none", "infinite"])
    func `A name reads back as the same estimator`(name: String) throws {
        let estimator = try #require(ThresholdEstimator(name: name))
        #expect(ThresholdEstimator(name: estimator.description) == estimator)
    }

    @Test(arguments: ["", "maximum", "max:1", "quantile", "quantile:2", "fixed:nan", "random:-1", "ucb:inf", "rsd:inf"])
    func `A wrong name is refused`(name: String) {
        #expect(ThresholdEstimator(name: name) == nil)
    }
}
