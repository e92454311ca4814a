internal import SpecSearchEvaluation

/// A run's figures for people, as Markdown tables.
struct SummaryText {
    private let report: RunSummary

    init(_ summary: RunSummary) {
        report = summary
    }

    var text: String {
        guard let problems = report.methods.first?.problems, problems > 0 else { return "No problem was finished." }
        var lines = table(
            [
                "method", "accuracy", "seconds", "tokens: draft", "target", "prm", "drafts kept", "corrections wasted",
                "tokens accepted",
            ],
            report.methods.map { method in
                [
                    method.method, method.accuracy?.percent ?? "–", method.seconds.fixed(2),
                    method.tokens.draft.grouped,
                    method.tokens.target.grouped, method.tokens.prm.grouped, method.acceptance?.percent ?? "–",
                    method.wasted?.percent ?? "–", method.tokenAcceptance?.percent ?? "–",
                ]
            })
        lines += [""]
        lines += table(
            ["comparison", "speed-up", "95 % interval", "accuracy", "95 % interval"],
            report.comparisons.map { comparison in
                [
                    "\(comparison.method) / \(comparison.baseline)", "\(comparison.speedup.fixed(2))x",
                    interval(comparison.speedupInterval) { "\($0.fixed(2))x" },
                    points(comparison.accuracyDifference), interval(comparison.accuracyInterval, points),
                ]
            })
        let phases = ["draft", "score", "target", "correct", "search"]
        lines += [""]
        lines += table(
            ["seconds in", "drafting", "scoring", "target's steps", "regeneration", "search"],
            report.methods.map { method in [method.method] + phases.map { (method.phases[$0] ?? 0).fixed(2) } })
        lines += [""]
        lines += table(
            ["share of the time inside", "draft", "target", "prm", "outside the models"],
            report.methods.map { method in
                let inside = ["draft", "target", "prm"].map { method.modelSeconds[$0] ?? 0 }
                let outside = method.seconds - inside.reduce(0, +)
                return [method.method] + (inside + [outside]).map { ($0 / max(method.seconds, 1e-9)).percent }
            })
        return (["\(problems) problems", ""] + lines + failures).joined(separator: "\n")
    }

    /// The searches that failed, the first ten by name.
    var failures: [String] {
        let failed = report.failed
        if failed.isEmpty { return [] }
        let count = failed.count == 1 ? "1 search failed" : "\(failed.count.grouped) searches failed"
        let named = failed.prefix(10).map {
            "  " + "\($0.method), \($0.problem), seed \($0.seed): \($0.error)".singleLine
        }
        let others = failed.count > 10 ? ["  and \((failed.count - 10).grouped) others"] : []
        return ["", "\(count), and no figure and no comparison counts \(failed.count == 1 ? "it" : "them"):"] + named
            + others
    }

    private func points(_ share: Double) -> String { "\(share >= 0 ? "+" : "")\((100 * share).fixed(1)) points" }

    private func interval(_ bounds: [Double]?, _ format: (Double) -> String) -> String {
        guard let bounds, bounds.count == 2 else { return "–" }
        return "\(format(bounds[0])) … \(format(bounds[1]))"
    }

    private func table(_ header: [String], _ rows: [[String]]) -> [String] {
        MarkdownTable(header: header, rows: rows).lines
    }
}
