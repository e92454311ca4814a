public import ArgumentParser
internal import Foundation
internal import MathGrading
public import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import SpecSearchMeasurement

/// `specsearch sample`.
struct SampleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample", abstract: "Sample solutions of a data set, to train a reward head on.",
        discussion: """
            Writes one JSON object a line, {"sha256", "record"}: a problem with its solutions, their steps, whether each is \
            right and, with a reward model of the kind head, the hidden states at the step ends. What is in the file \
            already is not sampled again: stop at any time, and go on with the same command.
            """)

    @Option(help: ArgumentHelp("The file that the solutions are added to.", valueName: "file"))
    var output: String

    @Option(help: "Who samples: draft, or ar, the target.")
    var method = SearchMethod.draft

    @Option(help: ArgumentHelp("Solutions of each problem.", valueName: "n"))
    var count = 8

    @Option(help: ArgumentHelp("Problems in progress at once.", valueName: "n"))
    var concurrency = 1

    @Option(setting: "temperature") var temperature: String?
    @Option(setting: "top-k") var topK: String?
    @Option(setting: "top-p") var topP: String?
    @Option(setting: "max-tokens") var maxTokens: String?
    @Option(setting: "depth") var depth: String?
    @Option(setting: "seed") var seed: String?

    @OptionGroup(title: "Problems")
    var dataset: DatasetArguments

    @OptionGroup(title: "Models")
    var models: EngineArguments

    func validate() throws {
        guard method == .draft || method == .ar else {
            throw ValidationError("One model samples: --method is draft or ar.")
        }
        guard concurrency >= 1 else { throw ValidationError("--concurrency is at least 1.") }
        _ = try configuration()
    }

    func run() async throws {
        let terminal = Terminal()
        let problems = try dataset.chosen(dataset.path(models: models))
        let file = try RecordFile<SampledProblem>(URL(fileURLWithPath: output))
        if !file.damagedLines.isEmpty {
            Terminal.say("\(file.damagedLines.count) torn lines were dropped; their problems are sampled again.")
        }
        let done = Set(file.records.map(\.id))
        let left = problems.filter { !done.contains($0.problem.id) }
        let configuration = try configuration()
        let (_, interruption) = try await Interruption.guarding { [self] in
            var set = try models.modelSet()
            // Nothing of the other model is needed.
            if method == .draft { set.target = nil } else { set.draft = nil }
            try ModelTrial.check(set)
            let sampler = SolutionSampler(
                try await LlamaEngine(set, options: models.options(for: set)), configuration,
                grading: dataset.grading)
            var waiting = left[...]
            var count = problems.count - left.count
            try await withThrowingTaskGroup(of: SampledProblem.self) { group in
                func begin() {
                    if let problem = waiting.popFirst() {
                        group.addTask { try await sampler.solutions(of: problem) }
                    }
                }
                for _ in 0..<concurrency { begin() }
                while let sampled = try await group.next() {
                    try await file.append(sampled)
                    count += 1
                    let right = sampled.solutions.count(where: \.isRight)
                    terminal.phase(
                        "\(count) of \(problems.count): \(sampled.id), \(right) of \(self.count) right")
                    begin()
                }
            }
        }
        terminal.endProgress()
        if let interruption {
            Terminal.say("Stopped; the same command goes on.")
            throw interruption
        }
    }

    private func configuration() throws -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.method = method
        configuration.search = .selfConsistency
        // The vote is nobody's: all solutions are wanted, the long ones too.
        configuration.options.followsAllPaths = true
        (configuration.beams, configuration.width) = (1, count)
        try ValidationError.wrapping {
            for (key, value) in [
                ("temperature", temperature), ("top-k", topK), ("top-p", topP), ("max-tokens", maxTokens),
                ("depth", depth), ("seed", seed),
            ] {
                if let value { try configuration.apply([key: value]) }
            }
            try configuration.validate()
        }
        return configuration
    }
}

extension SearchMethod: ExpressibleByArgument {}
