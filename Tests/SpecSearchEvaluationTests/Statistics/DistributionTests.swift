import SpecSearchEvaluation
import Testing

/// Golden values by SciPy 1.17.1.
@Suite struct DistributionTests {
    private func isClose(_ value: Double, _ golden: Double, within tolerance: Double) -> Bool {
        abs(value - golden) <= tolerance * abs(golden)
    }

    // [scipy.stats.norm.cdf(z) for z in (-8.5, -3, -1, 0, .5, 2, 6)]
    @Test(arguments: [
        (-8.5, 9.47953482220325e-18), (-3, 0.0013498980316300933), (-1, 0.15865525393145707), (0, 0.5),
        (0.5, 0.6914624612740131), (2, 0.9772498680518208), (6, 0.9999999990134123),
    ])
    func `Normal probabilities`(z: Double, golden: Double) {
        #expect(isClose(NormalDistribution.cumulative(z), golden, within: 1e-13))
    }

    // [scipy.stats.norm.ppf(p) for p in (1e-300, 1e-20, 1e-5, .01, .3, .5, .975, .995, .9999999)]
    @Test(arguments: [
        (1e-300, -37.0470962993612), (1e-20, -9.262340089798409), (1e-5, -4.264890793922825),
        (0.01, -2.3263478740408408), (0.3, -0.5244005127080409), (0.5, 0), (0.975, 1.959963984540054),
        (0.995, 2.5758293035489004), (0.9999999, 5.199337582290661),
    ])
    func `Normal quantiles`(p: Double, golden: Double) {
        #expect(abs(NormalDistribution.quantile(p) - golden) <= 1e-13 * max(1, abs(golden)))
    }

    @Test func `Quantiles at and beyond the ends`() {
        #expect(NormalDistribution.quantile(0) == -.infinity)
        #expect(NormalDistribution.quantile(1) == .infinity)
        #expect(NormalDistribution.quantile(1.1).isNaN)
    }

    struct Binomial: Sendable {
        let k: Int
        let n: Int
        let p: Double
        let mass: Double
        let cumulative: Double
    }

    // [(binom.pmf(k, n, p), binom.cdf(k, n, p), binom.sf(k - 1, n, p)) for k, n, p in …], scipy.stats.binom
    @Test(arguments: [
        Binomial(k: 0, n: 10, p: 0.3, mass: 0.0282475249, cumulative: 0.0282475249),
        Binomial(
            k: 3, n: 10, p: 0.3, mass: 0.2668279319999998, cumulative: 0.6496107184000002),
        Binomial(
            k: 9, n: 10, p: 0.3, mass: 0.00013778099999999988, cumulative: 0.9999940951),
        Binomial(
            k: 12, n: 40, p: 0.5, mass: 0.005081213639641646, cumulative: 0.008294501687487355),
        Binomial(
            k: 90, n: 1000, p: 0.1, mass: 0.024834369629333226, cumulative: 0.15823814139344086),
        Binomial(
            k: 300, n: 1000, p: 0.25, mass: 4.5661147405632034e-05, cumulative: 0.9998520708254566),
        Binomial(
            k: 499_000, n: 1_000_000, p: 0.5, mass: 0.00010798197801891438, cumulative: 0.0228041499326948),
        Binomial(
            k: 1200, n: 1_000_000, p: 0.001, mass: 7.838915366514375e-11, cumulative: 0.9999999996194253),
        Binomial(
            k: 100, n: 1_000_000, p: 0.00025, mass: 1.7599959246859393e-27, cumulative: 2.920334020103224e-27),
        Binomial(
            k: 999_000, n: 1_000_000, p: 0.9991, mass: 5.9003158310963565e-05, cumulative: 0.000546973600765705),
        Binomial(
            k: 497_000, n: 1_000_000, p: 0.5, mass: 1.2150669037165992e-11, cumulative: 9.92574881961445e-10),
    ])
    func `Binomial probabilities and sums`(golden: Binomial) {
        let binomial = BinomialDistribution(trials: golden.n, probability: golden.p)
        #expect(isClose(binomial.mass(golden.k), golden.mass, within: 2e-11))
        #expect(isClose(binomial.cumulative(golden.k), golden.cumulative, within: 2e-11))
    }

    @Test func `Certain and impossible trials`() {
        let never = BinomialDistribution(trials: 5, probability: 0)
        let always = BinomialDistribution(trials: 5, probability: 1)
        #expect(never.cumulative(0) == 1 && never.mass(0) == 1)
        #expect(always.cumulative(4) == 0 && always.mass(5) == 1)
        #expect(BinomialDistribution(trials: 0, probability: 0.5).cumulative(0) == 1)
    }
}
