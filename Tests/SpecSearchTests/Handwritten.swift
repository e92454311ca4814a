import SpecSearch
import SpecSearchTesting

/// Models for which every thought and score is chosen by hand: a thought's text begins with its score.
enum Handwritten {
    static let problem = Problem(id: "handwritten", text: "?")

    /// A model that generates, at each depth, the thoughts of a table by sample index.
    ///
    /// "0.8 a" is a step, "0.8 a!" a last step, "0.8 a~" one that was cut. The last row serves all greater depths.
    static func model(_ role: ModelRole, _ table: [[String]]) -> ScriptedModel {
        ScriptedModel(role) { path, key in
            let row = table[min(path.depth, table.count - 1)]
            return choice(row[key.sampleIndex % row.count])
        }
    }

    static func choice(_ entry: String) -> ScriptedModel.Choice {
        switch entry.last {
        case "!": .init(String(entry.dropLast()), stop: .endOfSequence)
        case "~": .init(String(entry.dropLast()), stop: .length)
        default: .init(entry + "\n\n")
        }
    }

    /// A reward model that reads the score off the text.
    static func rewardModel(_ aggregation: ScoreAggregation = .last) -> ScriptedRewardModel {
        ScriptedRewardModel(aggregation: aggregation) { path in
            path.thoughts.last?.text.split(separator: " ").first.flatMap { Double($0) } ?? .nan
        }
    }

    static func configuration(
        beams: Int = 1, width: Int = 3, depth: Int = 2, _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.beams = beams
        configuration.width = width
        configuration.options.maximumDepth = depth
        change(&configuration)
        return configuration
    }

    /// A distribution over four thoughts a step, with scores .2, .4, .6 and .8, that ends after three steps.
    static func steps(_ weights: [Double]) -> @Sendable (ReasoningPath) -> [ScriptedModel.Choice] {
        { path in
            weights.enumerated().map { index, weight in
                ScriptedModel.Choice(
                    "0.\(2 * index + 2) \(path.depth)\n\n", weight: weight,
                    stop: path.depth == 2 ? .endOfSequence : .delimiter)
            }
        }
    }
}

/// One search of the handwritten models, and all that can be asked about it.
struct HandwrittenSearch {
    var result: SearchResult
    var events: [SearchEvent]
    var draft: ScriptedModel
    var target: ScriptedModel
    var rewardModel: ScriptedRewardModel

    init(
        _ configuration: SearchConfiguration, draft: ScriptedModel, target: ScriptedModel,
        rewardModel: ScriptedRewardModel = Handwritten.rewardModel(), problem: Problem = Handwritten.problem
    ) async throws {
        let log = EventLog()
        let engine = Engine(draft: draft, target: target, rewardModel: rewardModel)
        result = try await Search(timeless: engine, configuration).solve(problem, onEvent: log.listener)
        events = log.events
        (self.draft, self.target, self.rewardModel) = (draft, target, rewardModel)
    }

    /// Thoughts that the target was asked for at a depth.
    func targetThoughts(at depth: Int) -> Int {
        target.requests.filter { $0.path.depth == depth }.reduce(0) { $0 + $1.count }
    }

    /// The thresholds, from depth 1.
    var thresholds: [Double?] {
        events.compactMap { event -> Double?? in
            if case .thresholdUpdated(_, let threshold) = event { .some(threshold) } else { nil }
        }
    }

    /// The scored texts of a depth.
    func scoredTexts(at depth: Int) -> [String] {
        rewardModel.calls.joined().filter { $0.depth == depth + 1 }.compactMap { $0.thoughts.last?.text }
    }

    /// The nodes that were resolved in one way, in order.
    func nodes(_ state: SearchTree.State) -> [SearchTree.Node] {
        events.flatMap { event -> [SearchTree.Node] in
            guard case .resolved(let resolved) = event, resolved.state == state else { return [] }
            return resolved.nodes.map { result.tree[$0] }
        }
    }
}
