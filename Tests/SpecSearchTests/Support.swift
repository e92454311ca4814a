import SpecSearch
import SpecSearchTesting

/// A toy family: every step is one of four letters, three steps and then an end; a letter's score is fixed.
enum Toy {
    static let scores: [Character: Double] = ["a": 0.9, "b": 0.7, "c": 0.5, "d": 0.2, "E": 0.8]

    static func model(
        _ role: ModelRole, weights: [Double] = [0.1, 0.2, 0.3, 0.4], steps: Int = 3, delay: Duration? = nil
    ) -> ScriptedModel {
        ScriptedModel(role, delay: delay) { path in
            if path.depth >= steps { return [.init("E\(path.depth)", stop: .endOfSequence)] }
            // The depth makes the text of a step differ from that of the step before.
            return zip("abcd", weights).map { .init("\($0)\(path.depth)\n\n", weight: $1) }
        }
    }

    static func rewardModel(_ aggregation: ScoreAggregation = .mean) -> ScriptedRewardModel {
        ScriptedRewardModel(aggregation: aggregation) { path in
            path.thoughts.last?.text.first.flatMap { scores[$0] } ?? 0
        }
    }

    static func configuration(
        _ method: SearchMethod = .specsearch, estimator: ThresholdEstimator = .maximum, seed: UInt64 = 0,
        _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.method = method
        configuration.options.seed = seed
        configuration.rejection.estimator = estimator
        change(&configuration)
        return configuration
    }

    static let problem = Problem(id: "toy", text: "?")
}

/// A toy search with its models at hand.
struct ToySearch {
    let draft: ScriptedModel
    let target: ScriptedModel
    let rewardModel: ScriptedRewardModel
    let log = EventLog()

    init(
        draft: ScriptedModel = Toy.model(.draft, weights: [0.4, 0.3, 0.2, 0.1]),
        target: ScriptedModel = Toy.model(.target), rewardModel: ScriptedRewardModel = Toy.rewardModel()
    ) {
        self.draft = draft
        self.target = target
        self.rewardModel = rewardModel
    }

    var engine: Engine { Engine(draft: draft, target: target, rewardModel: rewardModel) }

    func run(_ configuration: SearchConfiguration, problem: Problem = Toy.problem) async throws -> SearchResult {
        try await Search(timeless: engine, configuration).solve(problem, onEvent: log.listener)
    }
}

extension Search {
    /// A search whose clock stands still, so that equal searches have equal traces.
    init(timeless engine: Engine, _ configuration: SearchConfiguration) throws {
        try self.init(engine, configuration: configuration)
        now = { 0 }
    }
}

/// The code of the error that a search ends with; nil for none.
func code(_ run: () async throws -> SearchResult) async -> SpecSearchError.Code? {
    do {
        _ = try await run()
        return nil
    } catch {
        return (error as? SpecSearchError)?.code
    }
}

extension SearchTree {
    /// The texts of paths.
    func texts(_ ids: [NodeID]) -> [String] { ids.map(text(to:)) }

    /// Adds thoughts, "a 0.5" or, for an end, "a 0.5!", below a node.
    mutating func grow(_ parent: NodeID = root, _ entries: String...) -> [NodeID] {
        entries.map { entry in
            let words = entry.split(separator: " ")
            let stop: Thought.Stop = words[1].hasSuffix("!") ? .endOfSequence : .delimiter
            let id = insert(
                Thought(text: String(words[0]), tokens: [], stop: stop, source: .target), below: parent)
            self[id].score = Double(words[1].filter { $0 != "!" })
            return id
        }
    }
}
