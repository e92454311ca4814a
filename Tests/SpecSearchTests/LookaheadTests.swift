import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct LookaheadTests {
    /// "b" looks worse than "a" and leads further.
    private func model(_ role: ModelRole) -> ScriptedModel {
        ScriptedModel(role) { path, key in
            switch path.thoughts.last?.text.first(where: \.isLetter) {
            case nil: Handwritten.choice(["0.9 a", "0.5 b"][key.sampleIndex % 2])
            case "a": Handwritten.choice("0.1 x")
            case "b": Handwritten.choice("0.8 y")
            default: Handwritten.choice("0.6 end!")
            }
        }
    }

    private func run(_ lookahead: Int, _ method: SearchMethod = .ar) async throws -> HandwrittenSearch {
        try await HandwrittenSearch(
            Handwritten.configuration(beams: 1, width: 2, depth: 9) {
                $0.method = method
                $0.lookahead = lookahead
            }, draft: model(.draft), target: model(.target))
    }

    @Test func `A thought is ranked by where it leads, and what was seen there is not kept`() async throws {
        #expect(try await run(0).result.steps.map(\.score) == [0.9, 0.1, 0.6])
        let run = try await run(1)
        #expect(run.result.steps.map(\.score) == [0.5, 0.8, 0.6])
        #expect(run.result.steps.map(\.lookahead) == [[0.8], [0.6], nil])
        let seen = run.target.requests.filter { $0.key.sampleIndex >= 1 << 24 }
        #expect(seen.allSatisfy { $0.count == 1 && $0.sampling.temperature == 0 })
        #expect(seen.map(\.path.depth) == [1, 1, 2])
        #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
    }

    @Test func `It looks as far as it is asked to, or to the end`() async throws {
        // Both lead to the same end: a tie, which the first child wins.
        let run = try await run(5)
        #expect(run.result.steps.map(\.score) == [0.9, 0.1, 0.6])
        #expect(run.result.steps.map(\.lookahead) == [[0.1, 0.6], [0.6], nil])
    }

    @Test func `A path counts the scores beyond its end, and no longer those of the steps before it`() {
        for (aggregation, score) in [(ScoreAggregation.last, 0.5), (.product, 0.1)] {
            var tree = SearchTree(problem: Handwritten.problem, aggregation: aggregation)
            let first = tree.grow(SearchTree.root, "a 0.5")[0]
            tree[first].lookahead = [0.1]
            let second = tree.grow(first, "b 0.8")[0]
            tree[second].lookahead = [0.5, 0.5]
            #expect(abs(tree.pathScore(of: second) - score) < 1e-12)
        }
    }

    @Test func `A search with drafts looks ahead with the draft`() async throws {
        let run = try await run(1, .specsearch)
        #expect(run.target.requests.allSatisfy { $0.key.sampleIndex < 1 << 24 })
        #expect(run.draft.requests.contains { $0.key.sampleIndex >= 1 << 24 })
    }
}
