public import ArgumentParser
public import SpecSearch
internal import SpecSearchLlama

extension SearchMethod: ExpressibleByArgument {}
extension SpeculativeThoughtGenerator.Correction: ExpressibleByArgument {}

extension ThresholdEstimator: ExpressibleByArgument {
    public init?(argument: String) { self.init(name: argument) }
}

/// How to search; what solve and bench have in common.
struct SearchArguments: ParsableArguments {
    @Option(help: "Paths that are followed side by side.")
    var beams = 2

    @Option(help: "Thoughts for each of them at every step.")
    var width = 6

    @Option(help: "The most steps of a path.")
    var depth = 50

    @Option(help: "Drafts at every step, as a multiple of the width.")
    var draftFactor = 2

    @Option(help: "The weight of the threshold so far when it is updated, 0 ... 1.")
    var theta = 0.9

    @Option(
        help: """
            The estimate of the target's quality that sets the threshold: max, mean, ucb[:z], quantile:q; for \
            comparison fixed:x, random:rate, none, infinite.
            """)
    var estimator = ThresholdEstimator.maximum

    @Option(help: "What the target writes anew: fill, all or cover.")
    var correction = SpeculativeThoughtGenerator.Correction.fill

    @Option(help: "The sampling temperature. (default: what suits the models)")
    var temperature: Double?

    @Option(help: "The seed of all random numbers.")
    var seed: UInt64 = 0

    @Option(help: ArgumentHelp("The most tokens of a step. (default: what suits the models)", valueName: "tokens"))
    var maxTokens: Int?

    @Option(help: ArgumentHelp("End with the best so far after this time.", valueName: "seconds"))
    var deadline: Double?

    func validate() throws {
        let rules: [(Bool, String)] = [
            (beams >= 1, "--beams is at least 1."), (width >= 1, "--width is at least 1."),
            (depth >= 1, "--depth is at least 1."), (draftFactor >= 1, "--draft-factor is at least 1."),
            ((0...1).contains(theta), "--theta lies in 0 ... 1."),
            (temperature.map { $0 >= 0 && $0.isFinite } ?? true, "--temperature is not negative."),
            (maxTokens.map { $0 >= 1 } ?? true, "--max-tokens is at least 1."),
            (deadline.map { $0 > 0 && $0.isFinite } ?? true, "--deadline is more than 0 seconds."),
        ]
        for (holds, message) in rules where !holds { throw ValidationError(message) }
    }

    /// The settings of one method, with what suits the models where the user said nothing.
    func configuration(_ method: SearchMethod, for models: ModelSet) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.method = method
        configuration.beams = beams
        configuration.maximumDepth = depth
        configuration.speculation.width = width
        configuration.speculation.draftFactor = draftFactor
        configuration.speculation.correction = correction
        configuration.speculation.rejection = RejectionPolicy(estimator: estimator, theta: theta)
        configuration.sampling = models.samplingParameters
        if let temperature { configuration.sampling.temperature = temperature }
        if let maxTokens { configuration.sampling.maximumTokens = maxTokens }
        configuration.seed = seed
        configuration.budget.seconds = deadline
        configuration.answerPrefix = models.answerPrefix.isEmpty ? nil : models.answerPrefix
        return configuration
    }
}

extension LlamaEngine {
    /// This engine's models for one method: AR writes token by token, SpS and SpecSearch speculate on tokens.
    nonisolated func models(for method: SearchMethod) -> SearchModels {
        SearchModels(draft: draft, target: method == .ar ? target : speculativeTarget, evaluator: evaluator)
    }
}
