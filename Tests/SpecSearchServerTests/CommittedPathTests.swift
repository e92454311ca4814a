import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Synchronization
import Testing

@Suite struct CommittedPathTests {
    /// Whatever a search does, what was committed is the beginning of what it returns.
    @Test(arguments: [SearchKind.beam, .dvts, .rebase, .mcts, .bestOfN], [UInt64](0..<12))
    func `what is committed is never taken back`(kind: SearchKind, seed: UInt64) async throws {
        let model = TestModel.make {
            $0.search = kind
            $0.options.seed = seed
            $0.beams = 2 + Int(seed % 3)
            $0.keepBeamFull = kind == .beam && seed % 2 == 0
        }
        let committed = Mutex((path: CommittedPath(), faults: 0))
        let search = try Search(model.engine, configuration: model.defaults)
        let result = try await search.solve("What is 7") { event in
            committed.withLock { state in
                let before = state.path.nodes
                do {
                    let isNew = try state.path.receive(event)
                    if isNew != (state.path.nodes.count > before.count) { state.faults += 1 }
                } catch {
                    state.faults += 1
                }
                if !state.path.nodes.starts(with: before) { state.faults += 1 }
            }
        }
        let (path, faults) = committed.withLock { $0 }
        #expect(faults == 0)
        #expect(path.isContinued(by: result))
        #expect(result.steps.map(\.thought).starts(with: path.steps.map(\.thought)))
        #expect(path.steps.allSatisfy { $0.thought.stop != .endOfSequence })
        if kind != .beam { #expect(path.nodes.isEmpty) }
    }

    /// Two nodes may say the same; only their ids tell them apart.
    @Test func `a result that goes another way is not passed on, although its text is the same`() async throws {
        let log = EventLog()
        let model = TestModel.make { $0.beams = 1 }
        let search = try Search(model.engine, configuration: model.defaults)
        var result = try await search.solve("What is 7", onEvent: log.listener)
        var committed = CommittedPath()
        for event in log.events { _ = try committed.receive(event) }
        #expect(committed.nodes.count == 3 && committed.isContinued(by: result))
        var tree = result.tree
        let twin = tree.insert(tree[committed.nodes[0]].thought, below: SearchTree.root)
        result = SearchResult(outcome: result.outcome, tree: tree)
        result.outcome.best.node = twin
        #expect(!committed.isContinued(by: result))
    }

    @Test func `an event out of turn is refused`() async throws {
        let log = EventLog()
        let model = TestModel.make()
        _ = try await Search(model.engine, configuration: model.defaults).solve("What is 7", onEvent: log.listener)
        let start = try #require(log.events.first)
        var committed = CommittedPath()
        #expect(try !committed.receive(start))
        #expect(throws: SpecSearchError.self) { try committed.receive(.selected(depth: 0, nodes: [NodeID(9)])) }
    }
}
