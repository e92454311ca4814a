internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// What a run is to show, and by which variants.
struct RunPlan: Sendable {
    var title: String
    var question: String?
    var variants: [Variant]
    var comparisons = ComparisonPlan.all
}

/// A run that is recorded in a folder and can be resumed; what evaluate and calibrate have in common.
struct RecordingArguments: ParsableArguments {
    @Option(help: ArgumentHelp("The folder of the run.", valueName: "dir"))
    var output: String

    @Flag(help: "Go on with the run in the folder, with its settings.")
    var resume = false

    @OptionGroup(title: "Problems")
    var dataset: DatasetArguments

    @Option(help: ArgumentHelp("The seeds of the searches.", valueName: "list"))
    var seeds = "0"

    @Option(
        help: ArgumentHelp(
            "The loss of accuracy against a baseline below which a variant counts as not inferior.",
            valueName: "points"))
    var acceptedLoss = 1.0

    @Option(
        help: ArgumentHelp("Write the trace of every search into a folder; see replay and router.", valueName: "dir"))
    var traces: String?

    @Option(help: ArgumentHelp("Problems in progress at once; times are comparable only at 1.", valueName: "n"))
    var concurrency = 1

    @OptionGroup(title: "Search")
    var search: SearchArguments

    @OptionGroup
    var models: ModelArguments

    func validate() throws {
        _ = try parsedSeeds()
        guard !output.isEmpty else { throw ValidationError("--output is empty: name a folder.") }
        guard traces != "" else { throw ValidationError("--traces is empty: name a folder.") }
        guard search.seed == nil else { throw ValidationError("--seed has no effect here: give --seeds.") }
        guard (1...1 << 16).contains(concurrency) else {
            throw ValidationError("--concurrency lies in 1 ... \(1 << 16).")
        }
        guard acceptedLoss >= 0, acceptedLoss <= 100 else {
            throw ValidationError("--accepted-loss lies in 0 ... 100 points.")
        }
    }

    /// A run as far as it came.
    struct RecordedRun: Sendable {
        var manifest: RunManifest
        var records: [EvaluationRecord]
        /// Why it could not go on; nil where it is finished, or was interrupted.
        var failure: (any Error)?

        /// What the command ends with once the figures are printed: a run with a failed search has failed.
        func end(_ interruption: ExitCode?) throws {
            if let interruption { throw interruption }
            if let failure { throw failure }
            if records.contains(where: \.hasFailed) { throw ExitCode.failure }
        }
    }

    /// Runs what is planned, or goes on with it; a cancellation ends it with the records so far.
    ///
    /// - Parameter plan: Asked once, for a new run, with the settings that variants change, and with what measures the
    ///   share of drafts that a search rejects.
    func run(
        _ terminal: Terminal,
        plan: (SearchConfiguration, _ rejectionRate: () async throws -> Double) async throws -> RunPlan
    ) async throws -> RecordedRun {
        let folder = RunFolder(output)
        let begun = try resume ? folder.manifest() : nil
        // With --resume alone, traces go on to be written.
        let traces = try (traces ?? begun?.arguments.value(of: "--traces")).map(TraceFolder.init)
        // Taken before models are loaded: of two runs in one folder the second ends at once.
        var file = try begun.map { _ in try folder.records() }
        var models = self.models
        // With --resume alone, the models run as they are, too.
        if begun?.arguments.contains("--no-tune") == true { models.local.noTune = true }
        let source = try await models.source(resuming: begun.map { Set($0.models.values.map(\.path)) })
        let manifest: RunManifest
        let engines: VariantEngines
        let problems: [GradedProblem]
        if let begun {
            manifest = begun
            terminal.progress("Comparing checksums …")
            try await checkResumable(manifest, source)
            problems = try dataset.problems(manifest.dataset.path, ids: manifest.problems)
            engines = VariantEngines(problems: problems, load: source.adaptive(to: manifest.variants).engine)
            try await check(manifest.variants, engines, terminal)
        } else {
            let path = try dataset.path(models: models.local)
            let chosen = try dataset.chosen(path)
            problems = chosen
            let base = try search.calibrated(search.base(for: chosen, isJudged: source.mayHaveRewardModel))
            file = try folder.claim()
            let plan = try await plan(base) {
                let others = try dataset.others(path, than: chosen).prefix(40)
                return try await VariantEngines(problems: chosen, load: source.engine).rejectionRate(base, on: others) {
                    terminal.progress("Measuring the rejection rate: \($0) of \(others.count) …")
                }
            }
            try source.check(plan.variants)
            engines = VariantEngines(problems: problems, load: source.adaptive(to: plan.variants).engine)
            // What cannot be searched at all is known before the folder holds a run.
            try await check(plan.variants, engines, terminal)
            manifest = try await newManifest(plan, source, path, problems, terminal)
            if let file { try await folder.begin(manifest, file) }
        }
        guard let file else { throw CancellationError() }
        if begun != nil, !file.damagedLines.isEmpty {
            Terminal.say("\(file.damagedLines.count) records are damaged and left out; their searches run again.")
        }
        let done = begun == nil ? [] : file.records.filter { !$0.hasFailed }
        var run = EvaluationRun(
            variants: manifest.variants, problems: problems, seeds: manifest.seeds,
            engines: engines,
            grader: ResultGrader(mode: manifest.grading))
        if let traces { run.listening = { try traces.listener($0, $1) } }
        run.concurrency = manifest.concurrency
        let progress = EvaluationProgress(
            variants: manifest.variants.map(\.name), each: manifest.problems.count * manifest.seeds.count, done: done,
            concurrency: manifest.concurrency, terminal)
        var failure: (any Error)?
        do {
            run.onBegin = { await progress.begin($0, $1) }
            let run = run
            try await progress.watching {
                try await run.run(done: Set(done.map(\.key))) { record in
                    try await file.append(record)
                    await progress.count(record)
                }
            }
        } catch is CancellationError {
        } catch {
            failure = error
        }
        return RecordedRun(manifest: manifest, records: try folder.finishedRecords(manifest), failure: failure)
    }

