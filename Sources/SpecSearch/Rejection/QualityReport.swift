/// What ``QualityMonitor`` saw in one or many runs of SpecSearch.
public struct QualityReport: Sendable, Hashable, Codable {
    /// One depth that had a threshold.
    public struct Depth: Sendable, Hashable, Codable {
        public var depth: Int
        /// The mean score of the large model's thoughts; nil where it wrote none.
        public var targetMean: Double?
        /// The standard error of that mean; nil for fewer than two thoughts.
        public var targetError: Double?
        public var targetThoughts: Int
        /// β̂, the mean over the runs.
        public var threshold: Double?
        /// What drafts had to reach: ``threshold`` less the margin.
        public var bound: Double?
        /// The mean score of the kept drafts; nil where none was kept.
        public var keptMean: Double?
        /// A lower bound of the confidence that ``bound`` was at least the large model's mean; 0 without evidence.
        public var confidence: Double
        /// The thoughts of the large model that the confidence rests on.
        public var samples: Int
        /// Runs in which those are of an earlier depth, on the assumption of falling means.
        public var borrowedRuns: Int
    }

    /// Whether the large model's mean falls with depth, as far as the scores tell.
    public enum Trend: String, Sendable, Hashable, Codable {
        /// Kendall's τ is not positive.
        case falls
        /// It is positive, but could be by chance (p ≥ 0.05).
        case unclear
        /// It rises: the assumption is broken.
        case rises
        /// Fewer than two depths with thoughts of the large model, or equal means.
        case unknown
    }

    public var runs: Int
    public var depths: [Depth]
    /// A lower bound of the confidence that no depth's bound was below the large model's mean (union bound).
    public var confidence: Double
    /// The run's predicted probability of that for Θ = max, from estimated moments; nil for other settings.
    public var prediction: Double?
    /// Whether a search came back to a depth, which makes the confidence approximate.
    public var revisits: Bool
    /// The rank correlation of depth and the large model's mean score.
    public var trend: KendallCorrelation?

    /// What the correlation says about the assumption of falling means.
    public var meansFall: Trend {
        guard let trend else { return .unknown }
        if trend.tau <= 0 { return .falls }
        return trend.pValue < 0.05 ? .rises : .unclear
    }

    /// What the figures rest on, in sentences.
    public var assumptions: [String] {
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
            case .unknown: "the scores cannot tell"
            }
        said.append("the target's mean falls with depth (\(use)): \(verdict)")
        return said
    }
}

extension SearchResult {
    /// The quality account of this run; nil for searches without thresholds.
    ///
    /// Computed and not stored: logarithms may differ in the last bit between machines, and a trace must not.
    public func quality(_ policy: RejectionPolicy) -> QualityReport? {
        var monitor = QualityMonitor(policy: policy)
        monitor.add(self)
        return monitor.report
    }
}
