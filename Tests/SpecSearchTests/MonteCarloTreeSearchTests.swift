import SpecSearch
import Testing

@Suite struct MonteCarloTreeSearchTests {
    private func search(
        _ policy: MonteCarloTreeSearch.Policy, exploration: Double, iterations: Int = 4
    ) -> MonteCarloTreeSearch {
        .mcts(iterations: iterations, width: 2, policy: policy, exploration: exploration)
    }

    private let tree = TreeScript(
        ":a 0.6, b 0.5", "a:1 0.55, 2 0.2", "b:1 0.9!, 2 0.1", "a1:x 0.5, y 0.4", "b2:x 0.3!", "a1x:z 0.7!")

    @Test func `PUCT by hand`() {
        var search = search(.puct, exploration: 1.25)
        let run = tree.run(&search)
        // N = 1: a .6 + .625, b .5 + .625. N = 2: a .55 + .44, b .5 + .88. N = 3: a .55 + .54, b .9 + .54; then b1.
        #expect(run.batches == [["#0x2"], ["a#0x2"], ["b#1x2"]])
        #expect(run.visits == [" 0.6", "a 0.55", "b 0.9", "b1 0.9"])
        #expect(run.tree.texts(search.finished) == ["b1"])
        #expect(search.ranked(in: run.tree).first.map(run.tree.text) == "b1")
    }

    @Test func `A small exploration constant goes deep, where UCT tries every child once`() {
        var greedy = search(.puct, exploration: 0.01)
        // N = 2: a .55 + .004, b .5 + .007. N = 3: a (.55 + .5) ÷ 2 + .003, b .5 + .009; below a, a1.
        #expect(tree.run(&greedy).batches == [["#0x2"], ["a#0x2"], ["a1#0x2"], ["a1x#0x2"]])
        var upper = search(.uct, exploration: 0.1)
        #expect(tree.run(&upper).batches == [["#0x2"], ["a#0x2"], ["b#1x2"]])
    }

    @Test func `UCT by hand`() {
        // After one visit each: a .55 + c √(ln 3), b .9 + c √(ln 3), so b1, then closed; then N = 4, n = 2 for b:
        // a .55 + c √(ln 4 ÷ 1) = 2.21, b .9 + c √(ln 4 ÷ 2) = 2.08, so a, and its first child unvisited.
        var search = search(.uct, exploration: 2.0.squareRoot(), iterations: 5)
        let run = tree.run(&search)
        #expect(run.visits == [" 0.6", "a 0.55", "b 0.9", "b1 0.9", "a1 0.5"])
    }

    @Test(arguments: [("0.54", "a2#1x2"), ("0.57", "b1#1x2")])
    func `UCT weighs visits by the logarithm of the parent's`(score: String, last: String) {
        // N = 4, a visited twice, b once: b's bonus is larger by c (√ln 4 − √(ln 4 ÷ 2)) = .345.
        var search = search(.uct, exploration: 1, iterations: 5)
        let run = TreeScript(":a 0.9, b 0.5", "a:1 0.9, 2 0.1", "b:1 \(score)", "a1:x 0.9", "a2:y 0.2", "b1:z 0.5")
            .run(&search)
        #expect(run.batches.prefix(5) == [["#0x2"], ["a#0x2"], ["b#1x2"], ["a1#0x2"], [last]])
    }

    @Test func `An end is visited once, and the search is over when all is closed`() {
        var search = search(.puct, exploration: 1.25, iterations: 100)
        let run = TreeScript(":a 0.6, b 0.5!", "a:1 0.9!, 2 0.1").run(&search)
        #expect(run.visits.count == Set(run.visits).count)
        // b was expanded by nobody, a2 has no children: a dead end is worth nothing.
        #expect(Set(run.visits) == [" 0.6", "a 0.9", "a1 0.9", "b 0.5", "a2 0.0"])
        #expect(run.tree.texts(search.finished) == ["b", "a1"])
        #expect(search.next(in: run.tree).expansions.isEmpty)
    }

