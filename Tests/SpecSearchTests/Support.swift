import SpecSearch
import SpecSearchTesting

/// A toy family: every step is one of four letters, three steps and then an end; a letter's score is fixed.
enum Toy {
    static let scores: [Character: Double] = ["a": 0.9, "b": 0.7, "c": 0.5, "d": 0.2, "E": 0.8]

    static func sampler(
        _ role: ModelRole, weights: [Double] = [0.1, 0.2, 0.3, 0.4], steps: Int = 3, delay: Duration? = nil
    ) -> ScriptedSampler {
        ScriptedSampler(role, delay: delay) { path in
            if path.depth >= steps { return [.init("E\(path.depth)", stop: .endOfSequence)] }
            // The depth makes the text of a step differ from that of the step before.
            return zip("abcd", weights).map { .init("\($0)\(path.depth)\n\n", weight: $1) }
        }
    }

    static func evaluator(_ aggregation: ScoreAggregation = .mean) -> ScriptedEvaluator {
        ScriptedEvaluator(aggregation: aggregation) { path in
            path.thoughts.last?.text.first.flatMap { scores[$0] } ?? 0
        }
    }

    static func configuration(
        _ method: SearchMethod = .specsearch, estimator: ThresholdEstimator = .maximum, seed: UInt64 = 0
    ) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.method = method
        configuration.seed = seed
        configuration.speculation.rejection.estimator = estimator
        return configuration
    }

    static let problem = Problem(id: "toy", text: "?")
}

/// A toy search with its models at hand.
struct ToySearch {
    let draft: ScriptedSampler
    let target: ScriptedSampler
    let evaluator: ScriptedEvaluator
    let log = EventLog()

    init(
        draft: ScriptedSampler = Toy.sampler(.draft, weights: [0.4, 0.3, 0.2, 0.1]),
        target: ScriptedSampler = Toy.sampler(.target), evaluator: ScriptedEvaluator = Toy.evaluator()
    ) {
        self.draft = draft
        self.target = target
        self.evaluator = evaluator
    }

    func run(_ configuration: SearchConfiguration, problem: Problem = Toy.problem) async throws -> SearchResult {
        try await Search(
            configuration, models: SearchModels(draft: draft, target: target, evaluator: evaluator), now: { 0 }
        ).run(problem, onEvent: log.listener)
    }
}
