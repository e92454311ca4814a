internal import Foundation

/// A test of "the mean loss is at least ε", valid for any number of independent losses from −1 to 1, whatever their distribution.
///
/// The loss of a problem is 1 where the baseline is right and the method wrong, −1 the other way round, and 0 where they
/// agree (with several seeds their mean): so the mean loss is the accuracy that the method loses.
public enum RiskTest: String, Sendable, Hashable, Codable, CaseIterable {
    /// Betting against the hypothesis, with the predictable plug-in bets of Waudby-Smith and Ramdas ("Estimating means of
    /// bounded random variables by betting", JRSS-B 2024): the wealth is a supermartingale if the hypothesis holds, so
    /// it ever reaches w with a probability of at most 1/w (Ville). It adapts to the small variance of paired losses.
    case betting
    /// The Hoeffding–Bentkus bound (Bates et al. 2021) of the losses moved into 0 ... 1; blind to their variance.
    case hoeffdingBentkus

    /// The p value against "the mean loss is at least ε".
    ///
    /// - Parameters:
    ///   - losses: In −1 ... 1. For betting they stand in an order that does not depend on them.
    ///   - level: The level that betting is tuned for; it is valid at every level.
    public func pValue(losses: [Double], epsilon: Double, level: Double) -> Double {
        precondition(losses.allSatisfy { (-1...1).contains($0) }, "losses lie in -1 ... 1")
        guard !losses.isEmpty, epsilon < 1 else { return 1 }
        let scaled = losses.map { ($0 + 1) / 2 }
        let bound = (1 + epsilon) / 2
        switch self {
        case .betting: return Self.betting(scaled, bound, level)
        case .hoeffdingBentkus: return Self.hoeffdingBentkus(scaled, bound)
        }
    }

    private static func betting(_ losses: [Double], _ bound: Double, _ level: Double) -> Double {
        let count = Double(losses.count)
        // A bet at this limit loses at most nine tenths of the wealth on the largest loss.
        let limit = 0.9 / (1 - bound)
        var (wealth, best) = (0.0, 0.0)
        var (seen, sum, squares) = (1.0, 0.5, 0.25)
        for loss in losses {
            let bet = min(limit, (2 * log(1 / level) / (count * squares / seen)).squareRoot())
            wealth += log1p(bet * (bound - loss))
            best = max(best, wealth)
            seen += 1
            sum += loss
            squares += (loss - sum / seen) * (loss - sum / seen)
        }
        return exp(-best)
    }

    private static func hoeffdingBentkus(_ losses: [Double], _ bound: Double) -> Double {
        let count = Double(losses.count)
        let mean = losses.reduce(0, +) / count
        guard mean < bound else { return 1 }
        func part(_ p: Double, _ q: Double) -> Double { p > 0 ? p * log(p / q) : 0 }
        let hoeffding = exp(-count * (part(mean, bound) + part(1 - mean, 1 - bound)))
        let binomial = BinomialDistribution(trials: losses.count, probability: bound)
        // Sums of binary fractions are exact; of others an ulp must not round a whole number up.
        let bentkus = M_E * binomial.cumulative(Int((losses.reduce(0, +) - 1e-9).rounded(.up)))
        return min(1, hoeffding, bentkus)
    }
}
