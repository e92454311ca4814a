internal import SpecSearch
internal import SpecSearchEvaluation

extension PlanReport {
    /// The report for people.
    package var text: String {
        let workload = plan.workload
        var lines = [
            "\(workload.steps.fixed(1)) steps of \(workload.meanStepTokens.fixed(1)) tokens; drafts kept "
                + "\(workload.acceptance.percent), all or none of a node's at \(workload.agreement.percent) of the nodes; "
                + (pairs
                    ? "tokens accepted \(workload.tokenAcceptance.percent)."
                    : "draft and target share no tokens, so none are proposed."),
            "\(setting.beams) beams, \(setting.width) thoughts a node, draft factor \(setting.draftFactor), "
                + "\(setting.numSpeculativeTokens) speculative tokens:", "",
        ]
        lines +=
            MarkdownTable(
                header: ["seconds a problem", "target's steps", "drafting", "scoring", "corrections", "all"],
                rows: methods.map { method in
                    let account = accounts[method.rawValue] ?? SearchCostPlan.Account()
                    return [method.rawValue]
                        + [account.target, account.drafting, account.scoring, account.corrections, account.total]
                        .map { FigureText.significant($0) }
                }
            ).lines
        let widths = acceptances.prefix { $0.acceptance == acceptances.first?.acceptance }.map(\.setting.width)
        lines += [""]
        lines +=
            MarkdownTable(
                header: ["drafts kept"]
                    + widths.flatMap { ["specsearch / ar, width \($0)"] + (pairs ? ["/ sps"] : []) },
                rows: Self.shares.map { share in
                    [share.percent]
                        + acceptances.filter { $0.acceptance == share }
                        .flatMap { [$0.specsearchToAR, $0.specsearchToSpS].compactMap { $0 }.map(times) }
                }
            ).lines
        if pairs {
            lines += [""]
            lines +=
                MarkdownTable(
                    header: ["speculative tokens", "specsearch / ar", "specsearch / sps", "sps / ar"],
                    rows: speculation.map { row in
                        ["\(row.setting.numSpeculativeTokens)"]
                            + [row.specsearchToAR, row.specsearchToSpS, row.spsToAR].compactMap { $0 }.map(times)
                    }
                ).lines
        }
        lines += ["", recommendation]
        if let check {
            lines += [""]
            lines +=
                MarkdownTable(
                    header: ["speed-up", "predicted", "measured", "95 % interval", "error"],
                    rows: check.map { row in
                        [
                            "\(row.method) / \(row.baseline)", times(row.predicted), times(row.measured),
                            row.measuredInterval.map { "\(times($0[0])) … \(times($0[1]))" } ?? "–",
                            "\((100 * row.error).signed(1)) %",
                        ]
                    }
                ).lines
        }
        return lines.joined(separator: "\n")
    }

    /// What to run.
    private var recommendation: String {
        guard let first = best.first, let ar = best.first(where: { $0.method == .ar }) else { return "" }
        func said(_ best: Best) -> String {
            var parts = [best.method.rawValue]
            if best.method == .specsearch { parts.append("draft factor \(best.setting.draftFactor)") }
            if best.method != .ar {
                parts.append(
                    best.setting.numSpeculativeTokens == 0
                        ? "no speculative tokens" : "\(best.setting.numSpeculativeTokens) speculative tokens")
            }
            return parts.joined(separator: ", ") + " (\(times(ar.seconds / best.seconds)) ar)"
        }
        var text = "Fastest: " + said(first)
        if best.count > 1 {
            text +=
                "; then "
                + best.dropFirst().filter { $0.method != .ar || first.method == .ar }.map(said).joined(separator: "; ")
        }
        text += "."
        if let speculative = best.first(where: { $0.method == .specsearch }), first.method != .specsearch {
            text +=
                " SpecSearch does not pay here: \(times(first.seconds / speculative.seconds)) \(first.method.rawValue)."
        }
        text += " All this at \(plan.workload.acceptance.percent) of the drafts kept; SpecSearch is the fastest "
        text += paysFrom.map { "from \($0.percent) on." } ?? "at no share."
        return text
    }

    private func times(_ ratio: Double) -> String { "\(ratio.fixed(2))x" }
}
