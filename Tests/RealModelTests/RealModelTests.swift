import Foundation
import SpecSearch
import SpecSearchLlama
import SpecSearchTesting
import Synchronization
import Testing

/// What only models that were not made for these tests can show: their templates, tokens, step ends and lengths.
@Suite(
    .serialized, .timeLimit(.minutes(30)),
    .enabled(if: !RealModel.present.isEmpty, "No real model is on this machine: `make test-real` pulls one."))
struct RealModelTests {
    @Test(arguments: RealModel.present)
    func `The check finds nothing wrong, the chat template included`(model: RealModel) throws {
        var load = ModelCheck.Load()
        load.beams = 1
        load.width = 2
        let check = try ModelCheck(model.set, load: load, measures: false)
        // That the draft is not much smaller, or that there is no reward model, may be said.
        let found = check.findings.filter {
            $0.level == .error || $0.level == .warning && $0.text.contains("template")
        }
        #expect(found.isEmpty, "\(found.map(\.text))")
    }

    @Test(arguments: RealModel.present)
    func `Steps end at a blank line, at the model's end, or at the limit`(model: RealModel) async throws {
        let engine = try await model.engine()
        let search = try model.search(
            engine, ["method": "ar", "search": "self-consistency", "depth": "2", "max-tokens": "64"])
        let result = try await search.solve(RealModel.problem)
        for id in 1..<result.tree.count {
            let thought = result.tree[NodeID(id)].thought
            let text = thought.text.trimmingCharacters(in: .newlines)
            #expect(!text.contains("\n\n"), "\(thought)")
            switch thought.stop {
            case .answer: break
            case .rejected: Issue.record("\(thought)")
            case .delimiter: #expect(thought.text.hasSuffix("\n\n"), "\(thought)")
            case .endOfSequence: #expect(!thought.text.contains("<|im_end|>"), "\(thought)")
            case .length: #expect(thought.tokens.count == 64, "\(thought)")
            }
        }
    }

    @Test(arguments: RealModel.present)
    func `A search with drafts judged by the target obeys the method, and replays`(model: RealModel) async throws {
        let engine = try await model.engine()
        let search = try model.search(engine, ["judge": "target", "max-tokens": "96", "depth": "3"])
        let log = EventLog()
        let result = try await search.solve(RealModel.problem, onEvent: log.listener)
        #expect(SearchInvariants.violations(in: log.events) == [])
        #expect(result.usage[.draft].outputTokens > 0 && result.usage[.target].outputTokens > 0)
        let scores = (1..<result.tree.count).compactMap { result.tree[NodeID($0)].score }
        #expect(!scores.isEmpty && scores.allSatisfy { (0...1).contains($0) })
        let replayed = try await TraceReplay(SearchTrace(events: log.events)).run()
        #expect(replayed.tree == result.tree)
        for (role, state) in await engine.cacheStates() {
            #expect(state.slots == 0 && state.locks == 0, "\(role): \(state)")
        }
    }

    @Test(arguments: RealModel.present)
    func `The same seed gives the same thoughts`(model: RealModel) async throws {
        let engine = try await model.engine()
        let search = try model.search(engine, ["method": "ar", "search": "self-consistency"])
        let first = try await search.solve(RealModel.problem)
        await engine.reset()
        #expect(try await search.solve(RealModel.problem).tree == first.tree)
    }

    @Test(arguments: RealModel.present)
    func `The draft's tokens are verified, and nearly all of a model's own accepted`(model: RealModel) async throws {
        let engine = try await model.engine()
        let search = try model.search(engine, ["method": "sps", "search": "self-consistency"])
        let usage = try await search.solve(RealModel.problem).usage[.target]
        #expect(usage.proposedTokens > 0)
        if model.set.draft == model.set.target {
            // Batches of different shapes differ by floating point noise.
            #expect(Double(usage.acceptedTokens) >= 0.9 * Double(usage.proposedTokens), "\(usage)")
        }
    }

    @Test(arguments: RealModel.present)
    func `Progress is told from the first tokens on, and a cancelled search gives what it has`(
        model: RealModel
    ) async throws {
        let engine = try await model.engine()
        let search = try model.search(engine, ["method": "ar", "search": "self-consistency", "max-tokens": "200"])
        let told = Mutex<[GenerationProgress]>([])
        let task = Mutex<Task<SearchResult, any Error>?>(nil)
        let searching = Task {
            try await GenerationProgress.observed { progress in
                told.withLock { $0.append(progress) }
                task.withLock { $0?.cancel() }
            } during: {
                try await search.solve(RealModel.problem)
            }
        }
        task.withLock { $0 = searching }
        let result = try await searching.value
        #expect(result.end == .cancelled && !result.isFinished)
        let first = try #require(told.withLock { $0.first })
        #expect(first.role == .target && first.thoughts == 2 && first.tokens >= 2 && first.tokens < 20, "\(first)")
        for (role, state) in await engine.cacheStates() {
            #expect(state.slots == 0 && state.locks == 0, "\(role): \(state)")
        }
    }

    @Test(arguments: RealModel.present)
    func `A path that outgrows the context ends alone; a problem that does is refused`(model: RealModel) async throws {
        let engine = try await model.engine { $0.contextLength = 160 }
        let search = try model.search(
            engine, ["method": "ar", "search": "self-consistency", "depth": "8", "max-tokens": "64"])
        let result = try await search.solve(RealModel.problem)
        #expect([.dead, .finished].contains(result.end) && result.tree.count > 2)
        let long = Problem(id: "long", text: String(repeating: "one two three ", count: 100))
        let error = await #expect(throws: SpecSearchError.self) { try await search.solve(long) }
        #expect(error?.code == .contextOverflow)
    }

    @Test(arguments: RealModel.present.filter { $0.name != "smollm2" })
    func `The answer is read from the box`(model: RealModel) async throws {
        let engine = try await model.engine()
        let search = try model.search(
            engine,
            [
                "method": "ar", "search": "self-consistency", "width": "1", "depth": "12", "max-tokens": "256",
                "temperature": "0",
            ])
        let result = try await search.solve(Problem(text: "What is 17 + 25?"))
        #expect(result.answer == "42", "\(result.steps.map(\.thought.text))")
    }
}
