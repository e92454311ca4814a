import SpecSearch
import Testing

@testable import SpecSearchEvaluation

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

    @Test func `One problem has no interval`() {
        #expect(PairedBootstrap().ratioOfSums([1], [2]) == nil)
    }
}
