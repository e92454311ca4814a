import SpecSearchEvaluation
import Testing

@Suite struct ChartAxisTests {
    private func labels(
        _ values: [Double], atMost count: Int = 6, log: Bool = false, zero: Bool = false, roundsOut: Bool = true
    ) -> [String] {
        let axis = ChartAxis(values, atMost: count, isLogarithmic: log, includesZero: zero, roundsOut: roundsOut)
        return axis.ticks.map(axis.label)
    }

    @Test func `Ticks are 1, 2 or 5 times a power of ten`() {
        #expect(labels([0.03, 0.97]) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
        #expect(labels([0.62, 0.98]) == ["0.6", "0.7", "0.8", "0.9", "1.0"])
        #expect(labels([-9.1, 0.4]) == ["−10", "−8", "−6", "−4", "−2", "0", "2"])
        #expect(labels([12_000, 12_900]) == ["12,000", "12,200", "12,400", "12,600", "12,800", "13,000"])
        #expect(labels([0.1, 0.3], atMost: 3, zero: true) == ["0.0", "0.2", "0.4"])
        #expect(labels([1e9, 5e9]) == ["1e9", "2e9", "3e9", "4e9", "5e9"])
    }

    @Test func `Whole figures have whole ticks`() {
        #expect(labels([1, 2, 3], atMost: 10, roundsOut: false) == ["1", "2", "3"])
        #expect(labels([4], atMost: 10, roundsOut: false) == ["4"])
    }

    @Test func `Powers of ten along a logarithmic axis, and 2 and 5 where few`() {
        #expect(labels([12, 480], atMost: 8, log: true) == ["10", "20", "50", "100", "200", "500"])
        #expect(labels([0.001, 1000], log: true) == ["0.001", "0.01", "0.1", "1", "10", "100", "1,000"])
        #expect(labels([-5, 0, .nan, 1e-5, 1e7], atMost: 5, log: true).contains("1e6"))
        let axis = ChartAxis([1, 100], atMost: 6, isLogarithmic: true)
        #expect(abs(axis.share(10) - 0.5) < 1e-12)
    }

    @Test(arguments: [
        [], [0], [0.83], [-3, -3], [.nan, .infinity], [1e300, -1e300], [.leastNonzeroMagnitude, 0], [1e16, 1e16 + 2],
        [.greatestFiniteMagnitude],
        [1, 1 + 1e-12],
    ])
    func `Any figures give an axis that holds them`(values: [Double]) {
        for (log, zero, rounds) in [
            (false, false, true), (false, true, true), (false, false, false), (true, false, true),
        ] {
            let axis = ChartAxis(values, atMost: 6, isLogarithmic: log, includesZero: zero, roundsOut: rounds)
            #expect(axis.lower < axis.upper)
            #expect(axis.ticks.count <= 12)
            #expect(Set(axis.ticks.map(axis.label)).count == axis.ticks.count)
            for value in values where value.isFinite && abs(value) <= 1e300 && (!log || value > 1e-300) {
                #expect((-1e-6...1 + 1e-6).contains(axis.share(value)))
            }
        }
    }

    @Test func `No figures, wherever they lie, end the program or give an axis without ends`() {
        let figures = [
            0, -0.0, 1, -1, 1e-308, .leastNonzeroMagnitude, 1e-300, -1e-300, 1e-16, 0.1, 1e9, 1e16, 1e16 + 2, 1e300,
            -1e300, 1e308, -1e308, .greatestFiniteMagnitude, .infinity, -.infinity, .nan,
        ]
        for (first, second) in figures.flatMap({ first in figures.map { (first, $0) } }) {
            for flags in 0..<8 {
                let axis = ChartAxis(
                    [first, second], atMost: 2 + flags, isLogarithmic: flags & 1 > 0, includesZero: flags & 2 > 0,
                    roundsOut: flags & 4 > 0)
                #expect(axis.lower < axis.upper, "\(first), \(second), \(flags)")
                #expect(axis.ticks.count <= 24 && axis.ticks.allSatisfy { $0.isFinite && !axis.label($0).isEmpty })
            }
        }
    }
}
