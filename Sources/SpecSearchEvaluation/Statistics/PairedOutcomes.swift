/// The outcomes of two methods on the same problems, as four counts.
public struct PairedOutcomes: Sendable, Hashable, Codable {
    public var bothRight: Int
    /// Right by the method alone.
    public var methodOnly: Int
    /// Right by the baseline alone.
    public var baselineOnly: Int
    public var bothWrong: Int

    public init(bothRight: Int, methodOnly: Int, baselineOnly: Int, bothWrong: Int) {
        self.bothRight = bothRight
        self.methodOnly = methodOnly
        self.baselineOnly = baselineOnly
        self.bothWrong = bothWrong
    }

    /// Counts pairs of answers, true for a right one.
    public init(method: [Bool], baseline: [Bool]) {
        self.init(bothRight: 0, methodOnly: 0, baselineOnly: 0, bothWrong: 0)
        for pair in zip(method, baseline) {
            switch pair {
            case (true, true): bothRight += 1
            case (true, false): methodOnly += 1
            case (false, true): baselineOnly += 1
            case (false, false): bothWrong += 1
            }
        }
    }

    public var count: Int { bothRight + methodOnly + baselineOnly + bothWrong }

    /// The share right by the method minus that by the baseline; 0 without problems.
    public var difference: Double { count > 0 ? Double(methodOnly - baselineOnly) / Double(count) : 0 }

    /// The share of problems on which one is right and the other wrong; 0 without problems.
    public var discordance: Double { count > 0 ? Double(methodOnly + baselineOnly) / Double(count) : 0 }

    // MARK: McNemar's test

    /// McNemar's exact two-sided p value for equal shares: the discordant pairs as tosses of a fair coin (McNemar 1947).
    public var mcNemarExact: Double { min(1, 2 * coin.cumulative(min(methodOnly, baselineOnly))) }

    /// The mid-p version, which counts the observed outcome by half: nearer to its level, and not guaranteed to keep it
    /// (Fagerland, Lydersen and Laake 2013).
    public var mcNemarMidP: Double {
        let few = min(methodOnly, baselineOnly)
        return min(1, 2 * coin.cumulative(few) - coin.mass(few))
    }

    private var coin: BinomialDistribution {
        BinomialDistribution(trials: methodOnly + baselineOnly, probability: 0.5)
    }

    // MARK: The difference

    /// Tango's score interval for the difference of paired shares ("Equivalence test and confidence interval for the
    /// difference in proportions for the paired-sample design", Statistics in Medicine 1998), which holds its coverage
    /// with few or no discordant pairs, and agrees with the non-inferiority test built on the same score.
    ///
    /// - Returns: Nil without problems.
    public func differenceInterval(confidence: Double = 0.95) -> Interval? {
        guard count > 0 else { return nil }
        let z = NormalDistribution.quantile(0.5 + confidence / 2)
        /// The δ at which the falling score equals a level.
        func solve(_ level: Double) -> Double {
            var (low, high) = (-1.0, 1.0)
            for _ in 0..<100 {
                let middle = (low + high) / 2
                if score(against: middle) > level { low = middle } else { high = middle }
            }
            return (low + high) / 2
        }
        return Interval(lower: solve(z), upper: solve(-z))
    }

    /// Tango's score statistic against a true difference δ strictly between −1 and 1; standard normal if δ is true.
    public func score(against delta: Double) -> Double {
        let n = Double(count)
        let top = Double(methodOnly - baselineOnly) - n * delta
        let share = Self.restrictedShare(
            methodOnly: Double(methodOnly), baselineOnly: Double(baselineOnly), count: n, delta: delta)
        let variance = n * Self.variance(share, delta)
        // Nothing discordant, and no difference to test: no evidence either way.
        guard variance > 0 else { return top == 0 ? 0 : top > 0 ? .infinity : -.infinity }
        return top / variance.squareRoot()
    }

    /// The likeliest probability of "baseline alone", if "method alone" is δ more likely.
    static func restrictedShare(methodOnly: Double, baselineOnly: Double, count: Double, delta: Double) -> Double {
        let a = 2 * count
        let b = -methodOnly - baselineOnly + (2 * count - methodOnly + baselineOnly) * delta
        let c = -baselineOnly * delta * (1 - delta)
        return max(0, max(-delta, ((max(0, b * b - 4 * a * c)).squareRoot() - b) / (2 * a)))
    }

    /// The variance of one problem's difference, with that probability and δ.
    static func variance(_ share: Double, _ delta: Double) -> Double { 2 * share + delta * (1 - delta) }
}
