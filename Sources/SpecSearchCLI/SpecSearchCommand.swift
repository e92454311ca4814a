public import ArgumentParser
internal import SpecSearchLlama

/// The `specsearch` command.
public struct SpecSearchCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "specsearch",
        abstract: "Tree search with large language models, sped up by speculation on thoughts and on tokens.",
        discussion: """
            A small model drafts reasoning steps, a process reward model scores them, and a large model generates \
            only what was rejected (SpecSearch, ICML 2025).
            """,
        version: "0.1.0",
        subcommands: [
            SolveCommand.self, BenchCommand.self, EvaluateCommand.self, CalibrateCommand.self, ReportCommand.self,
            GradeCommand.self, ScoreCommand.self, SampleCommand.self, ReplayCommand.self, ModelsCommand.self,
            ServeCommand.self, ViewCommand.self,
            TuneCommand.self, PlanCommand.self, TokenizeCommand.self, DoctorCommand.self,
            DevicesCommand.self,
        ])

    public init() {}

    /// To be called before anything else: lets threads of a forward pass that wait for one another soon sleep.
    package static func limitWaiting() { Processor.limitWaiting(arguments: CommandLine.unsafeArgv) }
}
