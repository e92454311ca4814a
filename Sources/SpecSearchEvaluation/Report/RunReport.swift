internal import Foundation
internal import MathGrading
internal import SpecSearch

/// The report of one run: the verdicts, the tables, the curves, and how it was measured.
public struct RunReport: Sendable {
    private let manifest: RunManifest
    private let records: [EvaluationRecord]
    private let summary: RunSummary
    /// What the names of the charts begin with.
    private let slug: String

    /// - Parameter slug: What the names of the charts begin with, so that those of several runs differ.
    public init(_ manifest: RunManifest, _ records: [EvaluationRecord], slug: String) {
        self.manifest = manifest
        self.records = records
        self.slug = slug
        summary = RunSummary(records, manifest)
    }

    /// The section of a report.
    public var blocks: [ReportDocument.Block] {
        var blocks: [ReportDocument.Block] = [.heading(manifest.title)]
        if let question = manifest.question { blocks.append(.paragraph(question)) }
        if records.count < manifest.items {
            blocks.append(
                .paragraph("**Not finished:** \(records.count) of \(manifest.items) searches are recorded."))
        }
        blocks += failureBlocks
        if !verdicts.isEmpty { blocks.append(.list(verdicts)) }
        blocks.append(.table(variantTable))
        if !summary.comparisons.isEmpty { blocks += comparisonBlocks }
        let curves = RunCurves(manifest, records, slug: slug)
        blocks += curves.phaseBlocks
        // Curves by depth of many variants would only cover each other.
        if manifest.variants.count <= 4 { blocks += curves.depthBlocks }
        blocks += qualityBlocks
        blocks += [.subheading("How it was measured"), .list(circumstances)]
        return blocks
    }

    private var verdicts: [String] {
        summary.comparisons.filter { $0.method != "ar" && $0.method != "sps" }.prefix(6).map { comparison in
            let speed =
                "`\(comparison.method)` runs \(comparison.speedup.fixed(2)) times as fast as `\(comparison.baseline)`"
            let points = "\((100 * comparison.accuracyDifference).signed(1)) points of accuracy"
            guard let verdict = comparison.nonInferiority else { return "\(speed), \(points)." }
            let margin = "\((100 * verdict.margin).fixed(1)) points"
            let said =
                switch verdict.verdict {
                case .nonInferior: "not inferior at a margin of \(margin)"
                case .inconclusive: "too few problems to exclude a loss of \(margin)"
                case .inferior: "**worse by more than \(margin)**"
                }
            return "\(speed)\(within(comparison.speedupInterval) { $0.fixed(2) }), with \(points): \(said)."
        }
    }

    /// The searches that failed, the first twenty by name.
    private var failureBlocks: [ReportDocument.Block] {
        let failed = summary.failed
        if failed.isEmpty { return [] }
        let named = failed.prefix(20).map { "`\($0.method)` on `\($0.problem)`, seed \($0.seed): \($0.error)" }
        let others = failed.count > 20 ? ["and \((failed.count - 20).grouped) others"] : []
        return [
            .paragraph(
                "**Failed:** \(failed.count.grouped) of \(records.count.grouped) searches. They are in no figure; in a "
                    + "comparison the other variant's search of the same problem is left out, too."),
            .list(named + others),
        ]
    }

    private var variantTable: ReportTable {
        ReportTable(
            caption:
                "\(manifest.problems.count) problems, \(manifest.seeds.count == 1 ? "one seed" : "\(manifest.seeds.count) seeds"). "
                + "Right answers with Wilson's 95 % interval; milliseconds and tokens evaluated per problem. Corrections are wasted "
                + "where they score no higher than the best draft that was rejected.",
            header: [
                "variant", "right, %", "ms", "tokens: draft", "target", "PRM", "drafts kept", "corrections wasted",
                "tokens accepted",
            ],
            rows: summary.methods.map { method in
                let count = Double(max(1, method.finished))
                return [
                    method.method,
                    (method.accuracy.map { (100 * $0).fixed(1) } ?? "–")
                        + within(method.accuracyInterval) { (100 * $0).fixed(1) },
                    (1000 * method.seconds / count).fixed(1), (Double(method.tokens.draft) / count).fixed(1),
                    (Double(method.tokens.target) / count).fixed(1), (Double(method.tokens.prm) / count).fixed(1),
                    method.acceptance?.percent ?? "–", method.wasted?.percent ?? "–",
                    method.tokenAcceptance?.percent ?? "–",
                ]
            })
    }

