import Foundation
import SpecSearchEvaluation
import Testing

@Suite struct PairedBootstrapTests {
    @Test func `Quantiles are NumPy's`() {
        let values = [1.0, 2, 3, 4, 10]
        #expect(abs(PairedBootstrap.quantile(0.025, of: values) - 1.1) < 1e-12)
        #expect(abs(PairedBootstrap.quantile(0.3, of: values) - 2.2) < 1e-12)
        #expect(abs(PairedBootstrap.quantile(0.975, of: values) - 9.4) < 1e-12)
    }

    @Test func `A constant ratio has an interval without width, however noisy the problems`() throws {
        let fast = (1...50).map { Double($0 * $0 % 17 + 1) }
        let slow = fast.map { 3 * $0 }
        let interval = try #require(PairedBootstrap(resamples: 500).ratioOfSums(slow, fast))
        #expect(abs(interval.lower - 3) < 1e-9)
        #expect(abs(interval.upper - 3) < 1e-9)
    }

    @Test func `The interval of a mean difference has the normal theory's width`() throws {
        // 400 pairs that differ by +1 or -1, half and half: standard error 1/20, 95 % interval about 0.196 wide a side.
        let left = (0..<400).map { $0 % 2 == 0 ? 1.0 : 0.0 }
        let right = left.map { 1 - $0 }
        let interval = try #require(PairedBootstrap(resamples: 4000).meanDifference(left, right))
        #expect(abs(interval.lower + 0.098) < 0.012)
        #expect(abs(interval.upper - 0.098) < 0.012)
    }

    @Test func `The same seed gives the same interval, another seed another one`() {
        let left = (0..<40).map { Double($0 % 7) }
        let right = (0..<40).map { Double($0 % 5) + 1 }
        let one = PairedBootstrap(resamples: 300, seed: 1).ratioOfSums(left, right)
        #expect(one == PairedBootstrap(resamples: 300, seed: 1).ratioOfSums(left, right))
        #expect(one != PairedBootstrap(resamples: 300, seed: 2).ratioOfSums(left, right))
    }

    private let numerator = (1...30).map { Double($0 * $0 % 17 + 1) }
    private let denominator = (1...30).map { Double($0 * $0 * $0 % 11 + 2) }

    // num = arange(1, 31)**2 % 17 + 1.; den = arange(1, 31)**3 % 11 + 2.; resamples by SciPy: 200,000, percentile.
    @Test func `Intervals are SciPy's within the resampling error`() throws {
        let bootstrap = PairedBootstrap(resamples: 20_000)
        let ratio = try #require(bootstrap.ratioOfSums(numerator, denominator))
        // scipy.stats.bootstrap((num, den), lambda a, b: sum(a) / sum(b), paired=True): 1.0787, 1.6602.
        #expect(abs(ratio.lower - 1.0787) < 0.012 && abs(ratio.upper - 1.6602) < 0.012)
        // scipy.stats.gmean(num / den); exp of scipy.stats.bootstrap((log(num / den),), mean): -0.15175, 0.44874.
        let value = try #require(PairedBootstrap.geometricMeanRatio(numerator, denominator))
        let geometric = try #require(bootstrap.geometricMeanRatio(numerator, denominator))
        #expect(abs(value - 1.173672977734943) < 1e-12)
        #expect(abs(log(geometric.lower) + 0.15175) < 0.012 && abs(log(geometric.upper) - 0.44874) < 0.012)
    }

    @Test func `Seeds of one problem are resampled together`() throws {
        // 10 problems of 3 items: d = (num - den).reshape(10, 3).sum(1); scipy.stats.bootstrap((d,), sum / 30).
        let problems = (0..<30).map { "p\($0 / 3)" }
        let bootstrap = PairedBootstrap(resamples: 20_000)
        let interval = try #require(bootstrap.meanDifference(numerator, denominator, problems: problems))
        #expect(abs(interval.lower - 0.2667) < 0.1 && abs(interval.upper - 4.7667) < 0.1)
        // Copies of the same seed add nothing: the interval is that of one seed.
        let one = try #require(bootstrap.ratioOfSums(numerator, denominator))
        let twice = try #require(
            bootstrap.ratioOfSums(
                numerator + numerator, denominator + denominator,
                problems: (0..<60).map { "p\($0 % 30)" }))
        #expect(abs(one.lower - twice.lower) < 1e-12 && abs(one.upper - twice.upper) < 1e-12)
    }

    @Test func `One problem has no interval`() {
        #expect(PairedBootstrap().geometricMeanRatio([1, 2], [2, 2], problems: ["a", "a"]) == nil)
        #expect(PairedBootstrap().ratioOfSums([1], [2]) == nil)
    }
}
