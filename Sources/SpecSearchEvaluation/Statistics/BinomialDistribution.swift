internal import Foundation

/// The number of successes in independent trials; accurate to about 12 digits up to millions of trials.
public struct BinomialDistribution: Sendable, Hashable {
    public let trials: Int
    /// The chance of a success, from 0 to 1.
    public let probability: Double

    public init(trials: Int, probability: Double) {
        precondition(
            trials >= 0 && (0...1).contains(probability), "a binomial distribution needs trials ≥ 0 and p in 0 ... 1")
        self.trials = trials
        self.probability = probability
    }

    /// P(X = k), by Loader's saddle-point expansion ("Fast and accurate computation of binomial probabilities", 2000),
    /// which does not lose digits where log-gamma differences do.
    public func mass(_ k: Int) -> Double {
        guard k >= 0, k <= trials else { return 0 }
        let (n, x, p) = (Double(trials), Double(k), probability)
        if p == 0 { return k == 0 ? 1 : 0 }
        if p == 1 { return k == trials ? 1 : 0 }
        if k == 0 { return exp(n * log1p(-p)) }
        if k == trials { return exp(n * log(p)) }
        let exponent =
            Self.stirlingError(n) - Self.stirlingError(x) - Self.stirlingError(n - x) - Self.deviance(x, n * p)
            - Self.deviance(n - x, n * (1 - p))
        return exp(exponent) * (n / (2 * Double.pi * x * (n - x))).squareRoot()
    }

    /// P(X ≤ k).
    public func cumulative(_ k: Int) -> Double {
        if k < 0 { return 0 }
        if k >= trials { return 1 }
        return Double(k) < Double(trials) * probability ? lowerSum(k) : 1 - upperSum(k + 1)
    }

    /// Σ of the masses up to k, k at or below the mean: terms shrink from k downwards.
    private func lowerSum(_ k: Int) -> Double {
        let odds = (1 - probability) / probability
        var term = 1.0
        var sum = 0.0
        for x in stride(from: k, through: 0, by: -1) {
            sum += term
            term *= Double(x) / Double(trials - x + 1) * odds
            if term < sum * 1e-17 { break }
        }
        return min(1, mass(k) * sum)
    }

    private func upperSum(_ k: Int) -> Double {
        BinomialDistribution(trials: trials, probability: 1 - probability).lowerSum(trials - k)
    }

    /// log n! − log(√(2πn) (n/e)ⁿ).
    private static func stirlingError(_ n: Double) -> Double {
        if n < 16 { return lgamma(n + 1) - (n + 0.5) * log(n) + n - 0.5 * log(2 * Double.pi) }
        let square = n * n
        return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / 1188 / square) / square) / square) / square) / n
    }

    /// x·log(x/m) + m − x, by a series where x is near m.
    private static func deviance(_ x: Double, _ m: Double) -> Double {
        guard abs(x - m) < 0.1 * (x + m) else { return x * log(x / m) + m - x }
        let v = (x - m) / (x + m)
        var sum = (x - m) * v
        var power = 2 * x * v
        for j in 1..<1000 {
            power *= v * v
            let next = sum + power / Double(2 * j + 1)
            if next == sum { break }
            sum = next
        }
        return sum
    }
}
