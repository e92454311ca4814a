import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// Whole searches on the embedded engine, as a program runs them.
@Suite struct WholeSearchTests {
    private static let shipped = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models").path

    private static let problem = Problem(
        id: "one",
        text: "Tom has 20 coins. Tom finds 30 more. Tom loses 10. Tom wins 5 more. How many coins does Tom have now?")

    private func search(_ settings: [String: String], on engine: some EngineConvertible) throws -> Search {
        var configuration = SearchConfiguration()
        try configuration.apply(["beams": "2", "width": "3", "depth": "12", "seed": "1"])
        try configuration.apply(settings)
        return try Search(engine, configuration: configuration)
    }

    @Test func `The README's lines for programs`() async throws {
        let engine = try await LlamaEngine(Self.shipped)
        let search = Search(engine)
        let result = try await search.solve(Self.problem)
        #expect(result.answer == "45")
        var last: SearchEvent?
        for try await event in search.events(for: Self.problem) { last = event }
        guard case .finished(let outcome)? = last else {
            Issue.record("The last event is not `finished`.")
            return
        }
        #expect(outcome.answer == result.answer)
        let other = Search(engine, algorithm: .mcts(iterations: 4), generator: .targetOnly)
        #expect(try await other.solve(Self.problem).answer == "45")
        // Nothing of the problems stays once their sessions are closed.
        for (role, state) in await engine.cacheStates() {
            #expect(state.slots == 0 && state.locks == 0, "\(role): \(state)")
        }
    }

    /// 256 drafts of one node and 2,048 of sixteen, for a cache of 4,096 tokens and 64 sequences.
    @Test(arguments: [["beams": "1", "width": "128"], ["beams": "16", "width": "64"]])
    func `A search much wider than the cache ends with the right answer`(settings: [String: String]) async throws {
        let result = try await search(settings, on: LlamaEngine(Self.shipped)).solve(Self.problem)
        #expect(result.end == .finished)
        #expect(result.answer == "45")
    }

    @Test(arguments: [
        ["method": "gsi", "beams": "1", "width": "2"], ["method": "specsearch", "estimator": "specreason:1"],
        ["method": "sps"], ["method": "draft"], ["method": "ar", "search": "mcts-openr"],
        ["method": "specsearch", "search": "rebase"], ["method": "specsearch", "lookahead": "1"],
        ["method": "specsearch", "search": "self-consistency"],
    ])
    func `Every kind of search ends, and replays to the same result`(settings: [String: String]) async throws {
        let engine = try await LlamaEngine(Self.shipped)
        var events: [SearchEvent] = []
        for try await event in try search(settings, on: engine).events(for: Self.problem) { events.append(event) }
        let trace = SearchTrace(events: events)
        guard case .finished(let outcome)? = events.last else {
            Issue.record("No end.")
            return
        }
        #expect(outcome.isFinished || outcome.end == .depth || outcome.end == .dead)
        let replayed = try await TraceReplay(try SearchTrace(data: try trace.encoded())).run()
        #expect(replayed.outcome.withoutTimes == outcome.withoutTimes)
        #expect(replayed.tree == (try trace.tree()))
    }

    @Test func `One file in several roles searches as several do, and its tokens are evaluated once`() async throws {
        let target = Self.shipped + "/target.gguf"
        let set = ModelSet(
            draft: target, target: target, rewardModel: target, rewardModelConfiguration: Self.shipped + "/prm.json",
            chatTemplate: "{problem}\n\n")
        let engine = try await LlamaEngine(set)
        let result = try await search(["max-tokens": "40"], on: engine).solve(Self.problem)
        // Drafts of the target itself are kept by its own scores.
        #expect(result.acceptance.judged > 0)
        let evaluated = result.usage.models.values.reduce(0) { $0 + $1.evaluatedTokens }
        let distinct = try await engine.measurement.distinctTokens(
            of: result.tree.ids.map(result.tree.path), for: .target)
        #expect(evaluated <= distinct + distinct / 4, "\(evaluated) tokens for \(distinct)")
    }

    @Test(arguments: [SearchMethod.sps, .specsearch, .gsi])
    func `A draft with a smaller context than the target's ends no search`(method: SearchMethod) async throws {
        let directory = try ToyDirectory()
        var models = try directory.models()
        models.maximumStepTokens = 100
        let room = 24
        try directory.model("draft.gguf", .init(seed: 2, contextLength: room))
        let engine = try await LlamaEngine(models)
        let search = try search(
            ["method": method.rawValue, "depth": "4", "width": "30", "all-paths": "true"], on: engine)
        let result = try await search.solve(Problem(id: "small", text: "abc def ghi jkl"))
        let longest = result.tree.ids.map { result.tree.path(to: $0).tokens.count }.max() ?? 0
        #expect(longest > room)
        // Tokens are no longer proposed there; steps are no longer drafted, which is said.
        let losses = result.lost ?? []
        #expect(losses.map(\.role) == (method == .sps ? [] : [.draft]))
        #expect(losses.allSatisfy { $0.code == "contextOverflow" && $0.branches > 0 })
    }
}
