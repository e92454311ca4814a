internal import SpecSearch
internal import SpecSearchEvaluation

/// What `specsearch plan` prints.
struct PlanReport: Encodable {
    /// The speed-ups of a setting, with the acceptance that they hold for.
    struct Row: Encodable {
        let acceptance: Double
        let setting: SearchSetting
        let specsearchToAR: Double
        let specsearchToSpS: Double
        let spsToAR: Double

        init(_ plan: SearchCostPlan, _ setting: SearchSetting, acceptance: Double? = nil) throws {
            var plan = plan
            if let acceptance { plan.workload.acceptance = acceptance }
            self.acceptance = plan.workload.acceptance
            self.setting = setting
            let ar = try plan.seconds(.ar, setting)
            let sps = try plan.seconds(.sps, setting)
            let both = try plan.seconds(.specsearch, setting)
            (specsearchToAR, specsearchToSpS, spsToAR) = (ar / both, sps / both, ar / sps)
        }
    }

    /// A method at its fastest, with the beams and width that were asked for.
    struct Best: Encodable {
        let method: SearchMethod
        let setting: SearchSetting
        let seconds: Double
    }

    /// A prediction against what was measured.
    struct Comparison: Encodable {
        let method: String
        let baseline: String
        let predicted: Double
        let measured: Double
        let measuredInterval: [Double]?
        var error: Double { predicted / measured - 1 }

        enum CodingKeys: String, CodingKey { case method, baseline, predicted, measured, measuredInterval, error }

        func encode(to encoder: any Encoder) throws {
            var values = encoder.container(keyedBy: CodingKeys.self)
            try values.encode(method, forKey: .method)
            try values.encode(baseline, forKey: .baseline)
            try values.encode(predicted, forKey: .predicted)
            try values.encode(measured, forKey: .measured)
            try values.encodeIfPresent(measuredInterval, forKey: .measuredInterval)
            try values.encode(error, forKey: .error)
        }
    }

    let plan: SearchCostPlan
    let setting: SearchSetting
    let accounts: [String: SearchCostPlan.Account]
    let acceptances: [Row]
    let draftLengths: [Row]
    /// Fastest first.
    let best: [Best]
    var check: [Comparison]?

    static let shares = [0.5, 0.6, 0.7, 0.8, 0.9, 1]
    static let lengths = [0, 2, 4, 8, 12, 16]
    static let widths = [3, 6, 12]

    init(_ plan: SearchCostPlan, _ setting: SearchSetting) throws {
        self.plan = plan
        self.setting = setting
        var accounts: [String: SearchCostPlan.Account] = [:]
        for method in [SearchMethod.ar, .sps, .specsearch] {
            accounts[method.rawValue] = try plan.account(method, setting)
        }
        self.accounts = accounts
        acceptances = try Self.shares.flatMap { share in
            try Set(Self.widths + [setting.width]).sorted().map { width in
                var other = setting
                other.width = width
                return try Row(plan, other, acceptance: share)
            }
        }
        draftLengths = try Set(Self.lengths + [setting.draftLength]).sorted().map { length in
            var other = setting
            other.draftLength = length
            return try Row(plan, other)
        }
        best = try [SearchMethod.specsearch, .sps, .ar]
            .map { method in
                let found = try plan.best(method, setting)
                return Best(method: method, setting: found.setting, seconds: found.seconds)
            }
            .sorted { $0.seconds < $1.seconds }
    }

    var text: String {
        let workload = plan.workload
        var lines = [
            "\(workload.steps.fixed(1)) steps of \(workload.meanStepTokens.fixed(1)) tokens; drafts kept "
                + "\(workload.acceptance.percent), all or none of a node's at \(workload.agreement.percent) of the nodes; "
                + "tokens accepted \(workload.tokenAcceptance.percent).",
            "\(setting.beams) beams, \(setting.width) thoughts a node, draft factor \(setting.draftFactor), token-level "
                + "drafts of \(setting.draftLength):", "",
        ]
        lines +=
            MarkdownTable(
                header: ["seconds a problem", "target's steps", "drafting", "scoring", "corrections", "all"],
                rows: [SearchMethod.ar, .sps, .specsearch].map { method in
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
                    + widths.flatMap { ["specsearch / ar, width \($0)", "/ sps"] },
                rows: Self.shares.map { share in
                    [share.percent]
                        + acceptances.filter { $0.acceptance == share }
                        .flatMap { [times($0.specsearchToAR), times($0.specsearchToSpS)] }
                }
            ).lines
        lines += [""]
        lines +=
            MarkdownTable(
                header: ["token-level drafts of", "specsearch / ar", "specsearch / sps", "sps / ar"],
                rows: draftLengths.map { row in
                    [
                        "\(row.setting.draftLength)", times(row.specsearchToAR), times(row.specsearchToSpS),
                        times(row.spsToAR),
                    ]
                }
            ).lines
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
                    best.setting.draftLength == 0
                        ? "no token-level drafts" : "token-level drafts of \(best.setting.draftLength)")
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
        return text
    }

    private func times(_ ratio: Double) -> String { "\(ratio.fixed(2))x" }
}
