import SpecSearch
import Testing

@Suite struct BeamSearchTests {
    private func beam(_ beams: Int, full: Bool = false) -> BeamSearch { .beam(beams: beams, keepBeamFull: full) }

    private func tree(_ aggregation: ScoreAggregation = .last) -> SearchTree {
        SearchTree(problem: Handwritten.problem, aggregation: aggregation)
    }

    @Test func `The best go on, and ties keep parent rank and child index`() {
        var (search, tree) = (beam(3), tree())
        _ = search.receive([tree.grow(SearchTree.root, "a 0.5", "b 0.9", "c 0.5", "d 0.5")], in: tree)
        #expect(tree.texts(search.open) == ["b", "a", "c"])
        let open = search.open
        let children = [
            tree.grow(open[0], "1 0.4", "2 0.6"), tree.grow(open[1], "3 0.6"), tree.grow(open[2], "4 0.6", "5 0.7"),
        ]
        let events = search.receive(children, in: tree)
        #expect(tree.texts(search.open) == ["c5", "b2", "a3"])
        #expect(events == [.selected(depth: 1, nodes: search.open)])
        #expect(search.next(in: tree).depth == 2 && search.next(in: tree).usable == 3)
    }

    @Test func `Of equal scores the thought that was sampled more often goes first`() {
        var (search, tree) = (beam(2), tree())
        let nodes = tree.grow(SearchTree.root, "a 0.5", "b 0.5", "c 0.5")
        tree[nodes[2]].samples = 3
        _ = search.receive([nodes], in: tree)
        #expect(tree.texts(search.open) == ["c", "a"])
    }

    @Test func `A path's own way of ranking decides`() {
        for (aggregation, best) in [(ScoreAggregation.last, "a1"), (.product, "b2")] {
            var (search, tree) = (beam(2), tree(aggregation))
            _ = search.receive([tree.grow(SearchTree.root, "a 0.2", "b 0.9")], in: tree)
            let children = search.open.map { tree.grow($0, tree.text(to: $0) == "a" ? "1 0.95" : "2 0.9") }
            _ = search.receive(children, in: tree)
            #expect(tree.ranked(search.unfinished(in: tree)).first.map(tree.text) == best)
        }
    }

    @Test func `Without a finished path the best unfinished one is left, also where all children are gone`() {
        var (search, tree) = (beam(2), tree())
        _ = search.receive([tree.grow(SearchTree.root, "a 0.5", "b 0.9")], in: tree)
        _ = search.receive([[], []], in: tree)
        #expect(search.open.isEmpty && search.finished.isEmpty)
        #expect(tree.ranked(search.unfinished(in: tree)).first.map(tree.text) == "b")
    }

    @Test func `A finished path takes its slot for good, or gives it back`() {
        var (narrow, tree) = (beam(2), tree())
        _ = narrow.receive([tree.grow(SearchTree.root, "end 0.9!", "a 0.5", "b 0.4")], in: tree)
        #expect(tree.texts(narrow.open) == ["a"] && narrow.next(in: tree).usable == 1)
        _ = narrow.receive([tree.grow(narrow.open[0], "c 0.2", "d 0.1")], in: tree)
        #expect(tree.texts(narrow.open) == ["ac"])

        var full = beam(2, full: true)
        tree = self.tree()
        _ = full.receive([tree.grow(SearchTree.root, "end 0.9!", "a 0.5", "b 0.4")], in: tree)
        _ = full.receive([tree.grow(full.open[0], "c 0.2", "d 0.1")], in: tree)
        #expect(tree.texts(full.open) == ["ac", "ad"])
        _ = full.receive([tree.grow(full.open[0], "z 0.95!"), []], in: tree)
        #expect(full.open.isEmpty && full.ranked(in: tree).first.map(tree.text) == "acz")
    }
}
