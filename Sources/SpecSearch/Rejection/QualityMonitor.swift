internal import Foundation

/// A monitor of whether rejection kept the target's quality.
///
/// That is, whether what a draft had to reach at each depth, b(k) = β̂(k) less the margin, was at least μ(k), the
/// target's mean score there. Where it was, no step's expected score fell below the target's (SpecSearch, ICML 2025,
/// Theorem 4.3).
///
/// **Confidence, from the scores seen** (in place of the paper's Theorem 4.5, which bounds the same event before it is
/// known how the scores fell). The n thoughts of the target at a depth are independent draws in 0 ... 1 given all
/// that came before, with mean μ over the nodes that they belong to; b is the bound's mean over the same draws, and m
/// their mean score. If μ ≥ b, then m ≤ b − t has a probability of at most
/// - exp(−n·kl(m‖b)), with kl the divergence of two coins (Hoeffding 1963, Theorem 1), and
/// - v / (v + n·t²), with t = b − m (Cantelli), where v ≤ b(1 − b) if b ≥ 1/2 and v ≤ 1/4 otherwise bounds the variance
///   of a score with mean μ ≥ b (Bhatia and Davis 2000), and that of draws with different means too, by concavity.
///
/// The smaller one is a p value against "μ ≥ b", and 1 minus it the confidence that the bound held. For the whole run the
/// p values are added (union bound). In a run whose target generated nothing at a depth, the thoughts of the last depth
/// at which it did stand in, on the assumption that its mean falls with depth. Over many runs all is summed, and the
/// statement is about the means over the runs.
///
/// **Prediction, before the scores are seen**, for Θ = max over both models without margin, in the spirit of Theorem
/// 4.6. A score in 0 ... 1 with mean μ and variance σ² has E(X−μ)² ≤ E(X−μ)₊ (since (X−μ)₊ ≤ 1−μ, (X−μ)₋ ≤ μ and both
/// have the same mean), so P(X > μ) ≥ σ²/(1−μ), with equality for a coin; all n of a depth miss μ with a probability of
/// at most (1 − σ²/(1−μ))ⁿ. Where a draft is kept the maximum is at least b(k), so if b(k) ≥ μ(k) then b(k+1) ≥ μ(k) ≥
/// μ(k+1) for falling means. So the run as a whole holds with a probability of at least 1 − Σ (1 − σ²/(1−μ))ⁿ, the sum
/// over depth 0, if it is the target's, and those depths that kept no draft; it goes to 1 as n grows. σ² and μ are estimates from the same
/// scores, so this is a prediction and not a guarantee.
///
/// All this is for searches that expand each depth once. One that comes back to a depth (Monte Carlo tree search) decides
/// by earlier scores how often it does; then the confidence is approximate, and nothing is predicted.
package struct QualityMonitor: Sendable {
    private let policy: ThresholdRule.Configuration
    private var runs: [[SearchOutcome.Depth]] = []

    package init(policy: ThresholdRule.Configuration) {
        self.policy = policy
    }

    /// Takes in one run.
    package mutating func add(_ outcome: SearchOutcome) { add(outcome.depths) }

    package mutating func add(_ depths: [SearchOutcome.Depth]) { runs.append(depths) }

    /// The account of all runs so far; nil where no depth had a threshold, or a router kept what is below.
    package var report: QualityReport? {
        let count = runs.joined().reduce(0) { max($0, $1.depth + 1) }
        let depths = (0..<count).compactMap(report(at:))
        guard !depths.isEmpty, policy.router == nil else { return nil }
        let means = (0..<count).compactMap { depth in targetMean(at: depth).map { (Double(depth), $0.mean) } }
        return QualityReport(
            runs: runs.count, depths: depths, confidence: max(0, 1 - depths.reduce(0) { $0 + 1 - $1.confidence }),
            prediction: revisits ? nil : prediction, revisits: revisits,
            trend: KendallCorrelation(means.map(\.0), means.map(\.1)))
    }

    /// Whether a run came back to a depth.
    private var revisits: Bool { runs.joined().contains { $0.batches ?? 1 > 1 } }

    private func report(at depth: Int) -> QualityReport.Depth? {
        let accounts = runs.joined().filter { $0.depth == depth && $0.threshold != nil }
        guard !accounts.isEmpty else { return nil }
        let evidence = runs.compactMap { Evidence($0, at: depth) }
        let target = targetMean(at: depth)
        return QualityReport.Depth(
            depth: depth, targetMean: target?.mean, targetError: target?.error,
            targetThoughts: accounts.reduce(0) { $0 + $1.targetThoughts },
            threshold: Self.mean(accounts.map { ($0.threshold, 1) }),
            bound: Self.mean(accounts.map { ($0.bound ?? $0.threshold, 1) }),
            keptMean: Self.mean(accounts.map { ($0.meanDraftScore, $0.keptDrafts) }),
            confidence: 1 - Evidence.pValue(evidence), samples: evidence.reduce(0) { $0 + $1.samples },
            borrowedRuns: evidence.count { $0.depth < depth })
    }

    /// The mean score of the target's thoughts at a depth, and its standard error: between runs, if there are
    /// several.
    private func targetMean(at depth: Int) -> (mean: Double, error: Double?)? {
        let accounts = runs.joined().filter { $0.depth == depth && $0.targetThoughts > 0 }
        guard let mean = Self.mean(accounts.map { ($0.meanTargetScore, $0.targetThoughts) }) else { return nil }
        if runs.count == 1, let only = accounts.first {
            return (mean, only.targetDeviation.map { $0 / Double(only.targetThoughts).squareRoot() })
        }
        guard accounts.count > 1 else { return (mean, nil) }
        let total = accounts.reduce(0.0) { $0 + Double($1.targetThoughts) }
        let squares = accounts.reduce(0.0) { sum, account in
            let part = Double(account.targetThoughts) * ((account.meanTargetScore ?? mean) - mean) / total
            return sum + part * part
        }
        let runs = Double(accounts.count)
        return (mean, (squares * runs / (runs - 1)).squareRoot())
    }

    private var prediction: Double? {
        guard policy.estimator == .maximum, policy.statistics == .union, policy.margin <= 0,
            policy.firstThreshold == nil
        else { return nil }
        var risk = 0.0
        // Without thoughts by either model β̂ stays.
        for account in runs.joined() where account.targetThoughts > 0 && (account.depth == 0 || account.keptDrafts == 0)
        {
            guard let mean = account.meanTargetScore, let deviation = account.targetDeviation else { return nil }
            // Scores that are all equal are at their mean.
            let reach = mean < 1 && deviation > 0 ? min(1, deviation * deviation / (1 - mean)) : 1
            risk += pow(1 - reach, Double(account.targetThoughts))
        }
        return max(0, 1 - risk / Double(runs.count))
    }

    private static func mean(_ values: [(value: Double?, weight: Int)]) -> Double? {
        let known = values.compactMap { value, weight in value.map { ($0, Double(weight)) } }
        let total = known.reduce(0) { $0 + $1.1 }
        return total > 0 ? known.reduce(0) { $0 + $1.0 * $1.1 } / total : nil
    }
}

