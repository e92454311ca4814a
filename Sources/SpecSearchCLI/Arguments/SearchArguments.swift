public import ArgumentParser
internal import Foundation
public import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

extension SearchMethod: ExpressibleByArgument {}
extension SpeculativeThoughtGenerator.Correction: ExpressibleByArgument {}

extension SearchKind: ExpressibleByArgument {}
extension TreePolicy: ExpressibleByArgument {}
extension AnswerRule: ExpressibleByArgument {}

extension StepJudge: ExpressibleByArgument {}

extension RejectionRule {
    /// Whether it is GSI's, which is more than a threshold.
    var isGuided: Bool {
        if case .guided = estimator { true } else { false }
    }

    /// Reads a rule's name.
    ///
    /// - Throws: `ValidationError`, which says what is known.
    static func parse(_ name: String) throws -> RejectionRule {
        guard let rule = RejectionRule(name: name) else {
            throw ValidationError(
                "There is no estimator \(name): specreason[:points], \(ThresholdEstimator.names) are known.")
        }
        return rule
    }
}

/// How to search; what solve and bench have in common.
struct SearchArguments: ParsableArguments {
    @Option(
        help: """
            How the tree is searched: beam; mcts, or mcts-openr as the OpenR framework does; dvts (one path in each of \
            --beams subtrees); rebase (beams × width thoughts a depth, shared by score); best-of-n (beams × width \
            chains) and self-consistency (the same, by majority).
            """)
    var search = SearchKind.beam

    @Option(help: "Paths that are followed side by side.")
    var beams = 2

    @Option(help: "Thoughts for each of them at every step.")
    var width = 6

    @Option(help: "The most steps of a path.")
    var depth = 50

    @Option(help: ArgumentHelp("Iterations of mcts (default: 32) and mcts-openr (default: 4).", valueName: "n"))
    var iterations: Int?

    @Option(help: "How mcts goes down its tree: puct or uct.")
    var treePolicy = TreePolicy.puct

    @Option(help: ArgumentHelp("How much mcts explores. (default: 1.25; for uct 1.414)", valueName: "c"))
    var exploration: Double?

    @Option(help: "The temperature of rebase's shares.")
    var rebaseTemperature = 0.2

    @Option(help: ArgumentHelp("Greedy steps beyond each thought that only serve its score.", valueName: "steps"))
    var lookahead = 0

    @Option(help: "The answer: best (path), vote (by score) or majority. (default: what suits the search)")
    var answer: AnswerRule?

    @Option(help: "Drafts at every step, as a multiple of the width.")
    var draftFactor = 2

    @Option(help: "The weight of the threshold so far when it is updated, 0 ... 1. (default: 0.9)")
    var theta: Double?

    @Option(
        help: """
            The estimate of the target's quality that sets the threshold: max, mean, ucb[:z], quantile:q; for \
            comparison fixed:x, rsd[:x] (a constant 0.7), specreason[:points] (7 of the target's 9), gsi[:beta:x] \
            (20 and 0.5), random:rate, none, infinite. (default: max)
            """,
        transform: RejectionRule.parse)
    var estimator: RejectionRule?

    @Option(
        help: """
            Who scores steps: prm; target, which is asked for a grade; or examples, on which programs are run (for \
            humaneval). (default: what suits the estimator)
            """)
    var judge: StepJudge?

    @Option(help: "How far below the threshold a draft may score and still be kept, -1 ... 1. (default: 0)")
    var margin: Double?

    @Option(
        help: ArgumentHelp(
            "A file by calibrate, in place of --theta, --estimator and --margin.", valueName: "file"))
    var calibration: String?

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

    @Option(
        help: ArgumentHelp("End with the best so far before the search asks for more thoughts.", valueName: "thoughts"))
    var thoughtBudget: Int?

    @Option(
        help: ArgumentHelp("End with the best so far once the models have evaluated these.", valueName: "tokens"))
    var tokenBudget: Int?

