/// The result of a search: what it found and cost, and the whole tree.
///
/// ```swift
/// let result = try await search.solve("Mia has 47 shells. …")
/// result.answer                       // "107"; everything of SearchOutcome is here
/// for step in result.steps { print(step.thought.source, step.score, step.thought.text) }
/// ```
@dynamicMemberLookup
public struct SearchResult: Sendable, Hashable {
    /// The outcome, by the nodes of ``tree``.
    public var outcome: SearchOutcome
    /// Everything that was sampled.
    public let tree: SearchTree

    public init(outcome: SearchOutcome, tree: SearchTree) {
        self.outcome = outcome
        self.tree = tree
    }

    public subscript<Value>(dynamicMember path: KeyPath<SearchOutcome, Value>) -> Value { outcome[keyPath: path] }

    /// The steps of the best path.
    public var steps: [Step] { tree.steps(to: outcome.best.node) }

    /// The result with every time set to zero: what must be equal between two runs of one search.
    public var withoutTimes: SearchResult { SearchResult(outcome: outcome.withoutTimes, tree: tree) }
}

extension SearchResult: Encodable {
    private struct PathReport: Encodable {
        var node: NodeID
        var score: Double
        var answer: String?
        var steps: [Step]
    }

    private enum CodingKeys: String, CodingKey { case best, paths }

    /// One object for programs: the outcome, with the steps of its paths in place.
    public func encode(to encoder: any Encoder) throws {
        try outcome.encode(to: encoder)
        func report(_ path: SearchOutcome.Path) -> PathReport {
            PathReport(node: path.node, score: path.score, answer: path.answer, steps: tree.steps(to: path.node))
        }
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(report(outcome.best), forKey: .best)
        try values.encode(outcome.paths.map(report), forKey: .paths)
    }
}
