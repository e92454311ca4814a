internal import SpecSearch
internal import SpecSearchEvaluation
package import SpecSearchLlama

/// The figures of `specsearch tune`: what forward passes cost on this machine, and how to run the models therefore.
package struct TuningReport: Encodable {
    let cost: CostModel
    let choices: [ModelRole: CostModel.Choice]
    let numSpeculativeTokens: Int?
    /// What was found out about other types of weights, where that was asked for.
    package var requantization: [RequantizedModels.Trial]?

    /// - Parameter models: The models that were measured.
    package init(_ cost: CostModel, of models: ModelSet) {
        self.cost = cost
        choices = Dictionary(
            uniqueKeysWithValues: ModelRole.allCases.filter { models[$0] != nil }.map { ($0, cost.choice(for: $0)) })
        var options = LlamaEngine.Options()
        options.adopt(cost, of: models)
        numSpeculativeTokens = options.numSpeculativeTokens
    }

    /// How much faster a choice is than the default, where it is another.
    private func gain(of choice: CostModel.Choice, for role: ModelRole) -> String {
        guard choice != CostModel.Choice(),
            let share = cost.relativeCost(of: choice, to: CostModel.Choice(), for: role)
        else { return "" }
        return " (\((1 / share).fixed(2)) times as fast as 1 thread without it)"
    }

    /// The report for people.
    package var text: String {
        let sizes = Set(cost.curves.flatMap(\.milliseconds.keys)).sorted()
        let prefills = Set(cost.curves.flatMap(\.prefill.keys)).sorted()
        var lines =
            MarkdownTable(
                header: ["milliseconds", "threads", "flash attention", "micro-batch", "cache"] + sizes.map { "\($0)" }
                    + prefills.map { "prompt of \($0)" },
                rows: cost.curves.map { curve in
                    [
                        curve.role.rawValue, "\(curve.threads)", curve.flashAttention ? "on" : "off",
                        "\(curve.microBatch)", "\(curve.occupied)",
                    ] + sizes.map { curve.milliseconds[$0]?.fixed(2) ?? "–" }
                        + prefills.map { curve.prefill[$0]?.fixed(2) ?? "–" }
                }
            ).lines + [""]
        for role in ModelRole.allCases {
            guard let choice = choices[role] else { continue }
            lines.append(
                "\(role.rawValue): \(choice.threads == 1 ? "threads as by default" : "\(choice.threads) threads"), flash attention "
                    + (choice.flashAttention ? "on" : "off")
                    + (choice.microBatch == CostModel.Choice().microBatch
                        ? "" : ", micro-batches of \(choice.microBatch)")
                    + gain(of: choice, for: role))
        }
        if let numSpeculativeTokens {
            let numbers = cost.speculationSeconds.keys.sorted()
            let table = MarkdownTable(
                header: ["speculative tokens"] + numbers.map { "\($0)" },
                rows: [["seconds a problem"] + numbers.map { cost.speculationSeconds[$0]?.fixed(3) ?? "–" }])
            lines += [""] + table.lines + [""]
            lines.append(
                numSpeculativeTokens == 0
                    ? "No token-level speculation: it does not pay."
                    : "Token-level speculation on up to \(numSpeculativeTokens) tokens.")
        }
        return lines.joined(separator: "\n")
    }
}
