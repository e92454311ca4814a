/// One model writes every thought: AR with the large model, SpS with a large model that speculates on tokens itself,
/// and, for comparison, the small model alone.
public struct LargeModelGenerator: ThoughtGenerator {
    /// The model that writes.
    public let author: ModelRole
    /// How many thoughts to sample for each node (the tree's width).
    public let width: Int

    public init(author: ModelRole = .target, width: Int) {
        self.author = author
        self.width = width
    }

    public mutating func expand(
        _ nodes: [Node], usable: Int, in context: SearchContext
    ) async throws -> [[Step]] {
        let candidates = try await write(
            author, nodes.map { _ in width }, for: nodes, phase: author == .draft ? .draft : .target, in: context)
        let flat = candidates.enumerated().flatMap { node, found in found.map { (node: node, thought: $0.thought) } }
        let scores = try await score(flat, of: nodes, in: context)
        var children = [[Step]](repeating: [], count: nodes.count)
        for ((node, thought), score) in zip(flat, scores) {
            children[node].append(Step(thought: thought, score: score))
        }
        return children
    }
}
