internal import Foundation
internal import SpecSearch

/// The verdict whether a method loses less than a stated margin of accuracy against a baseline, on the same problems.
public struct NonInferiority: Sendable, Hashable, Codable {
    public enum Verdict: String, Sendable, Hashable, Codable {
        /// The lower bound of the difference lies above −margin.
        case nonInferior = "non-inferior"
        /// The interval holds −margin.
        case inconclusive
        /// The upper bound lies at or below −margin.
        case inferior
    }

    /// The loss that would be accepted, as a share: 0.01 is one point.
    public var margin: Double
    /// Accuracy of the method minus the baseline's.
    public var difference: Double
    /// Its two-sided interval; each of its ends is a one-sided bound at half the remaining level.
    public var interval: Interval
    /// The confidence of each end as a one-sided bound: 0.975 for a 95 % interval.
    public var confidence: Double
    public var verdict: Verdict

    /// The verdict from any interval of the difference, such as a bootstrap's over problems with several seeds.
    public init(margin: Double, difference: Double, interval: Interval, confidence: Double = 0.975) {
        self.margin = margin
        self.difference = difference
        self.interval = interval
        self.confidence = confidence
        verdict = interval.lower > -margin ? .nonInferior : interval.upper <= -margin ? .inferior : .inconclusive
    }

    /// The verdict from Tango's score interval.
    ///
    /// - Returns: Nil without problems.
    public init?(_ outcomes: PairedOutcomes, margin: Double, confidence: Double = 0.975) {
        guard let interval = outcomes.differenceInterval(confidence: 2 * confidence - 1) else { return nil }
        self.init(margin: margin, difference: outcomes.difference, interval: interval, confidence: confidence)
    }

    /// How many problems it takes to show non-inferiority by the score test (Nam 1997, for paired proportions).
    ///
    /// - Parameters:
    ///   - margin: The loss that would be accepted, above 0.
    ///   - discordance: The share of problems that exactly one of the two solves.
    ///   - difference: The true difference, between −margin and the discordance; 0 for equal methods.
    ///   - power: The chance of showing it.
    ///   - confidence: Of the one-sided bound.
    /// - Returns: Nil where no number suffices (the difference is at or below −margin, or the discordance below it).
    public static func problemsNeeded(
        margin: Double, discordance: Double, difference: Double = 0, power: Double = 0.8, confidence: Double = 0.975
    ) -> Int? {
        guard margin > 0, margin < 1, difference > -margin, discordance >= abs(difference), discordance <= 1 else {
            return nil
        }
        let share = PairedOutcomes.restrictedShare(
            methodOnly: (discordance + difference) / 2, baselineOnly: (discordance - difference) / 2, count: 1,
            delta: -margin)
        let underMargin = PairedOutcomes.variance(share, -margin)
        let actual = discordance - difference * difference
        let sum =
            NormalDistribution.quantile(confidence) * underMargin.squareRoot()
            + NormalDistribution.quantile(power) * actual.squareRoot()
        let needed = (sum * sum / ((difference + margin) * (difference + margin))).rounded(.up)
        return needed < 1e15 ? Int(rounding: needed, in: 0...1 << 50) : nil
    }
}
