internal import Foundation

/// Kendall's rank correlation τ-b of paired values, with ties, and its two-sided p value against independence
/// (Kendall, "Rank Correlation Methods", 1970).
package struct KendallCorrelation: Sendable, Hashable, Codable {
    /// The way to find the p value.
    package enum Method: Sendable {
        /// Exactly without ties for up to 60 pairs, else by the normal approximation.
        case automatic
        /// By the normal approximation with its variance corrected for ties.
        case asymptotic
    }

    /// From −1, falling, to 1, rising.
    package var tau: Double
    /// The chance of a τ at least as far from 0 if the order were random.
    package var pValue: Double
    /// The number of pairs of values.
    package var count: Int

    /// - Returns: Nil for fewer than two pairs, or where one side is constant.
    package init?(_ x: [Double], _ y: [Double], method: Method = .automatic) {
        let count = min(x.count, y.count)
        guard count > 1 else { return nil }
        var concordance = 0
        var discordant = 0
        for i in 0..<count {
            for j in 0..<i {
                let sign = Self.sign(x[i] - x[j]) * Self.sign(y[i] - y[j])
                concordance += sign
                if sign < 0 { discordant += 1 }
            }
        }
        let ties = (x: Self.ties(x.prefix(count)), y: Self.ties(y.prefix(count)))
        let pairs = Double(count * (count - 1) / 2)
        let spread = ((pairs - ties.x.pairs) * (pairs - ties.y.pairs)).squareRoot()
        guard spread > 0 else { return nil }
        self.count = count
        tau = max(-1, min(1, Double(concordance) / spread))
        if method == .automatic, ties.x.pairs == 0, ties.y.pairs == 0, count <= 60 {
            pValue = Self.exact(count, discordant)
            return
        }
        let n = Double(count)
        let free = n * (n - 1) * (2 * n + 5)
        var variance = (free - ties.x.fives - ties.y.fives) / 18 + 2 * ties.x.pairs * ties.y.pairs / (n * (n - 1))
        if count > 2 { variance += ties.x.triples * ties.y.triples / (9 * n * (n - 1) * (n - 2)) }
        pValue = erfc(abs(Double(concordance)) / variance.squareRoot() / 2.0.squareRoot())
    }

    private static func sign(_ difference: Double) -> Int { difference > 0 ? 1 : difference < 0 ? -1 : 0 }

    /// Σ t(t−1)/2, Σ t(t−1)(t−2) and Σ t(t−1)(2t+5) over the groups of equal values.
    private static func ties(_ values: ArraySlice<Double>) -> (pairs: Double, triples: Double, fives: Double) {
        let sizes = Dictionary(values.map { ($0, 1.0) }, uniquingKeysWith: +).values.filter { $0 > 1 }.sorted()
        return (
            sizes.reduce(0) { $0 + $1 * ($1 - 1) / 2 }, sizes.reduce(0) { $0 + $1 * ($1 - 1) * ($1 - 2) },
            sizes.reduce(0) { $0 + $1 * ($1 - 1) * (2 * $1 + 5) }
        )
    }

    /// The two-sided p value from the distribution of the number of inversions of a random permutation.
    private static func exact(_ count: Int, _ discordant: Int) -> Double {
        let few = min(discordant, count * (count - 1) / 2 - discordant)
        // Adding the m-th element adds 0 ..< m inversions, each as likely; only up to `few` matter.
        var distribution = [Double](repeating: 0, count: few + 1)
        distribution[0] = 1
        for size in 2...count {
            var sum = 0.0
            var next = distribution
            for inversions in 0...few {
                sum += distribution[inversions]
                if inversions >= size { sum -= distribution[inversions - size] }
                next[inversions] = sum / Double(size)
            }
            distribution = next
        }
        return min(1, 2 * distribution.reduce(0, +))
    }
}
