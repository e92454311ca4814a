internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// `specsearch tune`.
struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune", abstract: "Measure what passes of the models cost here, and how to run them.",
        discussion: """
            Milliseconds of a pass, by how many branches it continues: processor time for one thread, elapsed time for \
            several. The choices are kept, and every command runs the models so from then on, unless it is told how.
            """)

    @OptionGroup(title: "Models")
    var engine: EngineArguments

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func run() async throws {
        let terminal = Terminal()
        let models = try engine.modelSet()
        terminal.progress("Measuring \(models.name) …")
        let cores = ProcessInfo.processInfo.activeProcessorCount
        let cost = try CostModel.measure(models, threads: cores > 1 ? [1, cores] : [1], limit: .infinity)
        terminal.endProgress()
        let cache = CostModelCache(models)
        try cache.store(cost)
        let choices = Dictionary(uniqueKeysWithValues: ModelRole.allCases.map { ($0, cost.choice(for: $0)) })
        if json {
            struct Report: Encodable {
                let cost: CostModel
                let choices: [ModelRole: CostModel.Choice]
            }
            return print(try MeasurementArguments.json(Report(cost: cost, choices: choices)))
        }
        let sizes = Set(cost.curves.flatMap(\.milliseconds.keys)).sorted()
        let prefills = Set(cost.curves.flatMap(\.prefill.keys)).sorted()
        let table = MarkdownTable(
            header: ["model", "threads", "flash attention", "cache"] + sizes.map { "\($0)" }
                + prefills.map { "prompt of \($0)" },
            rows: cost.curves.map { curve in
                [
                    curve.role.rawValue, "\(curve.threads)", curve.flashAttention ? "on" : "off", "\(curve.occupied)",
                ] + sizes.map { curve.milliseconds[$0]?.fixed(2) ?? "–" }
                    + prefills.map { curve.prefill[$0]?.fixed(2) ?? "–" }
            })
        print(table.lines.joined(separator: "\n"))
        print("")
        for role in ModelRole.allCases {
            let choice = cost.choice(for: role)
            print(
                "\(role.rawValue): \(choice.threads) thread\(choice.threads == 1 ? "" : "s"), flash attention "
                    + (choice.flashAttention ? "on" : "off"))
        }
        print("Measured in \(cost.seconds.fixed(1)) s; kept in \(cache.file.path) for these models on this machine.")
    }
}