    /// Makes every variant's search once: its models are loaded, and settings that they do not allow are refused.
    private func check(_ variants: [Variant], _ engines: VariantEngines, _ terminal: Terminal) async throws {
        for variant in variants {
            terminal.progress("Loading the models of \(variant.name) …")
            _ = try await engines.search(variant)
            try Task.checkCancellation()
        }
    }

    /// Says how to go on after an interruption.
    func sayHowToGoOn(_ command: String) {
        Terminal.say(
            "Stopped; go on with: specsearch \(command) --output \(output) --resume"
                + (Self.arguments().isEmpty ? "" : " and the arguments of before"))
    }

    /// A resumed run must be the run that was begun.
    private func checkResumable(_ manifest: RunManifest, _ source: EngineSource) async throws {
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
        let (backends, recorded) = (await source.backends() ?? [:], manifest.backends ?? [:])
        let areSame =
            Set(backends.keys) == Set(recorded.keys)
            && backends.allSatisfy { role, servers in
                servers.elementsEqual(recorded[role] ?? []) { $0.isSame(as: $1) }
            }
        guard areSame && source.files(of: manifest.variants) == manifest.models.mapValues(\.path) else {
            throw ValidationError(
                "This run was begun with other models; resume it with its arguments: "
                    + manifest.arguments.joined(separator: " "))
        }
        guard EngineSource.arguments(in: source.described) == EngineSource.arguments(in: manifest.engine) else {
            throw ValidationError(
                "This run was begun with its models placed otherwise, or with adapters at other scales; resume it with "
                    + "its arguments: " + manifest.arguments.joined(separator: " "))
        }
    }

    private func newManifest(
        _ plan: RunPlan, _ source: EngineSource, _ path: String, _ problems: [GradedProblem], _ terminal: Terminal
    ) async throws -> RunManifest {
        terminal.progress("Taking checksums …")
        return RunManifest(
            title: plan.title, question: plan.question, arguments: Self.arguments(),
            software: ["specsearch": SpecSearchCommand.configuration.version, "llama.cpp": LlamaEngine.libraryVersion],
            dataset: try RunManifest.File(path: path), grading: dataset.grading, problems: problems.map(\.problem.id),
            seeds: try parsedSeeds(), variants: plan.variants, comparisons: plan.comparisons,
            models: try source.files(of: plan.variants).mapValues { try RunManifest.File(path: $0) },
            backends: await source.backends(), engine: source.described,
            concurrency: concurrency, margin: acceptedLoss / 100)
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
        var rest = Array(CommandLine.arguments.dropFirst(2))
        if let place = rest.firstIndex(of: "--output") { rest.removeSubrange(place..<min(place + 2, rest.count)) }
        return ClusterArguments.withoutSecrets(rest.filter { $0 != "--resume" && !$0.hasPrefix("--output=") })
    }
}

extension [String] {
    /// The value of an option, as `--option value` or `--option=value`.
    fileprivate func value(of option: String) -> String? {
        for (index, argument) in enumerated() {
            if argument == option { return dropFirst(index + 1).first }
            if argument.hasPrefix(option + "=") { return String(argument.dropFirst(option.count + 1)) }
        }
        return nil
    }
}
