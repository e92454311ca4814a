import SpecSearch
import Testing

/// A search that is not in the library: best-first search, which expands the best open nodes of the whole tree.
struct BestFirstSearch: SearchAlgorithm {
    /// Thoughts for each node.
    var width = 2
    /// How many finished paths are enough.
    var enough = 2
    private(set) var finished: [NodeID] = []
    private var open = [SearchTree.root]
    /// Expansions so far, by depth: no two of one depth may draw the same random numbers.
    private var expansions: [Int: Int] = [:]

    init(width: Int = 2, enough: Int = 2) {
        self.width = width
        self.enough = enough
    }

    func next(in tree: SearchTree) -> ExpansionBatch {
        guard finished.count < enough, let best = tree.ranked(open).first else { return ExpansionBatch() }
        let depth = tree[best].depth
        return ExpansionBatch(
            [Expansion(node: best, identity: expansions[depth] ?? 0, width: width, needed: width)], depth: depth)
    }

    mutating func receive(_ children: [[NodeID]], in tree: SearchTree) -> [SearchEvent] {
        guard let best = tree.ranked(open).first, let found = children.first else { return [] }
        expansions[tree[best].depth, default: 0] += 1
        open.removeAll { $0 == best }
        open += found.filter { !tree[$0].isFinished && tree[$0].depth < tree.maximumDepth }
        finished += found.filter { tree[$0].isFinished }
        return [.selected(depth: tree[best].depth, nodes: found)]
    }
}

@Suite struct CustomSearchTests {
    @Test func `A search of one's own runs with every generator of the library`() async throws {
        let engine = Engine(draft: Letters(role: .draft), target: Letters(role: .target), rewardModel: LetterScores())
        let plain = try await Search(engine, algorithm: BestFirstSearch(), generator: .targetOnly).solve("Spell it.")
        #expect(plain.end == .finished && plain.paths.count == 2)
        #expect(plain.steps.map(\.thought.text) == ["b0 ", "b1 ", "b2"])
        #expect(plain.steps.allSatisfy { $0.thought.source == .target })
        let drafted = try await Search(engine, algorithm: BestFirstSearch()).solve("Spell it.")
        #expect(drafted.steps.map(\.thought.text) == plain.steps.map(\.thought.text))
        #expect(drafted.steps.dropFirst().allSatisfy { $0.thought.source == .draft })
    }

    @Test func `It goes back up the tree where that is better`() async throws {
        // Below "b" nothing is good: "a" is expanded next.
        let engine = Engine(target: Letters(role: .target), rewardModel: LetterScores(falls: true))
        var depths: [Int] = []
        let search = Search(engine, algorithm: BestFirstSearch(), generator: .targetOnly)
        for try await event in search.events(for: "Spell it.") {
            if case .selected(let depth, _) = event { depths.append(depth) }
        }
        #expect(Array(depths.prefix(3)) == [0, 1, 1])
    }

    @Test func `A search that ends early has the best unfinished path`() async throws {
        var options = SearchOptions()
        options.maximumDepth = 2
        let engine = Engine(target: Letters(role: .target), rewardModel: LetterScores())
        let result = try await Search(
            engine, algorithm: BestFirstSearch(), generator: .targetOnly, options: options
        ).solve("Spell it.")
        #expect(!result.isFinished && result.steps.map(\.thought.text) == ["b0 ", "b1 "])
    }
}
