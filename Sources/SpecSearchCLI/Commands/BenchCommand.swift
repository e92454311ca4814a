internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import Synchronization

/// `specsearch bench`.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Compare methods side by side on the held-out problems.",
        discussion: """
            Every problem is solved by every method before the next one, in rotating order, after a warm-up. Times are \
            wall-clock seconds of the searches; loading and grading are left out. Intervals are 95 % paired bootstrap.
            """)

    @OptionGroup
    var methods: MethodsArguments

    @Option(help: ArgumentHelp("How many problems, drawn by --seed.", valueName: "n"))
    var limit = 50

    @OptionGroup
    var heldOut: HeldOutArguments

    @OptionGroup(title: "Search")
    var search: SearchArguments

    @OptionGroup
    var models: ModelArguments

    @OptionGroup(title: "Other measurements")
    var measurement: MeasurementArguments

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func validate() throws {
        _ = try search.configurations(methods.parsed())
        guard models.cluster.config == nil || !measurement.isAny else {
            throw ValidationError(
                "--engine, --efficiency, --profile, --concurrency and --shape look into the embedded engine, and go without --config; "
                    + "evaluate --concurrency runs problems side by side on servers.")
        }
        guard limit >= 1 else { throw ValidationError("--limit is at least 1.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let variants = try search.configurations(methods.parsed()).map {
            Variant(name: $0.method.rawValue, configuration: try search.calibrated($0))
        }
        let seed = variants[0].configuration.options.seed
        let problems = measurement.efficiency ? [] : try heldOut.sample(limit, of: models.local, seed: seed)
        if measurement.isAny {
            let (text, interruption) = try await Interruption.guarding { [self] in
                let engine = try await models.local.load(terminal)
                terminal.progress("Measuring …")
                defer { terminal.endProgress() }
                return try await measurement.run(
                    engine, variants, on: problems, repetitions: limit, json: json, terminal)
            }
            try StandardStreams.print(text)
            if let interruption { throw interruption }
            return
        }
        let (records, interruption) = try await Interruption.guarding { [self] in
            let source = try await models.source().adaptive(to: variants)
            try source.check(variants)
            return try await Self.records(
                of: variants, problems, seed, VariantEngines(problems: problems, load: source.engine), terminal)
        }
        terminal.endProgress()
        let summary = RunSummary(records, variants: variants.map(\.name))
        try StandardStreams.print(json ? summary.json() : SummaryText(summary).text)
        if let interruption { throw interruption }
        if !summary.failed.isEmpty { throw ExitCode.failure }
    }

    /// Runs everything, or up to a cancellation: then with the problems that all variants have finished.
    static func records(
        of variants: [Variant], _ problems: [GradedProblem], _ seed: UInt64, _ engines: VariantEngines,
        _ terminal: Terminal
    ) async throws -> [EvaluationRecord] {
        let progress = EvaluationProgress(variants: variants.map(\.name), each: problems.count, terminal)
        let records = Mutex<[EvaluationRecord]>([])
        do {
            var run = EvaluationRun(variants: variants, problems: problems, seeds: [seed], engines: engines)
            run.onBegin = { await progress.begin($0, $1) }
            try await progress.watching { [run] in
                try await run.run { record in
                    records.withLock { $0.append(record) }
                    await progress.count(record)
                }
            }
        } catch is CancellationError {}
        let all = records.withLock { $0 }
        let counts = Dictionary(all.map { ($0.problem, 1) }, uniquingKeysWith: +)
        return all.filter { counts[$0.problem] == variants.count }
    }
}