    private var comparisonBlocks: [ReportDocument.Block] {
        let table = ReportTable(
            caption:
                "Paired by problem. Speed-up: ratio of sums of seconds, and geometric mean of the problems' ratios, "
                + "with 95 % bootstrap intervals over problems. Accuracy: difference in points with its 95 % interval, "
                + "problems that only the first : only the second had right, McNemar's exact test, and the verdict at a margin of "
                + "\((100 * manifest.margin).fixed(1)) points (97.5 % one-sided).",
            header: ["comparison", "speed-up", "geometric", "points", "only one right", "p", "verdict"],
            rows: summary.comparisons.map { comparison in
                [
                    "\(comparison.method) / \(comparison.baseline)",
                    comparison.speedup.fixed(2) + within(comparison.speedupInterval) { $0.fixed(2) },
                    comparison.geometricSpeedup.fixed(2)
                        + within(comparison.geometricSpeedupInterval) { $0.fixed(2) },
                    (100 * comparison.accuracyDifference).signed(1)
                        + within(comparison.accuracyInterval) { (100 * $0).signed(1) },
                    "\(comparison.onlyMethodRight) : \(comparison.onlyBaselineRight)",
                    comparison.mcNemar.map(Self.probability) ?? "–", comparison.nonInferiority?.verdict.rawValue ?? "–",
                ]
            })
        let needed = summary.comparisons.filter { $0.nonInferiority?.verdict == .inconclusive }.compactMap {
            comparison in
            comparison.problemsNeeded.map {
                "`\(comparison.method)` / `\(comparison.baseline)`: about \($0.grouped) problems would be needed to show "
                    + "equal accuracy within the margin, with a power of 80 %."
            }
        }
        let baselines = manifest.comparisons.mainBaselines(in: summary.methods.map(\.method))
        let baseline = baselines.count == 1 ? baselines[0] : "the first of its group"
        let against = summary.comparisons.filter { baselines.contains($0.baseline) }
        func rows(
            _ value: (RunSummary.Comparison) -> Double, _ interval: (RunSummary.Comparison) -> [Double]?
        ) -> [ReportChart.IntervalRow] {
            against.map { comparison in
                let bounds = interval(comparison) ?? [value(comparison), value(comparison)]
                return ReportChart.IntervalRow(
                    comparison.method, value: value(comparison), lower: bounds[0], upper: bounds[1])
            }
        }
        let speed = ReportChart(
            id: "\(slug)-speed", title: "Speed-up over \(baseline)",
            caption: "Ratio of sums of seconds, with 95 % intervals. Right of the line: faster.",
            xLabel: "times as fast",
            yLabel: "variant", kind: .intervals(rows(\.speedup, \.speedupInterval), reference: 1))
        let accuracy = ReportChart(
            id: "\(slug)-accuracy", title: "Accuracy against \(baseline)",
            caption: "Difference in points, with 95 % intervals; the line is the margin. An interval right of it: not "
                + "inferior.", xLabel: "points", yLabel: "variant",
            kind: .intervals(
                rows({ 100 * $0.accuracyDifference }, { $0.accuracyInterval?.map { 100 * $0 } }),
                reference: -100 * manifest.margin))
        return [.table(table)] + (needed.isEmpty ? [] : [.list(needed)])
            + (against.isEmpty ? [] : [.chart(speed), .chart(accuracy)])
    }

    /// The quality account of the variants with an adaptive threshold, four at most.
    private var qualityBlocks: [ReportDocument.Block] {
        let grouped = Dictionary(grouping: records, by: \.variant)
        let reports = manifest.variants.compactMap { variant -> (Variant, QualityReport)? in
            guard variant.configuration.rejects else { return nil }
            var monitor = QualityMonitor(policy: variant.configuration.rejection)
            for record in grouped[variant.name] ?? [] { monitor.add(record.depths) }
            return monitor.report.map { (variant, $0) }
        }
        guard reports.count <= 4 else { return [] }
        return reports.flatMap { variant, report in
            [
                .subheading("Was the quality kept by \(variant.name)?"),
                .table(
                    ReportTable(
                        caption:
                            "By depth: the large model's mean score (± standard error), the threshold β̂, the mean of "
                            + "kept drafts, and a lower bound of the confidence that the threshold was at least the "
                            + "large model's mean, in which case the step's expected score did not fall below it.",
                        header: ["depth", "target's mean", "its thoughts", "β̂", "kept drafts' mean", "confidence"],
                        rows: report.depths.map { depth in
                            [
                                "\(depth.depth)",
                                (depth.targetMean.map { $0.fixed(4) } ?? "–")
                                    + (depth.targetError.map { " ± \($0.fixed(4))" } ?? ""),
                                depth.targetThoughts.grouped, depth.threshold.map { $0.fixed(4) } ?? "–",
                                depth.keptMean.map { $0.fixed(4) } ?? "–", depth.confidence.percent,
                            ]
                        })),
                .list(
                    ["over all depths: \(report.confidence.percent) or more"]
                        + report.assumptions.map { "assumed: \($0)" }),
            ]
        }
    }

    private var circumstances: [String] {
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withFullDate]
        var lines = [
            "`specsearch evaluate \(manifest.arguments.joined(separator: " "))`, begun on "
                + "\(formatter.string(from: manifest.date))",
            "\(manifest.machine.processor), \(manifest.machine.cores) cores, "
                + "\((Double(manifest.machine.memoryBytes) / 1e9).fixed(0)) GB, \(manifest.machine.system)",
            manifest.software.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", "),
            "data: `\(URL(fileURLWithPath: manifest.dataset.path).lastPathComponent)`, SHA-256 "
                + "`\(manifest.dataset.sha256.prefix(16))`; grading \(manifest.grading.rawValue)",
        ]
        let models = manifest.models.sorted { $0.key < $1.key }.map { name, file in
            "\(name) `\(URL(fileURLWithPath: file.path).lastPathComponent)` `\(file.sha256.prefix(16))`"
        }
        if !models.isEmpty { lines.append("models: " + models.joined(separator: ", ")) }
        let servers = (manifest.backends ?? [:]).sorted { $0.key < $1.key }.flatMap { role, backends in
            backends.map { backend in
                let name = backend.model ?? backend.served.joined(separator: " ")
                return "\(role) `\(name)` on \(backend.dialect) `\(backend.url)`"
            }
        }
        if !servers.isEmpty { lines.append("servers: " + servers.joined(separator: ", ")) }
        if manifest.concurrency > 1 {
            lines.append(
                "**\(manifest.concurrency) problems at once**: the times of single searches are not comparable")
        } else {
            lines.append("methods interleaved problem by problem; loading and grading are not in the times")
        }
        return lines
    }

    private func within(_ bounds: [Double]?, _ format: (Double) -> String) -> String {
        bounds.map { " (\(format($0[0])) – \(format($0[1])))" } ?? ""
    }

    private static func probability(_ p: Double) -> String { p < 0.0001 ? "< 0.0001" : p.fixed(4) }
}
