internal import ArgumentParser
internal import Foundation
internal import SpecSearch

/// `specsearch solve`.
struct SolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "solve", abstract: "Solve a problem, and show how.",
        discussion: """
            The problem is the argument, or standard input. The shipped models know one kind of problem: a chain of \
            events about one person's things (try --example); for others name your own models, or bring some by models pull.

            With --input each line of a file is a problem, and each gives a line of JSON: \
            {"id", "answer", "end", "isFinished", "score", "vote", "seconds", "tokens"}, or {"id", "error"} where its search \
            failed; the next one goes on. After an interruption: solve --input FILE --resume RESULTS >> RESULTS.

            Exit status: 0 where all was solved, with or without an answer; 1 where something failed; 64 for wrong use; \
            130 after Ctrl-C, 143 after SIGTERM and 129 after SIGHUP, with the best so far printed.
            """)

    /// What `--example` solves.
    static let example =
        "Mia has 47 shells. Mia finds 68 more. Mia sells 29. Mia doubles the pile. Mia lends 54. "
        + "Mia halves the pile. Mia wins 85 more. Mia loses 37. How many shells does Mia have now?"

    @Argument(help: "The problem; - is standard input. (default: standard input)")
    var problem: String?

    @Flag(help: "Solve a built-in problem.")
    var example = false

    @Option(
        help: ArgumentHelp(
            "Write the last function of a Python program that a file begins; the examples in its description judge, by running "
                + "it here, without a sandbox. - is standard input.", valueName: "file"))
    var program: String?

    @Option(
        help: ArgumentHelp(
            "Solve the problems of a file, one a line: {\"id\", \"problem\"} or a JSON text; - is standard input.",
            valueName: "file"))
    var input: String?

    @Option(setting: "method")
    var method: String?

    @OptionGroup(title: "Search")
    var search: SearchArguments

    @OptionGroup
    var models: ModelArguments

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Flag(help: "Print the answer alone.")
    var quiet = false

    @Flag(help: "Say also what the quality of the result rests on.")
    var verbose = false

    @Option(help: .color)
    var color = Terminal.Color.auto

    @Option(help: ArgumentHelp("Write every event to a file, as JSON Lines; see view and replay.", valueName: "file"))
    var trace: String?

    @Option(
        help: ArgumentHelp(
            "Go on with the search of a trace that was interrupted, with its problem and settings; it is written on. With "
                + "--input: earlier results, whose problems are left out.",
            valueName: "file"))
    var resume: String?

    func validate() throws {
        guard [json, quiet, verbose].count(where: \.self) <= 1 else {
            throw ValidationError("--json, --quiet and --verbose go one without the others.")
        }
        let files = [("--input", input), ("--trace", trace), ("--resume", resume), ("--program", program)]
        for (option, path) in files where path == "" {
            throw ValidationError("\(option) is empty: name a file.")
        }
        if input != nil {
            guard problem == nil, !example, program == nil, trace == nil, !quiet, !verbose else {
                throw ValidationError(
                    "--input goes without a problem, --example, --program, --trace, --quiet and --verbose.")
            }
            _ = try search.configuration(method)
            return
        }
        guard resume == nil || (problem == nil && !example && trace == nil && method == nil && search.given.isEmpty)
        else {
            throw ValidationError("--resume goes without a problem, --trace and settings: they are the trace's.")
        }
        guard [problem != nil, example, program != nil].count(where: \.self) <= 1 else {
            throw ValidationError("Give either a problem, --example or --program.")
        }
        guard program == nil || (search.judge == nil && search.preset == nil && search.calibration == nil) else {
            throw ValidationError("--program goes without --judge, --preset and --calibration: its examples judge.")
        }
        if let problem, problem.allSatisfy(\.isWhitespace) { throw ValidationError("The problem is empty.") }
        guard problem != nil || example || program != nil || resume != nil || isatty(STDIN_FILENO) == 0 else {
            throw ValidationError("Give a problem, as the argument or on standard input, or --example.")
        }
        _ = try search.configuration(method)
    }

    func run() async throws {
        if let input { return try await solveAll(try ProblemLines(input, results: resume)) }
        let terminal = Terminal(quiet: json || quiet, color: color)
        let begun = try resume.map { try SearchTrace(contentsOf: $0) }
        let program = try program.map(ProgramProblem.init)
        let problem = try begun?.started().problem ?? program?.problem ?? Problem(text: try problemText())
        if let program, program.problem.text != problem.text {
            throw ValidationError("The trace of --resume is about another problem than --program.")
        }
        if let program, !quiet, !json { Terminal.say(program.promise) }
        if verbose { for line in try models.local.replacements() { Terminal.say(line) } }
        let writer = try (trace ?? resume).map { path in
            let inputs = try models.cluster.config.map { [$0] } ?? models.local.readFiles()
            return try TraceWriter(path: OutputFile(path, option: "--trace", inputs: inputs).path, goingOn: begun)
        }
        let ((configuration, result), interruption) = try await Interruption.guarding { [self] in
            let asked = try begun?.started().configuration?.method.rawValue ?? method
            var engine = try await models.engine(terminal, for: asked)
            if let program { engine.examples = program.rewardModel }
            let search =
                try begun.map { try Search(engine, resuming: $0) }
                ?? Search(
                    engine,
                    configuration: try program?.configuration(method, search)
                        ?? search.configuration(method, for: engine))
            let configuration = search.configuration ?? SearchConfiguration()
            let progress = LiveProgress(terminal, configuration)
            let result = try await progress.showing {
                try await search.solve(problem) { event in
                    progress.show(event)
                    writer?.write(event)
                }
            }
            return (configuration, result)
        }
        let report = SolveReport(configuration, problem, result)
        if models.runsShippedModels, !Self.isShippedKind(problem.text) { Terminal.say(Self.shippedKind) }
        if quiet {
            try StandardStreams.print(terminal.isInteractive ? result.answer?.printable ?? "" : result.answer ?? "")
        } else {
            try StandardStreams.print(json ? try report.json() : ResultText(terminal, isVerbose: verbose).text(report))
        }
        if let text = program?.shortcoming(of: result.answer, score: result.best.score) { Terminal.say(text) }
        try writer?.finish()
        if let interruption {
            if !quiet { Terminal.say(Self.howToGoOn(writer?.path, isProgram: program != nil)) }
            throw interruption
        }
    }

    /// Solves the problems of `--input` one after the other, each on a line as soon as it is done.
    private func solveAll(_ lines: ProblemLines) async throws {
        let terminal = Terminal()
        let (hasFailed, interruption) = try await Interruption.guarding { [self] in
            let engine = try await models.engine(terminal, for: method)
            let search = try Search(engine, configuration: try search.configuration(method, for: engine))
            let configuration = search.configuration ?? SearchConfiguration()
            defer { terminal.endProgress() }
            if lines.solved > 0 { terminal.phase("\(lines.solved) problems were solved before.") }
            // What is appended to a torn line would be lost with it.
            if lines.endsTorn { try StandardStreams.print() }
            var hasFailed = false
            for (index, line) in lines.left.enumerated() {
                terminal.progress("\(index + 1) of \(lines.left.count) problems: \(line.id) …")
                do {
                    let problem = try line.problem.get()
                    let result = try await search.solve(problem)
                    // What was interrupted is solved when the command goes on.
                    if result.end == .cancelled { break }
                    terminal.endProgress()
                    try StandardStreams.print(
                        json
                            ? SolveReport(configuration, problem, result).jsonLine()
                            : SolvedLine(problem, result).jsonLine())
                } catch is CancellationError {
                    break
                } catch let failure as ExitCode {
                    throw failure
                } catch {
                    if (error as? SpecSearchError)?.code == .ioFailed { throw error }
                    hasFailed = true
                    let reason = (error as? ProblemLines.Fault)?.reason ?? error.inWords
                    terminal.endProgress()
                    Terminal.say("\(line.id): \(reason)")
                    try StandardStreams.print(SolvedLine(id: line.id, error: reason).jsonLine())
                }
            }
            return hasFailed
        }
        if let interruption { throw interruption }
        if hasFailed { throw ExitCode.failure }
    }

    /// What is said where the shipped models were asked something else than they know.
    private static let shippedKind = """
        The shipped models know one kind of problem, as --example shows; their answer to another one means nothing. \
        Bring models that know more: specsearch models pull qwen2.5-coder, then solve --models qwen2.5-coder.
        """

    /// Whether a problem is of the kind that the shipped models were trained on.
    package static func isShippedKind(_ text: String) -> Bool {
        text.firstMatch(of: #/^\s*\w+ has \d+ \w+\..*How many \w+ does \w+ have now\?\s*$/#.dotMatchesNewlines()) != nil
    }

    private static func howToGoOn(_ trace: String?, isProgram: Bool) -> String {
        guard let trace else {
            return "Stopped with the best so far. With --trace FILE a search can be gone on with: solve --resume FILE."
        }
        return "Stopped with the best so far; go on with: specsearch solve --resume \(trace), and the models"
            + "\(isProgram ? " and the --program" : "") of before."
    }

    private func problemText() throws -> String {
        if example { return Self.example }
        if let problem, problem != "-" { return problem }
        let problem = try StandardStreams.readText().trimmingCharacters(in: .whitespacesAndNewlines)
        guard !problem.isEmpty else { throw ValidationError("Standard input holds no problem.") }
        return problem
    }
}

/// The report of one search: its result, with what it was asked.
struct SolveReport: Encodable {
    let method: SearchMethod
    let problem: Problem
    let result: SearchResult
    /// What the search may say about its quality; nil for methods without rejection.
    let quality: QualityReport?

    init(_ configuration: SearchConfiguration, _ problem: Problem, _ result: SearchResult) {
        (method, self.problem, self.result) = (configuration.method, problem, result)
        quality = configuration.rejects ? result.outcome.quality(configuration.rejection) : nil
    }

    private enum CodingKeys: CodingKey { case id, method, problem, quality }

    /// One object: the result's fields, and those of the report beside them.
    func encode(to encoder: any Encoder) throws {
        try result.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
        // As in the shorter lines of --input.
        try values.encode(problem.id, forKey: .id)
        try values.encode(method, forKey: .method)
        try values.encode(problem, forKey: .problem)
        try values.encodeIfPresent(quality, forKey: .quality)
    }
}

extension Encodable {
    /// One object for people and programs, its keys sorted.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}