    @Test func `Without a finished path one more walk follows the most visited child to an end`() {
        var search = search(.puct, exploration: 1.25, iterations: 2)
        let run = TreeScript(
            ":a 0.6, b 0.5", "a:1 0.3, 2 0.4", "a2:x 0.2, y 0.3", "a2y:z 0.1!, w 0.05!", "b:q 0.9!"
        ).run(&search)
        #expect(run.batches == [["#0x2"], ["a#0x2"], ["a2#0x2"], ["a2y#0x2"]])
        #expect(search.ranked(in: run.tree).first.map(run.tree.text) == "a2yz")
    }

    @Test func `A path at the depth limit is an end without a vote`() {
        func check(_ algorithm: some SearchAlgorithm) {
            var search = algorithm
            let run = tree.run(&search, maximumDepth: 2)
            #expect(run.batches.joined().allSatisfy { $0.prefix { $0 != "#" }.count < 2 })
            #expect(search.finished.allSatisfy { run.tree[$0].isFinished })
        }
        check(search(.puct, exploration: 1.25, iterations: 3))
        check(OpenRTreeSearch.openR(iterations: 3, width: 2))
    }

    @Test func `Without iterations nothing is expanded`() {
        let tree = SearchTree(problem: Handwritten.problem)
        #expect(MonteCarloTreeSearch.mcts(iterations: 0).next(in: tree).expansions.isEmpty)
        #expect(OpenRTreeSearch.openR(iterations: 0).next(in: tree).expansions.isEmpty)
    }

    @Test func `OpenR's way by hand, a revisited end named and not counted twice`() {
        let tree = TreeScript(":a 0.6, b 0.5", "a:1 0.4, 2 0.3!", "a1:x 0.7!", "b:1 0.2!")
        var search = OpenRTreeSearch.openR(width: 2)
        let run = tree.run(&search)
        // Walks: greedy; then b, .5 + .625 over a, .7 + .3125; then a again, .7 + .44 over b, .2 + .44, and a1,
        // .7 + .31 over a2, .3 + .625; then a, and a2, .3 + .88 over a1, .7 + .29.
        #expect(run.batches == [["#0x2"], ["a#0x2"], ["a1#0x2"], ["b#1x2"]])
        #expect(run.visits == ["a1x 0.7", "b1 0.2", "a1x 0.7 again", "a2 0.3"])
        #expect(run.tree.texts(search.finished) == ["a1x", "b1", "a2"])
    }

    @Test func `OpenR's way gives a dead end no reward`() {
        var search = OpenRTreeSearch.openR(iterations: 2, width: 2, exploration: 0)
        let run = TreeScript(":a 0.6, b 0.5", "b:1 0.4!").run(&search)
        #expect(run.visits == ["a 0.0", "b1 0.4"])
        #expect(run.tree.texts(search.finished) == ["b1"])
    }

    /// Children with equal scores; after the first the likeliest one is looked at, or the next where nobody tells.
    @Test func `OpenR's prior is the mean log-probability of a thought's tokens, where the models tell it`() {
        func second(_ prior: OpenRTreeSearch.Prior, tells: Bool = true) -> String? {
            var tree = SearchTree(problem: Handwritten.problem)
            var search = OpenRTreeSearch(.init(width: 2, iterations: 2, prior: prior))
            func children(of node: NodeID, _ texts: [(String, Int, Double)]) -> [NodeID] {
                texts.map { text, tokens, sum in
                    let id = tree.insert(
                        Thought(
                            text: text, tokens: Array(repeating: 1, count: tokens), stop: .endOfSequence,
                            source: .target,
                            logProbability: tells ? sum : nil), below: node)
                    tree[id].score = 0.5
                    return id
                }
            }
            _ = search.next(in: tree)
            // Mean log-probabilities of -1, -2 and -0.5: the longest thought is the likeliest by token.
            let found = children(of: SearchTree.root, [("a", 2, -2), ("b", 2, -4), ("c", 8, -4)])
            let events = search.receive([found], in: tree)
            guard case .backedUp(let first)? = events.first else { return nil }
            guard case .backedUp(let next)? = events.last else { return nil }
            return tree[first.node].thought.text + " " + tree[next.node].thought.text
        }
        #expect(second(.uniform) == "a b")
        #expect(second(.nativeLogProbability) == "a c")
        #expect(second(.nativeLogProbability, tells: false) == "a b")
    }
}
