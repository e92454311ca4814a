internal import Foundation
internal import SpecSearch

/// A run's curves by depth, and its time by phase.
struct RunCurves {
    private let manifest: RunManifest
    private let slug: String
    private let byVariant: [String: [EvaluationRecord]]

    init(_ manifest: RunManifest, _ records: [EvaluationRecord], slug: String) {
        self.manifest = manifest
        self.slug = slug
        byVariant = Dictionary(grouping: records.filter { !$0.hasFailed }, by: \.variant)
    }

    var phaseBlocks: [ReportDocument.Block] {
        let names: [(SearchPhase, String)] = [
            (.draft, "drafting"), (.score, "scoring"), (.target, "target's steps"), (.correct, "corrections"),
        ]
        let groups = manifest.variants.map { variant in
            let records = byVariant[variant.name] ?? []
            let count = Double(max(1, records.count))
            func milliseconds(_ value: (EvaluationRecord) -> Double) -> Double {
                1000 * records.reduce(0) { $0 + value($1) } / count
            }
            var parts = names.map { phase, name in
                ReportChart.Part(name, milliseconds { $0.phases[phase] ?? 0 })
            }
            parts.append(
                ReportChart.Part(
                    "search itself", milliseconds { max(0, $0.seconds - $0.phases.values.reduce(0, +)) }))
            return ReportChart.BarGroup(variant.name, parts)
        }
        return [
            .chart(
                ReportChart(
                    id: "\(slug)-phases", title: "Where the time goes",
                    caption: "Mean milliseconds of a search, by phase.",
                    xLabel: "milliseconds", yLabel: "variant", kind: .bars(groups, stacked: true)))
        ]
    }

    var depthBlocks: [ReportDocument.Block] {
        var rewards: [ReportChart.Series] = []
        var acceptance: [ReportChart.Series] = []
        var better: [ReportChart.Series] = []
        for variant in manifest.variants {
            let depths = accounts(byVariant[variant.name] ?? [])
            rewards.append(
                ReportChart.Series(variant.name, depths.map { ReportChart.Point(Double($0.depth), $0.reward) }))
            if depths.contains(where: { $0.threshold != nil }) {
                rewards.append(
                    ReportChart.Series(
                        "β̂ of \(variant.name)", depths.map { ReportChart.Point(Double($0.depth), $0.threshold) },
                        isDashed: true))
            }
            if depths.contains(where: { $0.accepted != nil }) {
                acceptance.append(
                    ReportChart.Series(variant.name, depths.map { ReportChart.Point(Double($0.depth), $0.accepted) }))
            }
            if variant.configuration.rejection.estimator == .infinite {
                better.append(
                    ReportChart.Series(variant.name, depths.map { ReportChart.Point(Double($0.depth), $0.above) }))
            }
        }
        var blocks: [ReportDocument.Block] = [
            chart(
                "reward", "Score of the thoughts by depth",
                "Mean score by the reward model of the thoughts handed to the search (the large model's, and kept drafts), "
                    + "over all problems that reach the depth.", "mean score", rewards)
        ]
        if !acceptance.isEmpty {
            blocks.append(
                chart(
                    "acceptance", "Drafts accepted by depth", "The share of judged drafts that reached the threshold.",
                    "share", acceptance))
        }
        if !better.isEmpty {
            blocks.append(
                chart(
                    "better", "Drafts against the large model's mean",
                    "The share of drafts that score at or above the mean of the large model's thoughts for the same nodes.",
                    "share", better))
            blocks += shareText
        }
        return blocks
    }

    private var shareText: [ReportDocument.Block] {
        let records = manifest.variants.flatMap { byVariant[$0.name] ?? [] }
        let depths = records.flatMap(\.depths).filter { $0.draftsAboveTarget != nil }
        let judged = depths.reduce(0) { $0 + ($1.judgedDrafts ?? 0) }
        guard judged > 0 else { return [] }
        let above = depths.reduce(0) { $0 + ($1.draftsAboveTarget ?? 0) }
        return [
            .paragraph(
                "Over all depths **\((Double(above) / Double(judged)).percent)** of \(judged.grouped) drafts score at or above "
                    + "the mean of the large model's thoughts for the same nodes.")
        ]
    }

    private func chart(
        _ id: String, _ title: String, _ caption: String, _ yLabel: String, _ series: [ReportChart.Series]
    ) -> ReportDocument.Block {
        .chart(
            ReportChart(
                id: "\(slug)-\(id)", title: title, caption: caption, xLabel: "depth", yLabel: yLabel,
                kind: .lines(series)))
    }

    private struct Account {
        var depth: Int
        var reward: Double?
        var threshold: Double?
        var accepted: Double?
        var above: Double?
    }

    /// Means over all searches, by depth; depths that fewer than ten searches reached are left out.
    private func accounts(_ records: [EvaluationRecord]) -> [Account] {
        let grouped = Dictionary(grouping: records.flatMap(\.depths), by: \.depth)
        return grouped.keys.sorted().compactMap { depth in
            let found = grouped[depth] ?? []
            guard found.count >= min(10, records.count) else { return nil }
            func mean(_ values: [(Double?, Int)]) -> Double? {
                let known = values.compactMap { value, count in value.map { ($0, Double(count)) } }
                let total = known.reduce(0) { $0 + $1.1 }
                return total > 0 ? known.reduce(0) { $0 + $1.0 * $1.1 } / total : nil
            }
            func share(_ part: (SearchOutcome.Depth) -> Int?) -> Double? {
                let known = found.filter { part($0) != nil && ($0.judgedDrafts ?? 0) > 0 }
                let judged = known.reduce(0) { $0 + ($1.judgedDrafts ?? 0) }
                return judged > 0 ? Double(known.reduce(0) { $0 + (part($1) ?? 0) }) / Double(judged) : nil
            }
            return Account(
                depth: depth,
                reward: mean(
                    found.flatMap { [($0.meanDraftScore, $0.keptDrafts), ($0.meanTargetScore, $0.targetThoughts)] }),
                threshold: mean(found.map { ($0.threshold, 1) }), accepted: share(\.acceptedDrafts),
                above: share(\.draftsAboveTarget))
        }
    }
}
