import Foundation
import SpecSearch
import SpecSearchEvaluation
import Testing

@Suite struct LearnThenTestTests {
    private static let golden: [Double] = (0..<20).flatMap { _ in [0.0, 0, 0, 0, -1, 0, 0, 1, 0, -1] }

    // a = (1 + eps) / 2; X = (L + 1) / 2; m = X.mean()
    // min(exp(-n * (rel_entr(m, a) + rel_entr(1 - m, 1 - a))), e * binom.cdf(ceil(X.sum()), n, a)), SciPy 1.17.1
    @Test(arguments: [(0.1, 0.007771024572848411), (0.2, 3.5126452940419135e-05), (0.02, 0.14099093764399825)])
    func `Hoeffding and Bentkus are SciPy's`(epsilon: Double, pValue: Double) {
        let mine = RiskTest.hoeffdingBentkus.pValue(losses: Self.golden, epsilon: epsilon, level: 0.1)
        #expect(abs(mine - pValue) < 1e-10 * pValue)
    }

    // i = arange(1, n + 1); mu = (.5 + cumsum(X)) / (1 + i); var = (.25 + cumsum((X - mu)**2)) / (1 + i)
    // lam = minimum(.9 / (1 - a), sqrt(2 * log(1 / delta) / (n * concatenate([[.25], var[:-1]]))))
    // exp(-max(0, cumsum(log1p(lam * (a - X))).max())), NumPy, delta = 0.1
    @Test(arguments: [(0.1, 0.00013989223866748171), (0.2, 5.944272657326768e-07), (0.02, 0.011551728177049294)])
    func `Betting is the published recursion`(epsilon: Double, pValue: Double) {
        let mine = RiskTest.betting.pValue(losses: Self.golden, epsilon: epsilon, level: 0.1)
        #expect(abs(mine - pValue) < 1e-10 * pValue)
    }

    private func losses(_ count: Int, worse: Double, better: Double, _ generator: inout PhiloxGenerator) -> [Double] {
        (0..<count).map { _ in
            let u = Double.random(in: 0..<1, using: &generator)
            return u < worse ? 1 : u < worse + better ? -1 : 0
        }
    }

    @Test(arguments: RiskTest.allCases, [(0.03, 0.02, 300), (0.01, 0.0, 500), (0.26, 0.25, 200), (0.505, 0.495, 100)])
    func `A setting that loses exactly ε is certified no more often than δ`(
        test: RiskTest, law: (worse: Double, better: Double, count: Int)
    ) {
        var generator = PhiloxGenerator(seed: 11)
        let certified = (0..<2000).count { _ in
            test.pValue(
                losses: losses(law.count, worse: law.worse, better: law.better, &generator), epsilon: 0.01, level: 0.1)
                <= 0.1
        }
        // Binomial(2000, 0.1): mean 200, standard deviation 13.4.
        #expect(certified <= 240)
    }

    @Test func `Betting certifies what Hoeffding and Bentkus cannot see`() {
        var generator = PhiloxGenerator(seed: 12)
        var certified = [RiskTest.betting: 0, .hoeffdingBentkus: 0]
        for _ in 0..<200 {
            let sample = losses(1000, worse: 0.02, better: 0.02, &generator)
            for test in RiskTest.allCases where test.pValue(losses: sample, epsilon: 0.02, level: 0.1) <= 0.1 {
                certified[test, default: 0] += 1
            }
        }
        #expect((certified[.betting] ?? 0) > 160)
        #expect((certified[.hoeffdingBentkus] ?? 200) < 10)
    }

    private func candidate(_ theta: Double, _ losses: [Double], seconds: Double) -> LearnThenTest.Candidate {
        LearnThenTest.Candidate(policy: ThresholdRule.Configuration(theta: theta), losses: losses, seconds: seconds)
    }

    private let good = [Double](repeating: 0, count: 2000)
    private let bad = [Double](repeating: 0.5, count: 2000)

    @Test func `A sequence ends at its first failure, and the fastest certified setting is taken`() throws {
        let sequence = [
            candidate(0.9, good, seconds: 9), candidate(0.8, good, seconds: 5), candidate(0.7, good, seconds: 6),
            candidate(0.6, bad, seconds: 4), candidate(0.5, good, seconds: 1),
        ]
        let certificate = LearnThenTest(epsilon: 0.01, delta: 0.1).certify([sequence])
        #expect(certificate.tested.map(\.policy.theta) == [0.9, 0.8, 0.7, 0.6])
        #expect(certificate.certifiedThetas == [0.9, 0.8, 0.7])
        #expect(certificate.chosen?.theta == 0.8)
        #expect(certificate.level == 0.1 && certificate.tested[0].problems == 2000)
    }

