internal import ArgumentParser
internal import Foundation
internal import SpecSearch

/// `specsearch solve`.
struct SolveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "solve", abstract: "Solve a problem, and show how.",
        discussion: """
            The problem is the argument, or standard input. The shipped models know one kind of problem: a chain of \
            events about one person's things (try --example); for others name your own models.
            """)

    /// What `--example` solves.
    static let example =
        "Mia has 47 shells. Mia finds 68 more. Mia sells 29. Mia doubles the pile. Mia lends 54. "
        + "Mia halves the pile. Mia wins 85 more. Mia loses 37. How many shells does Mia have now?"

    @Argument(help: "The problem. (default: standard input)")
    var problem: String?

    @Flag(help: "Solve a built-in problem.")
    var example = false

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

    @Option(help: ArgumentHelp("Write every event to a file, as JSON Lines; see view and replay.", valueName: "file"))
    var trace: String?

    @Option(
        help: ArgumentHelp(
            "Go on with the search of a trace that was interrupted, with its problem and settings; it is written on.",
            valueName: "file"))
    var resume: String?

    func validate() throws {
        guard [json, quiet, verbose].count(where: \.self) <= 1 else {
            throw ValidationError("--json, --quiet and --verbose go one without the others.")
        }
        guard resume == nil || (problem == nil && !example && trace == nil && method == nil && search.given.isEmpty)
        else {
            throw ValidationError("--resume goes without a problem, --trace and settings: they are the trace's.")
        }
        guard problem == nil || !example else { throw ValidationError("Give either a problem or --example.") }
        if let problem, problem.allSatisfy(\.isWhitespace) { throw ValidationError("The problem is empty.") }
        guard problem != nil || example || resume != nil || isatty(STDIN_FILENO) == 0 else {
            throw ValidationError("Give a problem, as the argument or on standard input, or --example.")
        }
        _ = try search.configuration(method)
    }

    func run() async throws {
        let terminal = Terminal(quiet: json || quiet)
        let begun = try resume.map { try SearchTrace(contentsOf: $0) }
        let problem = try begun?.started().problem ?? Problem(text: try problemText())
        if verbose { for line in try models.local.replacements() { Terminal.say(line) } }
        let writer = try (trace ?? resume).map { try TraceWriter(path: $0, goingOn: begun) }
        let ((configuration, result), interruption) = try await Interruption.guarding { [self] in
            let asked = try begun.map { try $0.started().configuration?.method } ?? method.flatMap(SearchMethod.init)
            let engine = try await models.engine(terminal, isAdaptive: asked ?? .auto == .auto)
            let search =
                try begun.map { try Search(engine, resuming: $0) }
                ?? Search(engine, configuration: try search.configuration(method, for: engine))
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
        if quiet {
            print(terminal.isInteractive ? result.answer?.printable ?? "" : result.answer ?? "")
        } else {
            print(json ? try report.json() : ResultText(terminal, isVerbose: verbose).text(report))
        }
        try writer?.finish()
        if let interruption {
            if !quiet { Terminal.say(Self.howToGoOn(writer?.path)) }
            throw interruption
        }
    }

    private static func howToGoOn(_ trace: String?) -> String {
        guard let trace else {
            return "Stopped with the best so far. With --trace FILE a search can be gone on with: solve --resume FILE."
        }
        return "Stopped with the best so far; go on with: specsearch solve --resume \(trace), and the models of before."
    }

    private func problemText() throws -> String {
        if example { return Self.example }
        if let problem { return problem }
        let data = FileHandle.standardInput.readDataToEndOfFile()
        guard let text = String(data: data, encoding: .utf8) else {
            throw ValidationError("Standard input is not UTF-8 text.")
        }
        let problem = text.trimmingCharacters(in: .whitespacesAndNewlines)
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

    private enum CodingKeys: CodingKey { case method, problem, quality }

    /// One object: the result's fields, and those of the report beside them.
    func encode(to encoder: any Encoder) throws {
        try result.encode(to: encoder)
        var values = encoder.container(keyedBy: CodingKeys.self)
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
