internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchLlama
internal import Synchronization

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

    @Option(help: "Who writes the steps: specsearch, sps, ar or draft.")
    var method = SearchMethod.specsearch

    @OptionGroup(title: "Search")
    var search: SearchArguments

    @OptionGroup
    var models: ModelArguments

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Option(help: ArgumentHelp("Write every event to a file, as JSON Lines; see replay.", valueName: "file"))
    var trace: String?

    func validate() throws {
        guard problem == nil || !example else { throw ValidationError("Give either a problem or --example.") }
        if let problem, problem.allSatisfy(\.isWhitespace) { throw ValidationError("The problem is empty.") }
        guard problem != nil || example || isatty(STDIN_FILENO) == 0 else {
            throw ValidationError("Give a problem, as the argument or on standard input, or --example.")
        }
    }

    func run() async throws {
        let problem = Problem(text: try problemText())
        let terminal = Terminal(quiet: json)
        let writer = try trace.map { try TraceWriter(path: $0) }
        let (result, interrupted) = try await Interruption.guarding { [self] in
            let (set, models) = try await models.load(terminal, for: search)
            let progress = LiveProgress(terminal)
            let search = Search(try search.configuration(method, for: set), models: models(method))
            defer { terminal.endProgress() }
            return try await search.run(problem) { event in
                progress.show(event)
                writer?.write(event)
            }
        }
        try writer?.finish()
        let report = SolveReport(method: method, problem: problem, result: result, policy: try search.rejection())
        print(json ? try report.json() : ResultText(terminal).text(report))
        if interrupted { throw Interruption.exitCode }
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

/// One search as it is shown.
struct SolveReport: Encodable {
    let method: SearchMethod
    let problem: Problem
    let result: SearchResult
    /// What the search may say about its quality; nil for methods without rejection.
    let quality: QualityReport?

    init(method: SearchMethod, problem: Problem, result: SearchResult, policy: RejectionPolicy) {
        (self.method, self.problem, self.result) = (method, problem, result)
        quality = method == .specsearch ? result.quality(policy) : nil
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
