public import ArgumentParser
internal import Foundation
internal import SpecSearchLlama

/// The `specsearch` command.
public struct SpecSearchCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "specsearch",
        abstract: "Tree search with large language models, sped up by speculation on thoughts and on tokens.",
        discussion: """
            A small model drafts reasoning steps, a process reward model scores them, and a large model generates \
            only what was rejected (SpecSearch, ICML 2025).

            Defaults of your own stand in ~/.config/specsearch/config.json: {"models": "NAME", "solve": {"beams": 4}}; \
            SPECSEARCH_CONFIG names another file. Exit status: 0 for success, 1 for a failure, 64 for wrong use, 128 and the \
            signal's number where one ended it.
            """,
        version: "0.1.0",
        subcommands: [
            SolveCommand.self, BenchCommand.self, EvaluateCommand.self, CalibrateCommand.self, RouterCommand.self,
            ReportCommand.self,
            GradeCommand.self, ScoreCommand.self, SampleCommand.self, ReplayCommand.self, ModelsCommand.self,
            ServeCommand.self, ViewCommand.self,
            TuneCommand.self, PlanCommand.self, TokenizeCommand.self, DoctorCommand.self,
            DevicesCommand.self,
        ])

    public init() {}

    /// The arguments of this process with the user's defaults among them; ends the process where these are wrong.
    package static func arguments() -> [String] {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            return try DefaultArguments.merged(arguments, environment: ProcessInfo.processInfo.environment)
        } catch { exit(withError: error) }
    }

    /// To be called before anything else: lets threads of a forward pass that wait for one another soon sleep, opens standard
    /// streams that are closed, and lets models be tried in processes of their own.
    package static func limitWaiting() {
        Processor.limitWaiting(arguments: CommandLine.unsafeArgv)
        StandardStreams.open()
        ModelTrial.enable()
    }
}
