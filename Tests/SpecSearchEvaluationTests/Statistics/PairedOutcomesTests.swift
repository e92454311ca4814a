import Foundation
import SpecSearch
import SpecSearchEvaluation
import Testing

@Suite struct PairedOutcomesTests {
    private func outcomes(_ method: Int, _ baseline: Int, of count: Int = 1000) -> PairedOutcomes {
        PairedOutcomes(
            bothRight: count - method - baseline, methodOnly: method, baselineOnly: baseline, bothWrong: 0)
    }

    // statsmodels.stats.proportion.proportion_confint(k, n, alpha, method="wilson")
    @Test(arguments: [
        (0, 20, 0.95, 0, 0.16112515805281938), (20, 20, 0.95, 0.8388748419471806, 1),
        (7, 30, 0.95, 0.11792388144489496, 0.40928326158122164),
        (857, 1000, 0.95, 0.8339350119390162, 0.8773326825022975),
        (857, 1000, 0.99, 0.8261287025185213, 0.8831652057404462),
        (1, 100, 0.9, 0.0022340928334547497, 0.04358177353405611),
    ])
    func `Wilson's interval is statsmodels'`(k: Int, n: Int, confidence: Double, lower: Double, upper: Double) {
        let interval = Proportion(successes: k, count: n).wilson(confidence: confidence)
        #expect(abs(interval.lower - lower) < 1e-12 && abs(interval.upper - upper) < 1e-12)
    }

    @Test func `Without trials everything is possible`() {
        #expect(Proportion(successes: 0, count: 0).wilson() == Interval(lower: 0, upper: 1))
        #expect(Proportion(successes: 0, count: 0).share == nil)
    }

    // statsmodels.stats.contingency_tables.mcnemar([[10, b], [c, 10]], exact=True).pvalue; mid-p:
    // 2 * binom.cdf(min(b, c), b + c, .5) - binom.pmf(min(b, c), b + c, .5)
    @Test(arguments: [
        (0, 0, 1, 1), (3, 3, 1, 1), (5, 1, 0.21875, 0.125), (12, 25, 0.04703102743951604, 0.03355243967962451),
        (60, 40, 0.05688793364098089, 0.04604406692934291), (0, 9, 0.00390625, 0.001953125),
    ])
    func `McNemar's test is statsmodels'`(b: Int, c: Int, exact: Double, midP: Double) {
        #expect(abs(outcomes(b, c).mcNemarExact - exact) < 1e-12)
        #expect(abs(outcomes(b, c).mcNemarMidP - midP) < 1e-12)
    }

    // The likelihood maximised under δ, and the score solved for ±z, with scipy.optimize.brentq:
    // q = brentq(lambda q: b / (q + d) + c / q - 2 * (n - b - c) / (1 - 2 * q - d), max(0, -d), (1 - d) / 2)
    // brentq(lambda d: (b - c - n * d) / sqrt(n * (2 * q(d) + d * (1 - d))) -+ norm.ppf(.5 + confidence / 2), -1, 1)
    @Test(arguments: [
        (12, 2, 50, 0.95, 0.06111240618634343, 0.3447087482821487),
        (0, 0, 100, 0.95, -0.036993498206990015, 0.036993498206990036),
        (5, 0, 30, 0.95, 0.03423437463036979, 0.3356435050641612),
        (20, 24, 1000, 0.95, -0.017637606115104235, 0.009362085104133229),
        (20, 24, 1000, 0.9, -0.015307028477829594, 0.007107534994310722),
        (1, 9, 44, 0.95, -0.3283412711182442, -0.05033274034445885),
        (300, 310, 2000, 0.99, -0.03687671679938925, 0.02687251168418673),
    ])
    func `Tango's interval solves the score equation`(
        b: Int, c: Int, n: Int, confidence: Double, lower: Double, upper: Double
    ) throws {
        let interval = try #require(outcomes(b, c, of: n).differenceInterval(confidence: confidence))
        #expect(abs(interval.lower - lower) < 1e-9)
        #expect(abs(interval.upper - upper) < 1e-9)
    }

    @Test func `Pairs are counted, and turned around mirror each other`() throws {
        let pairs = PairedOutcomes(
            method: [true, true, false, false, true], baseline: [true, false, true, false, false])
        #expect(pairs == PairedOutcomes(bothRight: 1, methodOnly: 2, baselineOnly: 1, bothWrong: 1))
        let one = try #require(outcomes(30, 11).differenceInterval())
        let other = try #require(outcomes(11, 30).differenceInterval())
        #expect(abs(one.lower + other.upper) < 1e-12 && abs(one.upper + other.lower) < 1e-12)
        #expect(outcomes(0, 0, of: 0).differenceInterval() == nil)
    }

