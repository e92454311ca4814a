import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct LookaheadTests {
    /// "b" looks worse than "a" and leads further.
    private func sampler(_ role: ModelRole) -> ScriptedSampler {
        ScriptedSampler(role) { path, key in
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
            }, draft: sampler(.draft), target: sampler(.target))
    }

    @Test func `A thought is ranked by where it leads, and what was seen there is not kept`() async throws {
        #expect(try await run(0).result.best.steps.map(\.score) == [0.9, 0.1, 0.6])
        let run = try await run(1)
        #expect(run.result.best.steps.map(\.score) == [0.5, 0.8, 0.6])
        #expect(run.result.best.steps.map(\.lookahead) == [[0.8], [0.6], nil])
        let seen = run.target.calls.joined().filter { $0.key.sampleIndex >= 1 << 24 }
        #expect(seen.allSatisfy { $0.count == 1 && $0.parameters.temperature == 0 })
        #expect(seen.map(\.path.depth) == [1, 1, 2])
        #expect(SearchInvariants.violations(in: run.events) == [])
    }

    @Test func `It looks as far as it is told, or to the end`() async throws {
        // Both lead to the same end: a tie, which the first child wins.
        let run = try await run(5)
        #expect(run.result.best.steps.map(\.score) == [0.9, 0.1, 0.6])
        #expect(run.result.best.steps.map(\.lookahead) == [[0.1, 0.6], [0.6], nil])
    }

    @Test func `A path counts the scores beyond its end, and no longer those of the steps before it`() {
        func step(_ score: Double, _ lookahead: [Double]?) -> Step {
            Step(
                thought: Thought(text: "t", tokens: [], stop: .delimiter, author: .target), score: score,
                lookahead: lookahead)
        }
        let node = Node(problem: Handwritten.problem, steps: [step(0.5, [0.1]), step(0.8, [0.5, 0.5])])
        #expect(node.score(.last) == 0.5)
        #expect(abs(node.score(.product) - 0.1) < 1e-12)
    }

    @Test func `A search with drafts looks ahead with the draft`() async throws {
        let run = try await run(1, .specsearch)
        #expect(run.target.calls.joined().allSatisfy { $0.key.sampleIndex < 1 << 24 })
        #expect(run.draft.calls.joined().contains { $0.key.sampleIndex >= 1 << 24 })
    }
}
