internal import SpecSearch

/// A two-sided interval.
public struct Interval: Sendable, Hashable {
    public var lower: Double
    public var upper: Double

    public init(lower: Double, upper: Double) {
        self.lower = lower
        self.upper = upper
    }
}

/// The percentile bootstrap over problems (Efron and Tibshirani 1993, chapter 13).
///
/// Problems are resampled whole, so what two methods did on the same problem stays together.
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
    public func ratioOfSums(_ numerator: [Double], _ denominator: [Double]) -> Interval? {
        interval(count: numerator.count) { indices in
            var above = 0.0
            var below = 0.0
            for index in indices {
                above += numerator[index]
                below += denominator[index]
            }
            return above / below
        }
    }

    /// The interval of the mean of paired differences, such as of right (1) and wrong (0) answers.
    ///
    /// - Returns: Nil for fewer than two problems.
    public func meanDifference(_ left: [Double], _ right: [Double]) -> Interval? {
        interval(count: left.count) { indices in
            indices.reduce(0) { $0 + left[$1] - right[$1] } / Double(indices.count)
        }
    }

    private func interval(count: Int, statistic: ([Int]) -> Double) -> Interval? {
        guard count > 1 else { return nil }
        var generator = PhiloxGenerator(seed: seed)
        var indices = [Int](repeating: 0, count: count)
        var values: [Double] = []
        values.reserveCapacity(resamples)
        for _ in 0..<resamples {
            for place in 0..<count { indices[place] = Int.random(in: 0..<count, using: &generator) }
            values.append(statistic(indices))
        }
        values.sort()
        let tail = (1 - confidence) / 2
        return Interval(lower: Self.quantile(tail, of: values), upper: Self.quantile(1 - tail, of: values))
    }

    /// The quantile of sorted values, linear between neighbours (Hyndman & Fan's type 7, NumPy's default).
    static func quantile(_ share: Double, of sorted: [Double]) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (sorted[above] - sorted[below]) * (place - Double(below))
    }
}
