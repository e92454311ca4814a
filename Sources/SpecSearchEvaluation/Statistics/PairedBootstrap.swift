internal import Foundation
internal import SpecSearch

/// The percentile bootstrap over problems (Efron and Tibshirani 1993, chapter 13).
///
/// Problems are resampled whole, so what two methods did on the same problem stays together; with `problems`, which names
/// the problem of each item, so does what they did on it with several seeds (the cluster bootstrap).
public struct PairedBootstrap: Sendable {
    /// How many times the problems are resampled.
    public var resamples: Int
    /// The share of resamples that lie inside the interval.
    public var confidence: Double
    /// The seed of the resampling.
    public var seed: UInt64

    public init(resamples: Int = 10_000, confidence: Double = 0.95, seed: UInt64 = 1) {
        self.resamples = resamples
        self.confidence = confidence
        self.seed = seed
    }

    /// The interval of Σ numerator ÷ Σ denominator, such as the speed-up of a method over a baseline in seconds.
    ///
    /// - Returns: Nil for fewer than two problems.
    public func ratioOfSums(_ numerator: [Double], _ denominator: [Double], problems: [String]? = nil) -> Interval? {
        interval(Array(zip(numerator, denominator)), problems)
    }

    /// The interval of the mean of paired differences, such as of right (1) and wrong (0) answers.
    ///
    /// - Returns: Nil for fewer than two problems.
    public func meanDifference(_ left: [Double], _ right: [Double], problems: [String]? = nil) -> Interval? {
        interval(zip(left, right).map { ($0 - $1, 1) }, problems)
    }

    /// The interval of the geometric mean of numerator ÷ denominator, item by item; all are above 0.
    ///
    /// - Returns: Nil for fewer than two problems.
    public func geometricMeanRatio(
        _ numerator: [Double], _ denominator: [Double], problems: [String]? = nil
    ) -> Interval? {
        interval(zip(numerator, denominator).map { (log($0 / $1), 1) }, problems)
            .map { Interval(lower: exp($0.lower), upper: exp($0.upper)) }
    }

    /// The geometric mean of numerator ÷ denominator, item by item; nil without items.
    public static func geometricMeanRatio(_ numerator: [Double], _ denominator: [Double]) -> Double? {
        let logs = zip(numerator, denominator).map { log($0 / $1) }
        return logs.isEmpty ? nil : exp(logs.reduce(0, +) / Double(logs.count))
    }

    /// The interval of Σ above ÷ Σ below over problems: what every statistic here comes down to.
    private func interval(_ items: [(above: Double, below: Double)], _ problems: [String]?) -> Interval? {
        let items = problems.map { Self.sums(items, by: $0) } ?? items
        let count = items.count
        guard count > 1 else { return nil }
        var generator = PhiloxGenerator(seed: seed)
        var values: [Double] = []
        values.reserveCapacity(resamples)
        for _ in 0..<resamples {
            var (above, below) = (0.0, 0.0)
            for _ in 0..<count {
                let item = items[Int.random(in: 0..<count, using: &generator)]
                above += item.above
                below += item.below
            }
            values.append(above / below)
        }
        values.sort()
        let tail = (1 - confidence) / 2
        return Interval(lower: Self.quantile(tail, of: values), upper: Self.quantile(1 - tail, of: values))
    }

    /// The items' sums by problem, in the order in which the problems come first.
    private static func sums(
        _ items: [(above: Double, below: Double)], by problems: [String]
    ) -> [(above: Double, below: Double)] {
        precondition(problems.count == items.count, "every item has a problem")
        var places: [String: Int] = [:]
        var sums: [(above: Double, below: Double)] = []
        for (item, problem) in zip(items, problems) {
            if let place = places[problem] {
                sums[place].above += item.above
                sums[place].below += item.below
            } else {
                places[problem] = sums.count
                sums.append(item)
            }
        }
        return sums
    }

    /// The quantile of sorted values, linear between neighbours (Hyndman & Fan's type 7, NumPy's default).
    package static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}
