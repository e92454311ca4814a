import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Synchronization
import Testing

@Suite struct CommittedPathTests {
    /// Whatever a search does, what was told is the beginning of what it returns.
    @Test(arguments: [SearchKind.beam, .dvts, .rebase, .mcts, .bestOfN], [UInt64](0..<12))
    func `what is told is never taken back`(kind: SearchKind, seed: UInt64) async throws {
        let model = TestModel.make()
        var configuration = model.defaults
        configuration.search = kind
        configuration.seed = seed
        configuration.beams = 2 + Int(seed % 3)
        configuration.keepBeamFull = seed % 2 == 0
        let committed = Mutex((path: CommittedPath(configuration), told: [Step]()))
        let search = Search(configuration, models: model.models(.specsearch), now: { 0 })
        let result = try await search.run(Problem(text: "What is 7")) { event in
            committed.withLock { $0.told += $0.path.receive(event) }
        }
        let told = committed.withLock { $0.told }
        #expect(result.best.steps.starts(with: told))
        #expect(told.allSatisfy { $0.thought.stop != .endOfSequence })
        #expect(committed.withLock { $0.path.finish(result.best.steps) } != nil)
        if kind != .beam { #expect(told.isEmpty) }
    }

    @Test func `a result that goes another way is not passed on`() {
        var committed = CommittedPath(SearchConfiguration())
        let thought = Thought(text: "a", tokens: [1], stop: .delimiter, author: .draft)
        let other = Thought(text: "b", tokens: [2], stop: .delimiter, author: .draft)
        let node = Node(problem: Problem(text: "x"), steps: [Step(thought: thought, score: 1)])
        #expect(committed.receive(.selected(depth: 0, nodes: [node])).count == 1)
        #expect(committed.finish([Step(thought: other, score: 1)]) == nil)
    }
}
