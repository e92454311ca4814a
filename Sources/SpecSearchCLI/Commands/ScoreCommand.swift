internal import ArgumentParser
internal import Foundation
internal import SpecSearch
internal import SpecSearchLlama

/// `specsearch score`.
struct ScoreCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "score", abstract: "Score the steps of solutions with a reward model.",
        discussion: """
            Reads JSON Lines of {"problem", "steps"}, the steps as texts, and prints each line with "scores", one for each \
            step, and "score", the path's. The last step is the solution's end unless "finished" is false. A line that \
            cannot be scored is printed with "error", named on stderr, and makes the exit status 1.
            """)

    @Argument(help: ArgumentHelp("The file; - is standard input.", valueName: "file"))
    var file = "-"

    @Option(setting: "judge")
    var judge: String?

    @Option(setting: "aggregation")
    var aggregation: String?

    @OptionGroup
    var models: ModelArguments

    func validate() throws { _ = try configuration() }

    func run() async throws {
        let terminal = Terminal()
        try LineReader.read(from: file)
        let configuration = try configuration()
        let (hasFailed, interruption) = try await Interruption.guarding { [self] in
            let source = try await models.source()
            terminal.progress("Loading \(source.models.name) …")
            let engine = try await source.engine().judged(by: configuration.judge)
            terminal.endProgress()
            guard let rewardModel = engine.rewardModel else {
                throw SpecSearchError.missingRewardModel(of: engine.defaults.name)
            }
            let scoring = ScoringLine(
                rewardModel, aggregation: configuration.options.aggregation, delimiter: source.models.delimiter)
            var hasFailed = false
            var number = 0
            while let line = readLine() {
                try Task.checkCancellation()
                number += 1
                if line.allSatisfy(\.isWhitespace) { continue }
                let result = try await scoring.scored(line)
                if let error = result.error {
                    hasFailed = true
                    Terminal.say("line \(number): \(error)")
                }
                try StandardStreams.print(result.line)
            }
            try StandardStreams.checkEnd()
            return hasFailed
        }
        if let interruption { throw interruption }
        if hasFailed { throw ExitCode(1) }
    }

    /// The settings that say who scores, and how.
    private func configuration() throws -> SearchConfiguration {
        var configuration = SearchConfiguration()
        try ValidationError.wrapping {
            for (key, value) in [("judge", judge), ("aggregation", aggregation)] {
                if let value { try configuration.apply([key: value]) }
            }
            if configuration.judge == .examples { _ = try Engine().judged(by: .examples) }
        }
        return configuration
    }
}
