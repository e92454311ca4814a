internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// `tune --optimize` and `models pull --optimize`.
enum Optimization {
    static func run(
        _ models: ModelSet, allowing allowance: RequantizedModel.Allowance, _ terminal: Terminal
    ) throws -> [RequantizedModels.Trial] {
        try RequantizedModels().optimize(models, allowing: allowance) {
            terminal.phase("Optimizing \(models.name), \($0) …")
        }
    }

    static func text(_ trials: [RequantizedModels.Trial]) -> String {
        guard !trials.isEmpty else { return "No model has a form left to try without losing bits or tokens." }
        let table = MarkdownTable(
            header: ["model", "form", "ms: 1 sequence", "4", "12", "prompt of 64", "times as fast", "kept"],
            rows: trials.map { trial in
                [trial.roles.map(\.rawValue).joined(separator: ", "), "\(trial.form)"]
                    + (0..<4).map { pass in trial.milliseconds.map { $0[pass].fixed(1) }.joined(separator: " → ") }
                    + [
                        "\(trial.speedups.sorted()[trial.speedups.count / 2].fixed(2)) "
                            + "(\((trial.speedups.min() ?? 0).fixed(2)) … \((trial.speedups.max() ?? 0).fixed(2)))",
                        trial.isKept ? "yes" : "no",
                    ]
            })
        return table.lines.joined(separator: "\n")
    }
}