    @Test func `Sequences share the level, and go on for themselves`() {
        let certificate = LearnThenTest(epsilon: 0.01, delta: 0.1).certify([
            [candidate(0.9, bad, seconds: 1), candidate(0.8, good, seconds: 1)], [candidate(0.7, good, seconds: 2)],
        ])
        #expect(certificate.level == 0.05)
        #expect(certificate.certifiedThetas == [0.7])
        #expect(LearnThenTest(epsilon: 0.01).certify([[candidate(0.9, bad, seconds: 1)]]).chosen == nil)
        #expect(LearnThenTest(epsilon: 0.01).certify([[candidate(0.9, [], seconds: 1)]]).chosen == nil)
    }

    @Test func `The chance that any certified setting is too lossy stays below δ`() {
        var generator = PhiloxGenerator(seed: 13)
        let laws = [(0.02, 0.02), (0.025, 0.02), (0.032, 0.02), (0.034, 0.02), (0.05, 0.02)]
        let broken = (0..<400).count { _ in
            let sequence = laws.map { worse, better in
                candidate(worse - better, losses(800, worse: worse, better: better, &generator), seconds: 1)
            }
            return LearnThenTest(epsilon: 0.01, delta: 0.1).certify([sequence]).certifiedThetas.contains { $0 > 0.01 }
        }
        // Binomial(400, 0.1): mean 40, standard deviation 6.
        #expect(broken <= 58)
    }

    @Test func `Losses are what the baseline has right, seeds averaged`() {
        let losses = LearnThenTest.losses(
            problems: ["a", "b", "a", "b", "c"], method: [true, false, false, false, true],
            baseline: [true, true, true, true, false])
        #expect(losses == [0.5, 1, -1])
    }

    @Test func `Rules are tested from the strictest on, and of programs by their first threshold`() throws {
        let usual = LearnThenTest.sequences(for: ThresholdRule.Configuration(statistics: .targetOnly))
        #expect(usual.map(\.count) == [5, 5, 4])
        #expect(usual.joined().allSatisfy { $0.statistics == .targetOnly && $0.firstThreshold == nil })
        #expect(usual[0].map(\.margin) == [0, 0.02, 0.05, 0.1, 0.2])
        let programs = LearnThenTest.sequences(for: ThresholdRule.Configuration(firstThreshold: 1))
        #expect(programs.map { $0.map(\.firstThreshold) } == [[1, 0.9, 0.75, 0.5, 0.25]])
        let router = try #require(AdvantageRouter("1.5/-2.0/4.0/-0.5/0.125@0.3"))
        let routed = LearnThenTest.sequences(for: ThresholdRule.Configuration(router: router))
        #expect(routed.count == 4 && routed.dropLast().joined().allSatisfy { $0.router == nil })
        #expect(routed[3].compactMap { $0.router?.leastAdvantage } == [0.05, 0.1, 0.2, 0.3, 0.5])

        let certificate = LearnThenTest(epsilon: 0.1, delta: 0.1, test: .betting).certify([
            [.init(policy: programs[0][1], losses: Array(repeating: 0, count: 200), seconds: 1)]
        ])
        let file = try #require(CalibrationFile(certificate))
        #expect(file.policy.firstThreshold == 0.9)
        #expect(try JSONDecoder().decode(CalibrationFile.self, from: file.encoded()) == file)
    }

    @Test func `A calibration comes back from its file, and an edited one is refused`() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "calibration-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: url) }
        var policy = ThresholdRule.Configuration(
            estimator: .quantile(0.3), theta: 0.85, statistics: .targetOnly, margin: 0.05)
        let certificate = LearnThenTest(epsilon: 0.01, delta: 0.1).certify([
            [LearnThenTest.Candidate(policy: policy, losses: good, seconds: 3)]
        ])
        var file = try #require(CalibrationFile(certificate))
        try file.encoded().write(to: url)
        #expect(try CalibrationFile(contentsOf: url) == file)
        // Files of the first edition have another spelling.
        let text = try String(contentsOf: url, encoding: .utf8)
        try text.replacing("target-only", with: "targetOnly").write(to: url, atomically: true, encoding: .utf8)
        #expect(try CalibrationFile(contentsOf: url) == file)
        policy.margin = 0.2
        file.policy = policy
        try file.encoded().write(to: url)
        let error = #expect(throws: SpecSearchError.self) { try CalibrationFile(contentsOf: url) }
        #expect(error?.description.contains("edited") == true)
        try Data("{\"version\": 2}".utf8).write(to: url)
        #expect(throws: SpecSearchError.self) { try CalibrationFile(contentsOf: url) }
        let nothing = LearnThenTest(epsilon: 0.01).certify([[candidate(0.9, bad, seconds: 1)]])
        #expect(CalibrationFile(nothing) == nil)
    }
}

extension CalibrationCertificate {
    /// The certified settings by their θ, in the order of the tests.
    fileprivate var certifiedThetas: [Double] { tested.filter(\.isCertified).map(\.policy.theta) }
}
