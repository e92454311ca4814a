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
            several. Then a few problems are solved by the large model with token-level drafts of several lengths. The \
            choices are kept, and every command runs the models so from then on, unless it is told how. With another \
            draft length the same seed gives other thoughts, of the same distribution: --draft-length or --no-tune pins it.
            """)

    @OptionGroup(title: "Models")
    var engine: EngineArguments

    @Option(
        help: ArgumentHelp(
            "A JSON Lines file of {\"id\", \"problem\"} for the draft length. (default: heldout.jsonl of the models)",
            valueName: "file"))
    var problems: String?

    @Option(help: ArgumentHelp("How many of them; 0 leaves the draft length alone.", valueName: "n"))
    var pilot = 9

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func validate() throws {
        guard pilot >= 0 else { throw ValidationError("--pilot is not negative.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let models = try engine.modelSet()
        let chosen = try pilotProblems()
        terminal.progress("Measuring \(models.name) …")
        let cores = ProcessInfo.processInfo.activeProcessorCount
        var cost = try CostModel.measure(models, threads: cores > 1 ? [1, cores] : [1], limit: .infinity)
        let cache = CostModelCache(models)
        try cache.store(cost)
        cost.draftLengthSeconds = try await draftLengths(models, on: chosen, terminal)
        try cache.store(cost)
        terminal.endProgress()
        let choices = Dictionary(uniqueKeysWithValues: ModelRole.allCases.map { ($0, cost.choice(for: $0)) })
        if json {
            struct Report: Encodable {
                let cost: CostModel
                let choices: [ModelRole: CostModel.Choice]
                let draftLength: Int?
            }
            return print(
                try Report(cost: cost, choices: choices, draftLength: draftLength(cost, models)).json())
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
        if let length = draftLength(cost, models) {
            let lengths = cost.draftLengthSeconds.keys.sorted()
            print("")
            print(
                MarkdownTable(
                    header: ["draft length"] + lengths.map { "\($0)" },
                    rows: [["seconds a problem"] + lengths.map { cost.draftLengthSeconds[$0]?.fixed(3) ?? "–" }]
                ).lines.joined(separator: "\n"))
            print("")
            print(length == 0 ? "No token-level drafts: they do not pay." : "Token-level drafts of up to \(length).")
        }
        print("Measured in \(cost.seconds.fixed(1)) s; kept in \(cache.file.path) for these models on this machine.")
    }

    /// The length that a measurement chooses, if there was one.
    private func draftLength(_ cost: CostModel, _ models: ModelSet) -> Int? {
        var options = EngineOptions()
        options.adopt(cost, of: models)
        return options.draftLength
    }

    private func pilotProblems() throws -> [Problem] {
        let file = try problems ?? (try engine.modelsFolder()) + "/heldout.jsonl"
        guard pilot > 0, problems != nil || FileManager.default.fileExists(atPath: file) else { return [] }
        return try ProblemSet(contentsOf: URL(fileURLWithPath: file)).sample(pilot, seed: 1).map(\.problem)
    }

    private func draftLengths(
        _ models: ModelSet, on problems: [Problem], _ terminal: Terminal
    ) async throws -> [Int: Double] {
        guard !problems.isEmpty else { return [:] }
        var configuration = SearchConfiguration()
        configuration.method = .sps
        configuration.sampling = models.samplingParameters
        configuration.answerPrefix = models.answerPrefix.isEmpty ? nil : models.answerPrefix
        let engine = try await engine.load(terminal, for: .beam)
        guard engine.pairsAtTokenLevel else { return [:] }
        let bench = DraftLengthBench(engine: engine, configuration: configuration)
        return try await bench.run(problems) { done in
            terminal.progress("Draft lengths: \(done) of \(problems.count) problems …")
        }
    }
}
