internal import ArgumentParser
internal import Foundation
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

    func run() async throws {
        guard let data = FileManager.default.contents(atPath: file) else {
            throw EngineError(.badSetting, "The trace \(file) cannot be read.", remedy: "Is it there?")
        }
        let trace = try SearchTrace(data: data)
        let result = try await TraceReplay(trace).run()
        if case .finished(let recorded)? = trace.events.last, !Self.agree(recorded, result) {
            throw EngineError(
                .mismatch, "The replay of \(file) does not give the recorded result.",
                remedy: "The trace was edited, or written by another version.")
        }
        guard case .started(let started)? = trace.events.first else { return }
        let configuration = started.configuration
        let report = SolveReport(
            method: configuration.method, problem: started.problem, result: result,
            policy: configuration.speculation.rejection)
        print(json ? try report.json() : ResultText(Terminal()).text(report))
    }

    private static func agree(_ recorded: SearchResult, _ replayed: SearchResult) -> Bool {
        var (recorded, replayed) = (recorded.withoutTimes, replayed.withoutTimes)
        // Traces from before the accounts by depth held deviations cannot agree in them.
        if recorded.depths.allSatisfy({ $0.targetDeviation == nil }) { (recorded.depths, replayed.depths) = ([], []) }
        return recorded == replayed
    }
}