    @Test func `The verdict follows the bound`() throws {
        // The interval of (20, 24) of 1000 is -0.0176 ... 0.0094.
        #expect(try #require(NonInferiority(outcomes(20, 24), margin: 0.018)).verdict == .nonInferior)
        #expect(try #require(NonInferiority(outcomes(20, 24), margin: 0.017)).verdict == .inconclusive)
        #expect(try #require(NonInferiority(outcomes(0, 60), margin: 0.01)).verdict == .inferior)
    }

    /// Draws pairs with given probabilities of "method alone" and "baseline alone".
    private func draw(_ count: Int, _ up: Double, _ down: Double, _ generator: inout PhiloxGenerator) -> PairedOutcomes
    {
        var result = outcomes(0, 0, of: 0)
        for _ in 0..<count {
            let u = Double.random(in: 0..<1, using: &generator)
            if u < up {
                result.methodOnly += 1
            } else if u < up + down {
                result.baselineOnly += 1
            } else {
                result.bothRight += 1
            }
        }
        return result
    }

    @Test(arguments: [(0.03, 0.06, 0.0, 0.8), (0.02, 0.04, 0.005, 0.9), (0.05, 0.1, -0.01, 0.8)])
    func `The number of problems has the power that was asked for`(
        margin: Double, discordance: Double, difference: Double, power: Double
    ) throws {
        let count = try #require(
            NonInferiority.problemsNeeded(
                margin: margin, discordance: discordance, difference: difference, power: power))
        var generator = PhiloxGenerator(seed: 3)
        let (up, down) = ((discordance + difference) / 2, (discordance - difference) / 2)
        let shown = (0..<1000).count { _ in
            NonInferiority(draw(count, up, down, &generator), margin: margin)?.verdict == .nonInferior
        }
        // Four standard errors of 1,000 draws at 0.8 are 0.05.
        #expect(abs(Double(shown) / 1000 - power) < 0.05)
    }

    @Test func `At the margin non-inferiority is shown no more often than its level`() throws {
        var generator = PhiloxGenerator(seed: 4)
        let shown = (0..<2000).count { _ in
            NonInferiority(draw(500, 0.02, 0.05, &generator), margin: 0.03)?.verdict == .nonInferior
        }
        // Binomial(2000, 0.025): mean 50, standard deviation 7.
        #expect(shown < 78)
        #expect(NonInferiority.problemsNeeded(margin: 0.01, discordance: 0.05, difference: -0.01) == nil)
        #expect(NonInferiority.problemsNeeded(margin: 0.01, discordance: 0.004, difference: 0.005) == nil)
    }

    @Test func `A comparison says everything once, and seeds of a problem are kept together`() throws {
        let ids = (0..<200).map { "p\($0)" }
        let baseline = (0..<200).map { $0 % 5 != 0 }
        let method = (0..<200).map { $0 % 5 != 0 || $0 % 10 == 0 }
        let slow = (0..<200).map { Double($0 % 9 + 1) }
        let single = try #require(
            PairedComparison(
                problems: ids, seconds: (slow.map { $0 / 2 }, slow), isRight: (method, baseline),
                bootstrap: PairedBootstrap(resamples: 500)))
        #expect(abs(single.speedup.value - 2) < 1e-12 && abs(single.geometricSpeedup.value - 2) < 1e-12)
        #expect(single.accuracy.method.successes == 180 && single.accuracy.baseline.successes == 160)
        #expect(single.nonInferiority?.verdict == .nonInferior)
        #expect(single.accuracyDifference.interval == single.outcomes.differenceInterval())
        // The same answers again, as a second seed: the interval may not shrink.
        let seeds = try #require(
            PairedComparison(
                problems: ids + ids, seconds: (slow + slow, slow + slow),
                isRight: (method + method, baseline + baseline), bootstrap: PairedBootstrap(resamples: 2000)))
        #expect(seeds.problems == 200 && seeds.items == 400 && seeds.mcNemarExact == nil)
        let narrow = try #require(seeds.outcomes.differenceInterval())
        let clustered = try #require(seeds.accuracyDifference.interval)
        #expect(clustered.upper - clustered.lower > 1.3 * (narrow.upper - narrow.lower))
        let timeless = try #require(
            PairedComparison(
                problems: ids, seconds: (slow.map { _ in 0 }, slow), isRight: (method, baseline),
                bootstrap: PairedBootstrap(resamples: 10)))
        // Every figure is finite, so it can be written, even where a clock did not move.
        #expect(try JSONDecoder().decode(PairedComparison.self, from: JSONEncoder().encode(timeless)) == timeless)
        #expect(PairedComparison(problems: [], seconds: ([], []), isRight: ([], [])) == nil)
    }
}
