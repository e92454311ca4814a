internal import ArgumentParser
internal import SpecSearch

/// `specsearch replay`.
struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "Run a recorded search again, without any model.",
        discussion: "Fails if the trace of solve --trace is damaged, or does not give the recorded result.")

    @Argument(help: "The trace.")
    var file: String

    @Flag(help: "Print the result as JSON.")
    var json = false

    @Option(help: .color)
    var color = Terminal.Color.auto

    func run() async throws {
        let trace = try SearchTrace(contentsOf: file)
        let started = try trace.started()
        let result = try await TraceReplay(trace).run()
        guard case .finished(let recorded)? = trace.events.last else {
            throw SpecSearchError(
                .badTrace, "The trace \(file) ends before its search did.",
                remedy: "Go on with the search: solve --resume \(file).")
        }
        if recorded.withoutTimes != result.outcome.withoutTimes {
            throw SpecSearchError(
                .mismatch, "The replay of \(file) does not give the recorded result.",
                remedy: "The trace was edited, or is of another version.")
        }
        let report = SolveReport(started.configuration ?? SearchConfiguration(), started.problem, result)
        try StandardStreams.print(json ? try report.json() : ResultText(Terminal(color: color)).text(report))
    }
}
