internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// `specsearch evaluate`.
struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Run variants of a search on a data set, recorded and resumable.",
        discussion: """
            Every problem is solved by every variant before the next one, in rotating order, after a warm-up. Times are \
            wall-clock seconds of the searches; loading and grading are left out. Each result is on disk, in \
            DIR/records.jsonl, before the next search begins: stop at any time, by Ctrl-C or otherwise, and go on with \
            --output DIR --resume.

            A variant is "name: key=value, …": \(Variant.keys.joined(separator: ", ")); for example \
            --variant "half: width=3, theta=0.8". Experiments are \(Experiment.all.map(\.id).joined(separator: ", ")).
            """)

    @Option(help: ArgumentHelp("The folder of the run.", valueName: "dir"))
    var output: String

    @Flag(help: "Go on with the run in the folder, with its settings.")
    var resume = false

    @OptionGroup(title: "Problems")
    var dataset: DatasetArguments

    @Option(help: ArgumentHelp("The seeds of the searches.", valueName: "list"))
    var seeds = "0"

    @Option(help: ArgumentHelp("One of the paper's experiments.", valueName: "name"))
    var experiment: String?

    @Option(help: ArgumentHelp("Methods, each a variant.", valueName: "list"))
    var methods = "ar,sps,specsearch"

    @Option(help: ArgumentHelp("A variant of the search; several times for several.", valueName: "variant"))
    var variant: [String] = []

    @Option(
        help: ArgumentHelp("Variants that the others are compared with. (default: those before)", valueName: "list"))
    var baselines: String?

    @Option(
        help: ArgumentHelp(
            "The loss of accuracy against a baseline, in points, below which a variant counts as not inferior.",
            valueName: "points"))
    var margin = 1.0

    @Option(help: ArgumentHelp("Problems in progress at once; times are comparable only at 1.", valueName: "n"))
    var concurrency = 1

    @OptionGroup(title: "Search")
    var search: SearchArguments

    @OptionGroup(title: "Models")
    var engine: EngineArguments

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func validate() throws {
        _ = try parsedSeeds()
        guard concurrency >= 1 else { throw ValidationError("--concurrency is at least 1.") }
        guard margin >= 0, margin <= 100 else { throw ValidationError("--margin lies in 0 ... 100 points.") }
        if let experiment, Experiment(id: experiment) == nil {
            throw ValidationError(
                "There is no experiment \(experiment); there are \(Experiment.all.map(\.id).joined(separator: ", ")).")
        }
        var base = SearchConfiguration()
        base.method = .specsearch
        for text in variant { _ = try Variant(text, base: base) }
    }

    func run() async throws {
        let terminal = Terminal(quiet: json)
        let folder = RunFolder(output)
        let (summary, interrupted) = try await Interruption.guarding { [self] in
            try await evaluate(folder, terminal)
        }
        terminal.endProgress()
        if interrupted { Terminal.say("Stopped; go on with: specsearch evaluate --output \(output) --resume") }
        print(try json ? summary.json() : SummaryText(summary).text)
        if interrupted { throw Interruption.exitCode }
    }

    private func evaluate(_ folder: RunFolder, _ terminal: Terminal) async throws -> RunSummary {
        let models = try engine.modelSet()
        let engines = EngineSet(models, options: engine.options)
        let manifest: RunManifest
        let file: RecordFile<EvaluationRecord>
        if resume {
            manifest = try folder.manifest()
            try checkResumable(manifest)
            file = try folder.records()
        } else {
            try folder.checkEmpty()
            manifest = try await newManifest(models, engines, terminal)
            file = try folder.begin(manifest)
        }
        if !file.damagedLines.isEmpty {
            Terminal.say("\(file.damagedLines.count) torn records were dropped; their searches run again.")
        }
        let problems = try ProblemSet(contentsOf: URL(fileURLWithPath: manifest.dataset.path))
            .problems(ids: manifest.problems)
        let run = EvaluationRun(
            variants: manifest.variants, problems: problems, seeds: manifest.seeds, concurrency: manifest.concurrency,
            engines: engines)
        let progress = EvaluationProgress(
            variants: manifest.variants.map(\.name), each: problems.count * manifest.seeds.count,
            done: file.records.filter { $0.verdict != .failed }, concurrency: manifest.concurrency, terminal)
        do {
            try await run.run(done: Set(file.records.filter { $0.verdict != .failed }.map(\.key))) { record in
                try await file.append(record)
                await progress.count(record)
            }
        } catch is CancellationError {}
        return RunSummary(try folder.finishedRecords(manifest), manifest)
    }

    /// A resumed run must be the run that was begun.
    private func checkResumable(_ manifest: RunManifest) throws {
        let given = Self.arguments()
        guard given.isEmpty || given == manifest.arguments else {
            throw ValidationError(
                """
                This run was begun with "\(manifest.arguments.joined(separator: " "))"; resume it with the same, or \
                with --output and --resume alone.
                """)
        }
        for (what, file) in manifest.models {
            guard try RunManifest.File(path: file.path) == file else {
                throw ValidationError("The file of the \(what), \(file.path), is not the one that the run began with.")
            }
        }
        guard try RunManifest.File(path: manifest.dataset.path) == manifest.dataset else {
            throw ValidationError("\(manifest.dataset.path) has changed since the run began.")
        }
    }

    private func newManifest(
        _ models: ModelSet, _ engines: EngineSet, _ terminal: Terminal
    ) async throws -> RunManifest {
        let path = try dataset.path(models: engine)
        let problems = try dataset.chosen(path)
        let experiment = experiment.flatMap(Experiment.init(id:))
        let base = search.configuration(.specsearch, for: models)
        var variants: [Variant]
        if let experiment {
            var rate = 0.0
            if experiment.needsRejectionRate {
                rate = try await Pilot(engines: engines, terminal: terminal)
                    .rejectionRate(base, dataset.others(path, than: problems))
            }
            variants = try experiment.variants(base: base, rejectionRate: rate)
        } else if variant.isEmpty {
            variants = try methods.split(separator: ",").map { try Variant(String($0), base: base) }
        } else {
            variants = try variant.map { try Variant($0, base: base) }
        }
        guard !variants.isEmpty, Set(variants.map(\.name)).count == variants.count else {
            throw ValidationError("There must be at least one variant, and each needs a name of its own.")
        }
        terminal.progress("Taking checksums …")
        return RunManifest(
            title: experiment?.title ?? "Evaluation on \(URL(fileURLWithPath: path).lastPathComponent)",
            question: experiment?.question, arguments: Self.arguments(),
            software: ["specsearch": SpecSearchCommand.configuration.version, "llama.cpp": LlamaEngine.libraryVersion],
            dataset: try RunManifest.File(path: path), grading: "strict",
            problems: problems.map(\.problem.id), seeds: try parsedSeeds(), variants: variants,
            baselines: baselines.map { $0.split(separator: ",").map(String.init) } ?? experiment?.baselines,
            models: try EngineSet.files(models, variants).mapValues { try RunManifest.File(path: $0) },
            engine: engine.options.described, concurrency: concurrency, margin: margin / 100)
    }

    private func parsedSeeds() throws -> [UInt64] {
        let parsed = try seeds.split(separator: ",").map { text in
            guard let seed = UInt64(text) else { throw ValidationError("--seeds is a list such as 0,1,2.") }
            return seed
        }
        guard !parsed.isEmpty, Set(parsed).count == parsed.count else {
            throw ValidationError("--seeds names at least one seed, and each once.")
        }
        return parsed
    }

    /// The command's arguments but for the folder and --resume.
    private static func arguments() -> [String] {
        var rest = CommandLine.arguments.dropFirst(2).filter { $0 != "--resume" && !$0.hasPrefix("--output=") }
        if let place = rest.firstIndex(of: "--output") { rest.removeSubrange(place...min(place + 1, rest.count - 1)) }
        return Array(rest)
    }
}
