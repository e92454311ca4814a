import SpecSearch
import Testing

/// Golden values by SciPy 1.17.1.
@Suite struct KendallTests {
    private func expect(_ correlation: KendallCorrelation?, _ tau: Double, _ pValue: Double) throws {
        let correlation = try #require(correlation)
        #expect(abs(correlation.tau - tau) < 1e-12)
        #expect(abs(correlation.pValue - pValue) < 1e-10)
    }

    // scipy.stats.kendalltau(x, y, method="exact")
    @Test func `Exact without ties`() throws {
        try expect(
            KendallCorrelation((1...8).map(Double.init), [0.95, 0.97, 0.9, 0.91, 0.85, 0.88, 0.7, 0.6]),
            -0.7857142857142856, 0.005505952380952381)
        // x = range(40); y = [i * 17 % 41 for i in x]; exact and asymptotic.
        let x = (0..<40).map(Double.init)
        let y = (0..<40).map { Double($0 * 17 % 41) }
        try expect(KendallCorrelation(x, y), 0.01794871794871795, 0.8804101690512627)
        try expect(KendallCorrelation(x, y, method: .asymptotic), 0.01794871794871795, 0.8704282960625428)
    }

    // scipy.stats.kendalltau(x, y), which is asymptotic with ties
    @Test func `Corrected for ties`() throws {
        try expect(
            KendallCorrelation((1...8).map(Double.init), [0.9, 0.9, 0.9, 0.8, 0.8, 0.7, 0.7, 0.6]),
            -0.9063269671749657, 0.0029054349935612525)
        try expect(
            KendallCorrelation([1, 1, 2, 2, 3, 3, 4, 5, 6, 6], [3, 1, 2, 2, 5, 4, 4, 6, 5, 7]), 0.7470421737034137,
            0.0043642019216882984)
    }

    @Test func `Too little, or no order at all`() {
        #expect(KendallCorrelation([1], [1]) == nil)
        #expect(KendallCorrelation([1, 2, 3], [5, 5, 5]) == nil)
        #expect(KendallCorrelation([1, 2], [2, 1])?.tau == -1)
        #expect(KendallCorrelation([1, 2], [2, 1])?.pValue == 1)
    }
}
