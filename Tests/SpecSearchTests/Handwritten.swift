import SpecSearch
import SpecSearchTesting

/// Models for which every thought and score is written by hand: a thought's text begins with its score.
enum Handwritten {
    static let problem = Problem(id: "handwritten", text: "?")

    /// A model that writes, at each depth, the thoughts of a table by sample index.
    ///
    /// "0.8 a" is a step, "0.8 a!" a last step, "0.8 a~" one that was cut. The last row serves all greater depths.
    static func sampler(_ author: ModelRole, _ table: [[String]]) -> ScriptedSampler {
        ScriptedSampler(author) { path, key in
            let row = table[min(path.depth, table.count - 1)]
            return choice(row[key.sampleIndex % row.count])
        }
    }

    static func choice(_ entry: String) -> ScriptedSampler.Choice {
        switch entry.last {
        case "!": .init(String(entry.dropLast()), stop: .endOfSequence)
        case "~": .init(String(entry.dropLast()), stop: .length)
        default: .init(entry + "\n\n")
        }
    }

    /// A reward model that reads the score off the text.
    static func evaluator(_ aggregation: ScoreAggregation = .last) -> ScriptedEvaluator {
        ScriptedEvaluator(aggregation: aggregation) { path in
            path.thoughts.last?.text.split(separator: " ").first.flatMap { Double($0) } ?? .nan
        }
    }

    static func configuration(
        beams: Int = 1, width: Int = 3, depth: Int = 2, _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.beams = beams
        configuration.speculation.width = width
        configuration.maximumDepth = depth
        change(&configuration)
        return configuration
    }

    /// A law over four thoughts a step, with scores .2, .4, .6 and .8, that ends after three steps.
    static func law(_ weights: [Double]) -> @Sendable (ReasoningPath) -> [ScriptedSampler.Choice] {
        { path in
            weights.enumerated().map { index, weight in
                ScriptedSampler.Choice(
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
    var draft: ScriptedSampler
    var target: ScriptedSampler
    var evaluator: ScriptedEvaluator

    init(
        _ configuration: SearchConfiguration, draft: ScriptedSampler, target: ScriptedSampler,
        evaluator: ScriptedEvaluator = Handwritten.evaluator(), problem: Problem = Handwritten.problem
    ) async throws {
        let log = EventLog()
        let models = SearchModels(draft: draft, target: target, evaluator: evaluator)
        result = try await Search(configuration, models: models, now: { 0 }).run(problem, onEvent: log.listener)
        events = log.events
        (self.draft, self.target, self.evaluator) = (draft, target, evaluator)
    }

    /// Thoughts that the large model was asked for at a depth.
    func targetThoughts(at depth: Int) -> Int {
        target.calls.joined().filter { $0.path.depth == depth }.reduce(0) { $0 + $1.count }
    }

    /// The thresholds, from depth 1.
    var thresholds: [Double?] {
        events.compactMap { event -> Double?? in
            if case .thresholdUpdated(_, let threshold) = event { .some(threshold) } else { nil }
        }
    }

    /// The scored texts of a depth.
    func scoredTexts(at depth: Int) -> [String] {
        evaluator.calls.joined().filter { $0.depth == depth + 1 }.compactMap { $0.thoughts.last?.text }
    }

    var corrected: [Step] {
        events.flatMap { event -> [Step] in if case .corrected(_, _, let steps) = event { steps } else { [] } }
    }

    var accepted: [Step] {
        events.flatMap { event -> [Step] in if case .accepted(_, _, let steps) = event { steps } else { [] } }
    }
}
