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
            Milliseconds of a forward pass, by how many sequences it continues, and of prompts, with several numbers of \
            threads, flash attention and micro-batches, in turn, so that a busy moment meets all alike: about 20 seconds a \
            model and 50 more for each gigabyte. With --optimize, first whether the models are faster here in another type. \
            Then a few problems are solved by the target with several numbers of speculative tokens. The choices are kept, \
            and every command runs the models so from then on, unless it is told how. With another number the same seed \
            gives other thoughts, of the same distribution: --num-speculative-tokens or --no-tune pins it.
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

    @Flag(
        help: """
            Requantise the models to Q8_0 and Q4_0 first, keep beside the originals what is faster here by a twentieth and \
            more, and run it from then on; models list shows it. Of target and reward model no weight gets fewer bits.
            """)
    var optimize = false

    @Flag(help: "With --optimize: fewer bits for target and reward model, too; answers may lose a little.")
    var fewerBits = false

    @Flag(
        help: """
            With --optimize: the draft with its most frequent 49,152 tokens, too. The others are spelt, so every text can \
            still be written, but drafts may be worse. Draft and target share no tokens then: neither token-level speculation \
            nor likelihoods of one another's steps.
            """)
    var trimDraft = false

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func validate() throws {
        guard optimize || !fewerBits else { throw ValidationError("--fewer-bits goes with --optimize.") }
        guard optimize || !trimDraft else { throw ValidationError("--trim-draft goes with --optimize.") }
        guard !optimize || !engine.noTune else { throw ValidationError("--optimize goes without --no-tune.") }
        guard pilot >= 0 else { throw ValidationError("--pilot is not negative.") }
    }

    func run() async throws {
        let terminal = Terminal(quiet: json)
        let chosen = try pilotProblems()
        let ((models, trials, cost, failure), interruption) = try await Interruption.guarding { [self] in
            defer { terminal.endProgress() }
            var trials: [RequantizedModels.Trial] = []
            if optimize {
                trials = try Optimization.run(
                    try engine.namedSet(), allowing: .init(fewerBits: fewerBits, fewerTokens: trimDraft), terminal)
            }
            let models = try engine.modelSet()
            let cache = CostModelCache(models, placement: engine.placement.placement)
            let cores = Processor.coreCount
            let threads = [1] + Set([cores / 2, cores]).filter { $0 > 1 }.sorted()
            var cost = try CostModel.measure(models, threads: threads, options: engine.options(for: models)) {
                terminal.phase("Measuring \(models.name), \($0) …")
            }
            // What cannot be kept is printed all the same.
            var failure = Self.failure { try cache.store(cost) }
            cost.speculationSeconds = try await speculationSeconds(models, on: chosen, terminal)
            failure = Self.failure { try cache.store(cost) }
            return (models, trials, cost, failure)
        }
        var report = TuningReport(cost, of: models)
        if optimize { report.requantization = trials }
        if !json, optimize { try StandardStreams.print(Optimization.text(trials) + "\n") }
        try StandardStreams.print(json ? report.json() : report.text)
        if let failure { throw failure }
        if !json {
            let file = CostModelCache(models, placement: engine.placement.placement).file
            try StandardStreams.print(
                "Measured in \(cost.seconds.fixed(1)) s; kept in \(file.path) for these models on this machine.")
        }
        if let interruption { throw interruption }
    }

    private static func failure(_ body: () throws -> Void) -> (any Error)? {
        do { try body() } catch { return error }
        return nil
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
