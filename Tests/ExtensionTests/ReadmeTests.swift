import SpecSearch
import Testing

/// The README's lines for programs, on an engine of this test in place of `LlamaEngine("Models")`.
@Suite struct ReadmeTests {
    @Test func `The README's lines for programs run`() async throws {
        let problem = Problem(id: "letters", text: "Spell it.")
        let engine = LettersEngine()
        let search = Search(engine)  // defaults from the model set
        let result = try await search.solve("Spell it.")
        var last: SearchEvent?
        for try await event in search.events(for: problem) { last = event }
        let other = Search(engine, algorithm: .mcts(iterations: 32), generator: .targetOnly)

        #expect(result.answer == "2")
        guard case .finished(let outcome)? = last else { return #expect(Bool(false)) }
        #expect(outcome.answer == "2")
        #expect(try await other.solve(problem).answer == "2")
        for step in result.steps { #expect(step.score == 0.8 && step.thought.text.hasPrefix("b")) }
    }

    @Test func `A search by the names of its settings runs`() async throws {
        var configuration = SearchConfiguration()
        try configuration.apply(["search": "mcts", "iterations": "16"])
        let result = try await Search(LettersEngine(), configuration: configuration).solve("Spell it.")
        #expect(result.isFinished)
    }

    @Test func `A trace is kept and run again without models`() async throws {
        var events: [SearchEvent] = []
        let search = try Search(LettersEngine(), configuration: SearchConfiguration())
        for try await event in search.events(for: "Spell it.") { events.append(event) }
        let trace = try SearchTrace(data: SearchTrace(events: events).encoded())
        let replayed = try await TraceReplay(trace).run()
        let tree = try trace.tree()
        #expect(replayed.answer == "2" && replayed.tree == tree)
    }
}
