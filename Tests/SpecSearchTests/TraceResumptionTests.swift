import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct TraceResumptionTests {
    @Test(arguments: SearchMethod.allCases)
    func `Cut anywhere, a search goes on to the result and the trace of one without interruption`(
        method: SearchMethod
    ) async throws {
        let toy = ToySearch()
        let configuration = Toy.configuration(method) { $0.lookahead = method == .specsearch ? 1 : 0 }
        let whole = try await toy.run(configuration)
        let events = toy.log.events
        for cut in stride(from: 1, to: events.count, by: 3) {
            let fresh = ToySearch()
            var search = try Search(fresh.engine, resuming: SearchTrace(events: Array(events.prefix(cut))))
            search.now = { 0 }
            let result = try await search.solve(Toy.problem, onEvent: fresh.log.listener)
            #expect(result.withoutTimes == whole.withoutTimes)
            #expect(fresh.log.events == events)
        }
    }

    @Test func `What is recorded costs no call of a model`() async throws {
        let toy = ToySearch()
        _ = try await toy.run(Toy.configuration())
        let none = ScriptedModel(.target) { _ in
            Issue.record("A model was asked.")
            return []
        }
        let engine = Engine(draft: none, target: none, rewardModel: Toy.rewardModel())
        let search = try Search(engine, resuming: SearchTrace(events: toy.log.events))
        #expect(try await search.solve(Toy.problem).isFinished)
    }

    @Test func `A trace of other models, or with an answer to another question, is refused`() async throws {
        let toy = ToySearch()
        _ = try await toy.run(Toy.configuration())
        let trace = SearchTrace(events: toy.log.events)
        var other = toy.engine
        other.defaults.name = "other"
        #expect(throws: SpecSearchError.self) { try Search(other, resuming: trace) }
        let search = try Search(toy.engine, resuming: trace)
        #expect(await code { try await search.solve(Problem(id: "other", text: "!")) } == .badTrace)
    }

    @Test func `A last line that was torn is left out, and one in the middle is an error`() async throws {
        let toy = ToySearch()
        _ = try await toy.run(Toy.configuration())
        let data = try SearchTrace(events: toy.log.events).encoded()
        let torn = try SearchTrace(data: data.dropLast(20))
        #expect(torn.events == Array(toy.log.events.dropLast()))
        let lines = data.split(separator: UInt8(ascii: "\n"))
        let damaged = Data(lines[0].dropLast(9) + Data("\n".utf8) + lines[1])
        #expect(throws: SpecSearchError.self) { try SearchTrace(data: damaged) }
        #expect(throws: SpecSearchError.self) { try SearchTrace(data: Data(lines[0].dropLast(9))) }
    }
}
