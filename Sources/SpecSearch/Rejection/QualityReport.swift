/// The report of a ``QualityMonitor`` on one or many runs of SpecSearch.
package struct QualityReport: Sendable, Hashable, Codable {
    /// One depth that had a threshold.
    package struct Depth: Sendable, Hashable, Codable {
        package var depth: Int
        /// The mean score of the target's thoughts; nil where it generated none.
        package var targetMean: Double?
        /// The standard error of that mean; nil for fewer than two thoughts.
        package var targetError: Double?
        package var targetThoughts: Int
        /// β̂, the mean over the runs.
        package var threshold: Double?
        /// The score that drafts had to reach: ``threshold`` less the margin.
        package var bound: Double?
        /// The mean score of the kept drafts; nil where none was kept.
        package var keptMean: Double?
        /// A lower bound of the confidence that ``bound`` was at least the target's mean; 0 without evidence.
        package var confidence: Double
        /// The thoughts of the target that the confidence rests on.
        package var samples: Int
        /// Runs in which those are of an earlier depth, on the assumption of falling means.
        package var borrowedRuns: Int
    }

    /// Whether the target's mean falls with depth, as far as the scores tell.
    package enum Trend: String, Sendable, Hashable, Codable {
        /// Kendall's τ is not positive.
        case falls
        /// It is positive, but could be by chance (p ≥ 0.05).
        case unclear
        /// It rises: the assumption is broken.
        case rises
        /// Fewer than two depths with thoughts of the target, or equal means.
        case unknown
    }

    package var runs: Int
    package var depths: [Depth]
    /// A lower bound of the confidence that no depth's bound was below the target's mean (union bound).
    package var confidence: Double
    /// The run's predicted probability of that for Θ = max, from estimated moments; nil for other settings.
    package var prediction: Double?
    /// Whether a search came back to a depth, which makes the confidence approximate.
    package var revisits: Bool
    /// The rank correlation of depth and the target's mean score.
    package var trend: KendallCorrelation?

    /// The verdict of the correlation on the assumption of falling means.
    package var meansFall: Trend {
        guard let trend else { return .unknown }
        if trend.tau <= 0 { return .falls }
        return trend.pValue < 0.05 ? .rises : .unclear
    }

    /// The assumptions of the figures, in sentences.
    package var assumptions: [String] {
        let fewest = depths.map(\.samples).min() ?? 0
        var said = [
            "scores in 0 ... 1 (checked); independent thoughts of the target, \(fewest) or more a depth, "
                + "at nodes with rejected drafts"
        ]
        if revisits {
            said.append("that the search came back to a depth did not depend on its scores (it does: approximate)")
        }
        let borrowed = depths.count { $0.borrowedRuns > 0 }
        guard borrowed > 0 || prediction != nil else { return said }
        let use = borrowed > 0 ? "used at \(borrowed) of \(depths.count) depths" : "used by the prediction alone"
        let verdict =
            switch meansFall {
            case .falls: "the scores agree"
            case .unclear: "the scores rise, perhaps by chance"
            case .rises: "the scores contradict it"
            case .unknown: "the scores do not say"
            }
        said.append("the target's mean falls with depth (\(use)): \(verdict)")
        return said
    }
}

extension SearchOutcome {
    /// The quality account of this run; nil for searches without thresholds.
    ///
    /// Computed and not stored: logarithms may differ in the last bit between machines, and a trace must not.
    package func quality(_ policy: ThresholdRule.Configuration) -> QualityReport? {
        var monitor = QualityMonitor(policy: policy)
        monitor.add(self)
        return monitor.report
    }
}
