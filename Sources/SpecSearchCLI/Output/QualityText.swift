internal import SpecSearch
internal import SpecSearchEvaluation

/// A search's quality account for people, compact.
struct QualityText {
    private let report: QualityReport

    init(_ report: QualityReport) {
        self.report = report
    }

    var lines: [String] {
        let sampled = report.depths.filter { $0.targetMean != nil }
        let held = sampled.count { $0.bound ?? 0 >= $0.targetMean ?? 0 }
        let weakest = report.depths.map(\.confidence).min() ?? 0
        var first = "Quality threshold ≥ target's mean at \(held) of the \(sampled.count) depths where it generated; "
        first += "confidence \(report.confidence.percent), weakest depth \(weakest.percent)"
        if let prediction = report.prediction { first += "; predicted \(prediction.percent)" }
        var notes = report.assumptions.map { "assumed: \($0)" }
        if let trend = report.trend {
            notes.append(
                "target's mean over \(trend.count) depths: Kendall's τ \(trend.tau.fixed(2)), p \(trend.pValue.fixed(2))"
            )
        }
        return [first] + notes.map { "        \($0)" }
    }
}
