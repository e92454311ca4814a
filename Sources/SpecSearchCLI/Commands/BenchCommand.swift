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

    @Option(help: ArgumentHelp("The methods, each compared with those before it.", valueName: "list"))
    var methods = "ar,sps,specsearch"

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

    private func parsedMethods() throws -> [SearchMethod] {
        let parsed = try methods.split(separator: ",").map { name in
            guard let method = SearchMethod(rawValue: String(name)) else {
                throw ValidationError("There is no method \(name); choose from ar, sps, specsearch and draft.")
            }
            return method
        }
        guard !parsed.isEmpty, Set(parsed).count == parsed.count else {
            throw ValidationError("--methods names at least one method, and each once.")
        }
        return parsed
    }

    func validate() throws {
        _ = try parsedMethods()
        guard models.cluster.config == nil || !measurement.isAny else {
            throw ValidationError(
                "--engine, --profile, --concurrency and --shape look into the embedded engine, and go without --config; "
                    + "evaluate --concurrency runs problems side by side on servers.")
        }
        guard limit >= 1 else { throw ValidationError("--limit is at least 1.") }
    }

    func run() async throws {
        let terminal = Terminal()
        let methods = try parsedMethods()
        let chosen = try heldOut.sample(limit, of: models.engine, seed: search.seed)
        if measurement.isAny {
            let (text, _) = try await Interruption.guarding { [self] in
                let engine = try await models.engine.load(terminal, for: search.search)
                let judge = try engine.evaluator(search.judging, problems: chosen)
                let searches = try methods.map {
                    (
                        $0.rawValue,
                        Search(
                            try search.configuration($0, for: engine.models),
                            models: engine.models(for: $0, judge: judge))
                    )
                }
                terminal.progress("Measuring …")
                defer { terminal.endProgress() }
                return try await measurement.run(engine, problems: chosen, searches: searches, json: json)
            }
            return print(text)
        }
        let (records, interrupted) = try await Interruption.guarding { [self] in
            try await measure(chosen, methods, terminal)
        }
        terminal.endProgress()
        let summary = RunSummary(records, variants: methods.map(\.rawValue))
        print(try json ? summary.json() : SummaryText(summary).text)
        if interrupted { throw Interruption.exitCode }
    }

    /// Runs everything, or up to a cancellation: then with the problems that all methods have finished.
    private func measure(
        _ problems: [GradedProblem], _ methods: [SearchMethod], _ terminal: Terminal
    ) async throws -> [EvaluationRecord] {
        let engines = try await models.engines()
        let variants = try methods.map {
            Variant(name: $0.rawValue, configuration: try search.configuration($0, for: engines.models))
        }
        let progress = EvaluationProgress(variants: methods.map(\.rawValue), each: problems.count, terminal)
        let records = Mutex<[EvaluationRecord]>([])
        do {
            try await EvaluationRun(variants: variants, problems: problems, seeds: [search.seed], engines: engines)
                .run { record in
                    records.withLock { $0.append(record) }
                    await progress.count(record)
                }
        } catch is CancellationError {}
        let all = records.withLock { $0 }
        let counts = Dictionary(all.map { ($0.problem, 1) }, uniquingKeysWith: +)
        return all.filter { counts[$0.problem] == methods.count }
    }
}
