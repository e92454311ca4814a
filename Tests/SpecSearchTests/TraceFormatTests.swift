import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct TraceFormatTests {
    private func recorded(_ method: SearchMethod = .specsearch) async throws -> HandwrittenSearch {
        try await HandwrittenSearch(
            Handwritten.configuration(beams: 2, width: 3, depth: 9) { $0.method = method },
            draft: ScriptedSampler(.draft, law: Handwritten.law([0.4, 0.3, 0.2, 0.1])),
            target: ScriptedSampler(.target, law: Handwritten.law([0.1, 0.2, 0.3, 0.4])))
    }

    @Test(arguments: SearchMethod.allCases)
    func `A trace comes back as it was written, and replays to the same result`(method: SearchMethod) async throws {
        let run = try await recorded(method)
        let data = try SearchTrace(events: run.events).encoded()
        let trace = try SearchTrace(data: data)
        #expect(trace.events == run.events)
        #expect(data.filter { $0 == UInt8(ascii: "\n") }.count == run.events.count)
        let replayed = EventLog()
        let result = try await TraceReplay(trace).run(onEvent: replayed.listener)
        #expect(result.withoutTimes == run.result.withoutTimes)
        #expect(replayed.events == run.events)
    }

    @Test func `Costs by model and phase are objects, so their bytes do not follow the hash order`() async throws {
        let run = try await recorded()
        let text = try #require(String(bytes: SearchTrace.line(for: .finished(run.result)), encoding: .utf8))
        #expect(text.contains("\"draft\":{"))
        #expect(text.contains("\"phases\":{"))
    }

    @Test func `A damaged line is named`() async throws {
        let run = try await recorded()
        var lines = try SearchTrace(events: run.events).encoded().split(separator: UInt8(ascii: "\n")).map { Data($0) }
        lines[3] = lines[3].dropLast(5)
        // An empty line counts, or the number would not be the editor's.
        lines.insert(Data(), at: 1)
        let damaged = Data(lines.joined(separator: Data("\n".utf8)))
        let error = #expect(throws: SearchTrace.FormatError.self) { try SearchTrace(data: damaged) }
        #expect(error?.description.contains("line 5 ") == true)
    }

    @Test func `A trace without its beginning, or of another version, is refused`() async throws {
        let events = try await recorded().events
        #expect(throws: SearchTrace.FormatError.self) {
            try TraceReplay(SearchTrace(events: Array(events.dropFirst())))
        }
        guard case .started(var started)? = events.first else { return #expect(Bool(false)) }
        started.version = 2
        #expect(throws: SearchTrace.FormatError.self) { try TraceReplay(SearchTrace(events: [.started(started)])) }
    }

    @Test func `Settings and counts that would overflow are refused`() async throws {
        let events = try await recorded().events
        guard case .started(let started)? = events.first else { return #expect(Bool(false)) }
        let changes: [@Sendable (inout SearchConfiguration) -> Void] = [
            { ($0.search, $0.beams) = (.rebase, .max) }, { $0.speculation.draftFactor = .max },
            { $0.speculation.width = .max }, { ($0.search, $0.iterations) = (.mctsOpenR, .max) },
            { $0.lookahead = .max },
            { ($0.beams, $0.speculation.width) = (1 << 10, 1 << 10) }, { $0.beams = .min }, { $0.maximumDepth = .max },
        ]
        for change in changes {
            var hostile = started
            change(&hostile.configuration)
            let replay = try TraceReplay(SearchTrace(events: [.started(hostile)] + events.dropFirst()))
            let error = await #expect(throws: EngineError.self) { try await replay.run() }
            #expect(error?.code == .badSetting)
        }
        let text = String(decoding: try SearchTrace(events: events).encoded(), as: UTF8.self)
        let counts = text.replacing(/"evaluatedTokens":[0-9]+/, with: "\"evaluatedTokens\":\(Int.max)")
        #expect(throws: SearchTrace.FormatError.self) { try SearchTrace(data: Data(counts.utf8)) }
    }

    @Test func `A trace that was cut or edited does not replay`() async throws {
        let events = try await recorded().events
        let cut = try TraceReplay(SearchTrace(events: Array(events.prefix(4))))
        await #expect(throws: SearchTrace.FormatError.self) { try await cut.run() }
        let edited = try TraceReplay(
            SearchTrace(
                events: events.map { event in
                    guard case .evaluated(var call) = event else { return event }
                    call.texts[0] += "x"
                    return .evaluated(call)
                }))
        await #expect(throws: SearchTrace.FormatError.self) { try await edited.run() }
    }

    @Test func `The checker of invariants sees what it is for`() async throws {
        let events = try await recorded().events
        #expect(SearchInvariants.violations(in: events) == [])
        #expect(SearchInvariants.violations(in: Array(events.dropLast())) != [])
        #expect(SearchInvariants.violations(in: Array(events.dropFirst())) != [])
        for index in events.indices {
            switch events[index] {
            case .accepted(let depth, let node, let steps) where !steps.isEmpty:
                var low = events
                var step = steps[0]
                step.threshold = step.score.nextUp
                low[index] = .accepted(depth: depth, node: node, steps: [step])
                #expect(SearchInvariants.violations(in: low) != [])
                low[index] = .accepted(depth: depth, node: node, steps: [steps[0], steps[0]])
                #expect(SearchInvariants.violations(in: low) != [])
            case .selected(let depth, let nodes) where depth > 0:
                var orphan = events
                orphan[index] = .selected(
                    depth: depth, nodes: nodes.map { Node(problem: $0.problem, steps: $0.steps.suffix(1)) })
                #expect(SearchInvariants.violations(in: orphan) != [])
            default: break
            }
        }
    }
}
