/// Successes among trials, such as right answers among problems.
public struct Proportion: Sendable, Hashable, Codable {
    public var successes: Int
    public var count: Int

    public init(successes: Int, count: Int) {
        self.successes = successes
        self.count = count
    }

    /// The share of successes; nil without trials.
    public var share: Double? { count > 0 ? Double(successes) / Double(count) : nil }

    /// Wilson's score interval (1927), which keeps its coverage for small counts and for shares near 0 and 1.
    ///
    /// - Returns: 0 ... 1 without trials.
    public func wilson(confidence: Double = 0.95) -> Interval {
        guard let share else { return Interval(lower: 0, upper: 1) }
        let n = Double(count)
        let z = NormalDistribution.quantile(0.5 + confidence / 2)
        let centre = (share + z * z / (2 * n)) / (1 + z * z / n)
        let half = z / (1 + z * z / n) * (share * (1 - share) / n + z * z / (4 * n * n)).squareRoot()
        return Interval(
            lower: successes == 0 ? 0 : max(0, centre - half), upper: successes == count ? 1 : min(1, centre + half))
    }
}
