internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import SpecSearchMeasurement

/// `specsearch tune`.
struct TuneCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tune", abstract: "Measure what forward passes of the models cost here, and how to run them.",
        discussion: """
            Milliseconds of a forward pass, by how many sequences it continues: processor time for one thread, elapsed \
            time for several. Then a few problems are solved by the target with several numbers of speculative tokens. \
            The choices are kept, and every command runs the models so from then on, unless it is told how. With another \
            number the same seed gives other thoughts, of the same distribution: --num-speculative-tokens or --no-tune \
            pins it.
            """)

    @OptionGroup(title: "Models")
    var engine: EngineArguments

    @Option(
        help: ArgumentHelp(
            "A JSON Lines file of {\"id\", \"problem\"} for the number of speculative tokens. (default: heldout.jsonl of the models)",
            valueName: "file"))
    var problems: String?

    @Option(help: ArgumentHelp("How many of them; 0 leaves the number of speculative tokens alone.", valueName: "n"))
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
        let cache = CostModelCache(models, placement: engine.placement.placement)
        let (cost, interruption) = try await Interruption.guarding { [self] in
            defer { terminal.endProgress() }
            terminal.progress("Measuring \(models.name) …")
            let cores = ProcessInfo.processInfo.activeProcessorCount
            var cost = try CostModel.measure(
                models, threads: cores > 1 ? [1, cores] : [1], limit: .infinity, options: engine.options(for: models))
            try cache.store(cost)
            cost.speculationSeconds = try await speculationSeconds(models, on: chosen, terminal)
            try cache.store(cost)
            return cost
        }
        let report = TuningReport(cost, of: models)
        print(try json ? report.json() : report.text)
        if !json {
            print(
                "Measured in \(cost.seconds.fixed(1)) s; kept in \(cache.file.path) for these models on this machine.")
        }
        if let interruption { throw interruption }
    }

    private func pilotProblems() throws -> [Problem] {
        let file = try problems ?? (try engine.modelsFolder()) + "/heldout.jsonl"
        guard pilot > 0, problems != nil || FileManager.default.fileExists(atPath: file) else { return [] }
        return try ProblemSet(contentsOf: URL(fileURLWithPath: file)).sample(pilot, seed: 1).map(\.problem)
    }

    private func speculationSeconds(
        _ models: ModelSet, on problems: [Problem], _ terminal: Terminal
    ) async throws -> [Int: Double] {
        guard !problems.isEmpty, models.draft != nil, models.target != nil else { return [:] }
        let engine = try await engine.load(terminal)
        guard engine.engine.pairsAtTokenLevel else { return [:] }
        return try await SpeculationBench(engine).run(problems) { done in
            terminal.progress("Speculative tokens: \(done) of \(problems.count) problems …")
        }
    }
}
