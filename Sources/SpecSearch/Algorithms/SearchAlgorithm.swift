/// A tree search, as a value without I/O: it says which nodes are to be expanded next, and is told their children.
///
/// ``Search`` runs it with any ``ThoughtGenerator``. Between two expansions it always holds the best so far, so a search
/// can end at any time.
public protocol SearchAlgorithm: Sendable {
    /// How the scores of steps rank paths.
    var aggregation: ScoreAggregation { get }
    /// What to expand next, nodes of one depth; without expansions the search is over.
    var next: ExpansionBatch { get }
    /// The finished paths, each once, in the order of finishing.
    var finished: [Node] { get }
    /// The finished paths, best first; ties in the order of finishing.
    var ranked: [Node] { get }
    /// What is left where no path is finished.
    var unfinished: [Node] { get }

    /// Takes the children of each expansion of ``next``, in its order, and decides what comes after.
    ///
    /// - Returns: What to tell about the decision.
    @discardableResult
    mutating func receive(_ children: [[Step]]) -> [SearchEvent]
}

extension SearchAlgorithm {
    public var ranked: [Node] { rank(finished) }

    /// The best finished path, or the best unfinished one.
    public var best: Node? { ranked.first ?? rank(unfinished).first }

    /// Nodes by the scores of their paths, best first; ties stay in order.
    func rank(_ nodes: [Node]) -> [Node] {
        nodes.map { (node: $0, score: $0.score(aggregation)) }.enumerated()
            .sorted { ($1.element.score, $0.offset) < ($0.element.score, $1.offset) }
            .map(\.element.node)
    }
}

/// Which search looks for the answer.
///
/// With the same ``SearchConfiguration/beams`` and width, every search but Monte Carlo's asks for at most beams × width
/// thoughts a depth, so that they compare on equal terms.
public enum SearchKind: String, Sendable, Hashable, Codable, CaseIterable {
    /// ``BeamSearch``.
    case beam
    /// ``MonteCarloTreeSearch``: select, expand, evaluate, back up.
    case mcts
    /// ``MonteCarloTreeSearch`` in OpenR's way: every iteration walks to an end.
    case mctsOpenR = "mcts-openr"
    /// ``BestOfN``.
    case bestOfN = "best-of-n"
    /// ``BestOfN`` by majority of the answers.
    case selfConsistency = "self-consistency"
    /// ``DiverseVerifierTreeSearch``.
    case dvts
    /// ``RewardBalancedSearch``.
    case rebase
}

extension SearchConfiguration {
    /// The search that these settings describe.
    ///
    /// - Parameters:
    ///   - problem: What to solve.
    ///   - aggregation: How paths are ranked where the settings leave it to the reward model.
    public func algorithm(for problem: Problem, aggregation: ScoreAggregation) -> any SearchAlgorithm {
        let aggregation = self.aggregation ?? aggregation
        let width = speculation.width
        switch search {
        case .beam:
            return BeamSearch(
                problem: problem, beams: beams, width: width, keepBeamFull: keepBeamFull, aggregation: aggregation)
        case .mcts:
            return MonteCarloTreeSearch(
                problem: problem, width: width, iterations: iterations ?? 32, maximumDepth: maximumDepth,
                selection: treePolicy == .uct
                    ? .uct(exploration: exploration ?? 2.0.squareRoot()) : .puct(exploration: exploration ?? 1.25),
                aggregation: aggregation)
        case .mctsOpenR:
            return MonteCarloTreeSearch(
                problem: problem, width: width, iterations: iterations ?? 4, maximumDepth: maximumDepth,
                selection: .openR(exploration: exploration ?? 1.25), aggregation: aggregation)
        case .bestOfN, .selfConsistency:
            return BestOfN(
                problem: problem, count: beams * width, isScored: search == .bestOfN, aggregation: aggregation)
        case .dvts:
            return DiverseVerifierTreeSearch(
                problem: problem, subtrees: beams, width: width, aggregation: aggregation)
        case .rebase:
            return RewardBalancedSearch(
                problem: problem, budget: beams * width, temperature: balanceTemperature, aggregation: aggregation)
        }
    }
}