/// One run's evidence on one depth: its bound there, and the last scores of the target up to there.
private struct Evidence {
    let depth: Int
    let samples: Int
    let mean: Double
    let bound: Double

    init?(_ run: [SearchOutcome.Depth], at depth: Int) {
        guard let here = run.first(where: { $0.depth == depth }), let bound = here.bound ?? here.threshold,
            let seen = run.last(where: { $0.depth <= depth && $0.targetThoughts > 0 }), let mean = seen.meanTargetScore
        else { return nil }
        (self.depth, samples, self.mean, self.bound) = (seen.depth, seen.targetThoughts, mean, bound)
    }

    /// The p value against "the mean is at least the bound", both over all draws; 1 without evidence.
    static func pValue(_ evidence: [Evidence]) -> Double {
        let count = evidence.reduce(0.0) { $0 + Double($1.samples) }
        guard count > 0 else { return 1 }
        let mean = evidence.reduce(0) { $0 + Double($1.samples) * $1.mean } / count
        let bound = evidence.reduce(0) { $0 + Double($1.samples) * $1.bound } / count
        guard mean < bound else { return 1 }
        guard bound < 1 else { return 0 }
        let distance = bound - mean
        let variance = bound >= 0.5 ? bound * (1 - bound) : 0.25
        let cantelli = variance / (variance + count * distance * distance)
        func part(_ p: Double, _ q: Double) -> Double { p > 0 ? p * log(p / q) : 0 }
        let divergence = part(mean, bound) + part(1 - mean, 1 - bound)
        return min(cantelli, exp(-count * divergence))
    }
}