    func validate() throws {
        let rules: [(Bool, String)] = [
            (beams >= 1, "--beams is at least 1."), (width >= 1, "--width is at least 1."),
            (depth >= 1, "--depth is at least 1."), (draftFactor >= 1, "--draft-factor is at least 1."),
            (theta.map { (0...1).contains($0) } ?? true, "--theta lies in 0 ... 1."),
            (margin.map { (-1...1).contains($0) } ?? true, "--margin lies in -1 ... 1."),
            (temperature.map { $0 >= 0 && $0.isFinite } ?? true, "--temperature is not negative."),
            (maxTokens.map { $0 >= 1 } ?? true, "--max-tokens is at least 1."),
            (deadline.map { $0 > 0 && $0.isFinite } ?? true, "--deadline is more than 0 seconds."),
            (thoughtBudget.map { $0 >= 1 } ?? true, "--thought-budget is at least 1."),
            (tokenBudget.map { $0 >= 1 } ?? true, "--token-budget is at least 1."),
            (iterations.map { $0 >= 1 } ?? true, "--iterations is at least 1."),
            (exploration.map { $0 >= 0 && $0.isFinite } ?? true, "--exploration is not negative."),
            (rebaseTemperature > 0 && rebaseTemperature.isFinite, "--rebase-temperature is more than 0."),
            (lookahead >= 0, "--lookahead is not negative."),
            (lookahead == 0 || search != .selfConsistency, "self-consistency has no scores for --lookahead."),
            (
                calibration == nil || (theta == nil && estimator == nil && margin == nil),
                "--calibration goes without --theta, --estimator and --margin: it is certified as it is."
            ),
            (
                judge == nil || estimator?.judge == nil || judge == estimator?.judge,
                "specreason is a rule for the target's grades: it goes without --judge."
            ),
        ]
        for (holds, message) in rules where !holds { throw ValidationError(message) }
    }

    /// Who scores steps.
    var judging: StepJudge { judge ?? estimator?.judge ?? .rewardModel }

    /// The rejection rule that was asked for.
    ///
    /// - Throws: ``CalibrationFile/LoadError``.
    func rejection() throws -> RejectionPolicy {
        if let calibration { return try CalibrationFile(contentsOf: URL(fileURLWithPath: calibration)).policy }
        let usual = RejectionPolicy()
        return RejectionPolicy(
            estimator: estimator?.estimator ?? usual.estimator, theta: theta ?? usual.theta,
            margin: margin ?? usual.margin)
    }

    /// The settings of one method, with what suits the models where the user said nothing.
    func configuration(_ method: SearchMethod, for models: ModelSet) throws -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.method = method
        configuration.search = search
        configuration.iterations = iterations
        configuration.treePolicy = treePolicy
        configuration.exploration = exploration
        configuration.balanceTemperature = rebaseTemperature
        configuration.lookahead = lookahead
        configuration.answerRule = answer
        configuration.budget.thoughts = thoughtBudget
        configuration.budget.tokens = tokenBudget
        configuration.beams = beams
        configuration.maximumDepth = depth
        configuration.speculation.width = width
        configuration.speculation.draftFactor = draftFactor
        configuration.speculation.correction = correction
        configuration.speculation.rejection = try rejection()
        configuration.judge = judging
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
    ///
    /// - Parameter judge: Who scores steps; nil for the reward model.
    nonisolated func models(for method: SearchMethod, judge: (any ThoughtEvaluator)? = nil) -> SearchModels {
        SearchModels(draft: draft, target: largeModel(for: method), evaluator: judge ?? evaluator)
    }

    /// The target as one method has it write; SpecSearch's corrections are its own where the models' vocabularies differ.
    nonisolated func largeModel(for method: SearchMethod) -> any ThoughtSampler {
        method == .ar || (method != .sps && !pairsAtTokenLevel) ? target : speculativeTarget
    }

    /// Who scores steps.
    ///
    /// - Parameter problems: What the search may be about, with their examples.
    /// - Throws: ``EngineError`` `badSetting` where nothing can be run.
    nonisolated func evaluator(
        _ judge: StepJudge, problems: [GradedProblem] = []
    ) throws(EngineError) -> any ThoughtEvaluator {
        switch judge {
        case .rewardModel: evaluator
        case .target: GradingEvaluator(grader)
        case .examples: try ExampleEvaluator.judging(problems)
        }
    }
}

extension ExampleEvaluator {
    /// One for problems with programs.
    static func judging(_ problems: [GradedProblem]) throws(EngineError) -> ExampleEvaluator {
        guard problems.contains(where: { $0.codeTask != nil }) else {
            throw EngineError(
                .badSetting, "There are no examples to run programs on.",
                remedy: "The judge examples goes with evaluate --dataset humaneval.")
        }
        return ExampleEvaluator(problems)
    }
}
