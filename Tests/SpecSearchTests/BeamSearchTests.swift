import SpecSearch
import Testing

@Suite struct BeamSearchTests {
    private func step(_ text: String, _ score: Double, _ stop: Thought.Stop = .delimiter) -> Step {
        Step(thought: Thought(text: text, tokens: [], stop: stop, author: .target), score: score)
    }

    private func texts(_ nodes: [Node]) -> [String] { nodes.map(\.text) }

    private func beam(_ beams: Int, full: Bool = false, _ aggregation: ScoreAggregation = .last) -> BeamSearch {
        BeamSearch(problem: Handwritten.problem, beams: beams, keepBeamFull: full, aggregation: aggregation)
    }

    @Test func `The best go on, and ties keep parent rank and child index`() {
        var search = beam(3)
        search.select([[step("a", 0.5), step("b", 0.9), step("c", 0.5), step("d", 0.5)]])
        #expect(texts(search.open) == ["b", "a", "c"])
        search.select([[step("1", 0.4), step("2", 0.6)], [step("3", 0.6)], [step("4", 0.6), step("5", 0.7)]])
        #expect(texts(search.open) == ["c5", "b2", "a3"])
    }

    @Test func `A path's own way of ranking decides`() {
        for (aggregation, best) in [(ScoreAggregation.last, "a1"), (.product, "b2")] {
            var search = beam(2, aggregation)
            search.select([[step("a", 0.2), step("b", 0.9)]])
            let places = texts(search.open)
            search.select(places.map { $0 == "a" ? [step("1", 0.95)] : [step("2", 0.9)] })
            #expect(search.best?.text == best)
        }
    }

    @Test func `Without a finished path the best unfinished one is left, also where all children are gone`() {
        var search = beam(2)
        search.select([[step("a", 0.5), step("b", 0.9)]])
        search.select([[], []])
        #expect(search.open.isEmpty)
        #expect(search.best?.text == "b")
    }
}
