import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct TraceFormatTests {
    private func recorded(
        _ method: SearchMethod = .specsearch, _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) async throws -> HandwrittenSearch {
        try await HandwrittenSearch(
            Handwritten.configuration(beams: 2, width: 3, depth: 9) {
                $0.method = method
                change(&$0)
            },
            draft: ScriptedModel(.draft, distribution: Handwritten.steps([0.4, 0.3, 0.2, 0.1])),
            target: ScriptedModel(.target, distribution: Handwritten.steps([0.1, 0.2, 0.3, 0.4])))
    }

    private func lines(_ events: [SearchEvent]) throws -> [Data] {
        try SearchTrace(events: events).encoded().split(separator: UInt8(ascii: "\n")).map { Data($0) }
    }

    private func event(_ json: String) throws -> SearchEvent {
        try JSONDecoder().decode(SearchEvent.self, from: Data(json.utf8))
    }

    private func isBadTrace(_ run: () async throws -> Void) async -> Bool {
        do {
            try await run()
            return false
        } catch {
            return (error as? SpecSearchError)?.code == .badTrace
        }
    }

    @Test(arguments: SearchMethod.allCases)
    func `A trace comes back as it was recorded, and replays to the same result`(method: SearchMethod) async throws {
        let run = try await recorded(method)
        let data = try SearchTrace(events: run.events).encoded()
        let trace = try SearchTrace(data: data)
        #expect(trace.events == run.events)
        #expect(data.filter { $0 == UInt8(ascii: "\n") }.count == run.events.count)
        #expect(try trace.tree() == run.result.tree)
        let result = try await TraceReplay(trace).run()
        #expect(result.withoutTimes == run.result.withoutTimes)
    }

    @Test func `A trace is flat JSON lines with a type, of version 2`() async throws {
        var types: Set<String> = []
        let changes: [(inout SearchConfiguration) -> Void] = [
            { $0.lookahead = 1 },
            { $0.search = .mcts },
            { $0.method = .gsi },
            { ($0.salvages, $0.rejection.estimator) = (true, .fixed(0.9)) },
        ]
        for change in changes {
            for line in try lines(try await recorded(.specsearch, change).events) {
                let object = try #require(try JSONSerialization.jsonObject(with: line) as? [String: Any])
                let type = try #require(object["type"] as? String)
                types.insert(type)
                if type == "started" { #expect(object["version"] as? Int == 2) }
                #expect(object.values.allSatisfy { !($0 is [[String: Any]]) } || type == "finished")
            }
        }
        #expect(
            types == [
                "started", "drafted", "generated", "sampled", "scored", "likelihoods", "accepted", "surplus",
                "rejected",
                "corrected", "duplicate", "salvaged", "threshold", "lookahead", "selected", "backedUp", "finished",
            ])
    }

    // GSI asks for likelihoods, which this script does not have.
    @Test(arguments: SearchMethod.allCases.filter { $0 != .gsi })
    func `Every thought's text stands once in a trace`(method: SearchMethod) async throws {
        // The texts of this script are unlike any other word of a trace.
        func model(_ role: ModelRole) -> ScriptedModel {
            ScriptedModel(role) { path, key in
                let text = "<\(role.rawValue)/\(path.depth)/\(key.node)/\(key.sampleIndex)>"
                return .init(text, stop: path.depth == 2 ? .endOfSequence : .delimiter)
            }
        }
        let search = ToySearch(
            draft: model(.draft), target: model(.target),
            rewardModel: ScriptedRewardModel { Double($0.text.utf8.reduce(0) { ($0 &* 31) &+ Int($1) } & 1023) / 1023 })
        let result = try await search.run(
            Handwritten.configuration(beams: 2, width: 3, depth: 9) { ($0.method, $0.lookahead) = (method, 1) })
        let trace = String(decoding: try SearchTrace(events: search.log.events).encoded(), as: UTF8.self)
        var counts: [String: Int] = [:]
        for id in result.tree.ids.dropFirst() { counts[result.tree[id].thought.text, default: 0] += 1 }
        #expect(counts.count > 10)
        // Lookahead steps of different nodes may say the same: each is a thought of its own.
        for (text, count) in counts { #expect(trace.ranges(of: "\"\(text)\"").count == count) }
        #expect(trace.ranges(of: "<").count == counts.values.reduce(0, +))
    }

    @Test func `Every event comes back from its line`() async throws {
        let usage = #"{"models":{}}"#
        var events = try [
            #"{"type":"scored","depth":1,"nodes":[1],"scores":[0.5],"twin":3,"seconds":0}"#,
            #"{"type":"scored","depth":1,"nodes":[1],"scores":[0.5],"usage":\#(usage),"seconds":0.25}"#,
            #"{"type":"likelihoods","role":"target","nodes":[1],"values":[-1.5],"usage":\#(usage),"seconds":1}"#,
            #"{"type":"threshold","depth":3}"#, #"{"type":"threshold","depth":3,"threshold":0.5}"#,
            #"{"type":"lookahead","node":4,"score":0.5}"#, #"{"type":"selected","depth":2,"nodes":[1,2]}"#,
            #"{"type":"backedUp","iteration":3,"node":4,"value":0.25,"isRevisit":true}"#,
        ].map(event)
        for state in ["accepted", "surplus", "rejected", "corrected", "duplicate", "salvaged"] {
            events.append(try event(#"{"type":"\#(state)","parent":0,"nodes":[1],"threshold":0.5}"#))
            #expect(events.last?.type == state)
        }
        #expect(Set(events).count == events.count)
        #expect(throws: (any Error).self) { try event(#"{"type":"unusable","parent":0,"nodes":[1]}"#) }
        events += try await recorded().events
        for event in events {
            #expect(try JSONDecoder().decode(SearchEvent.self, from: SearchTrace.line(for: event)) == event)
        }
    }

    @Test func `Costs by model and phase are objects, so their bytes do not follow the hash order`() async throws {
        let run = try await recorded()
        let text = try #require(String(bytes: SearchTrace.line(for: .finished(run.result.outcome)), encoding: .utf8))
        #expect(text.contains("\"draft\":{"))
        #expect(text.contains("\"phases\":{"))
    }

    @Test func `A damaged line is named by its number`() async throws {
        var lines = try lines(try await recorded().events)
        lines[3] = lines[3].dropLast(5)
        // An empty line counts, or the number would not be the editor's.
        lines.insert(Data(), at: 1)
        let damaged = Data(lines.joined(separator: Data("\n".utf8)))
        let error = #expect(throws: SpecSearchError.self) { try SearchTrace(data: damaged) }
        #expect(error?.code == .badTrace && error?.description.contains("Line 5 ") == true)
    }

    @Test func `A trace of version 1 is refused, with what to do`() {
        let old = Data(
            #"{"started":{"version":1,"problem":{"id":"p","text":"?"},"configuration":{"method":"ar","beams":2}}}"#.utf8
        )
        let error = #expect(throws: SpecSearchError.self) { try SearchTrace(data: old) }
        #expect(error?.code == .badTrace)
        #expect(error?.message.contains("version") == true && error?.remedy.contains("Record it again") == true)
    }

    @Test func `A trace without its beginning, or of another version, is refused`() async throws {
        let events = try await recorded().events
        #expect(throws: SpecSearchError.self) { try TraceReplay(SearchTrace(events: Array(events.dropFirst()))) }
        #expect(throws: SpecSearchError.self) { try TraceReplay(SearchTrace(events: [])) }
        guard case .started(var started)? = events.first else { return #expect(Bool(false)) }
        started.version = 3
        let error = #expect(throws: SpecSearchError.self) {
            try TraceReplay(SearchTrace(events: [.started(started)] + events.dropFirst()))
        }
        #expect(error?.code == .badTrace && error?.message.contains("version 2") == true)
    }

    @Test func `Settings and counts that would overflow are refused`() async throws {
        let events = try await recorded().events
        guard case .started(let started)? = events.first else { return #expect(Bool(false)) }
        let changes: [@Sendable (inout SearchConfiguration) -> Void] = [
            { ($0.search, $0.beams) = (.rebase, .max) }, { $0.draftFactor = .max }, { $0.width = .max },
            { ($0.search, $0.iterations) = (.mctsOpenR, .max) }, { $0.lookahead = .max },
            { ($0.beams, $0.width) = (1 << 10, 1 << 10) }, { $0.beams = .min }, { $0.options.maximumDepth = .max },
        ]
        for change in changes {
            var hostile = started
            var configuration = try #require(started.configuration)
            change(&configuration)
            hostile.configuration = configuration
            let replay = try TraceReplay(SearchTrace(events: [.started(hostile)] + events.dropFirst()))
            #expect(await code { try await replay.run() } == .badSetting)
        }
        let text = String(decoding: try SearchTrace(events: events).encoded(), as: UTF8.self)
        let counts = text.replacing(/"evaluatedTokens":[0-9]+/, with: "\"evaluatedTokens\":\(Int.max)")
        #expect(throws: SpecSearchError.self) { try SearchTrace(data: Data(counts.utf8)) }
    }

    @Test func `A trace that was cut does not replay`() async throws {
        let events = try await recorded().events
        let places = events.indices.filter { if case .sampled = events[$0] { true } else { false } }
        for end in [1, 4, try #require(places.last), events.count - 1] {
            let cut = SearchTrace(events: Array(events.prefix(end)))
            if end == events.count - 1 {
                // Only the last event is missing: all answers are there.
                _ = try await TraceReplay(cut).run()
            } else {
                #expect(await isBadTrace { _ = try await TraceReplay(cut).run() }, "\(end)")
            }
        }
    }

    @Test func `A trace with an answer taken out, or edited, does not replay`() async throws {
        let events = try await recorded().events
        var shorter = events
        shorter.remove(at: try #require(events.lastIndex { if case .sampled = $0 { true } else { false } }))
        #expect(await isBadTrace { _ = try await TraceReplay(SearchTrace(events: shorter)).run() })
        let edits: [(SearchEvent) -> SearchEvent] = [
            { event in
                guard case .scored(var call) = event, call.twin == nil else { return event }
                call.nodes.swapAt(0, call.nodes.count - 1)
                return .scored(call)
            },
            { event in
                guard case .sampled(var call) = event else { return event }
                call.samples[0].removeLast()
                return .sampled(call)
            },
            { event in
                guard case .sampled(var call) = event, call.role == .draft else { return event }
                call.role = .target
                return .sampled(call)
            },
            { event in
                guard case .thought(var new) = event, new.depth == 1 else { return event }
                new.stop = .length
                return .thought(new)
            },
        ]
        for (index, edit) in edits.enumerated() {
            let edited = SearchTrace(events: events.map(edit))
            #expect(await isBadTrace { _ = try await TraceReplay(edited).run() }, "\(index)")
        }
    }

    @Test func `A search of values replays with the same values, and names what it misses`() async throws {
        let toy = ToySearch()
        var options = SearchOptions()
        options.seed = 9
        let algorithm = MonteCarloTreeSearch.mcts(iterations: 5, width: 3)
        let search = Search(toy.engine, algorithm: algorithm, generator: .specsearch(), options: options)
        let result = try await search.solve(Toy.problem, onEvent: toy.log.listener)
        #expect(SearchInvariants.violations(in: toy.log.events, of: result) == [])
        let replay = try TraceReplay(SearchTrace(data: SearchTrace(events: toy.log.events).encoded()))
        let again = try await replay.run(
            algorithm: algorithm, generator: SpeculativeThoughtGenerator(), options: options)
        #expect(again.withoutTimes == result.withoutTimes)
        #expect(await code { try await replay.run() } == .badTrace)
    }

    @Test func `The checker of invariants sees what it is for`() async throws {
        let run = try await recorded()
        let events = run.events
        func isSound(_ events: [SearchEvent]) -> Bool { SearchInvariants.violations(in: events).isEmpty }
        #expect(SearchInvariants.violations(in: events, of: run.result) == [])
        #expect(!isSound(Array(events.dropLast())) && !isSound(Array(events.dropFirst())))
        let other = try await recorded { $0.options.seed = 1 }
        #expect(SearchInvariants.violations(in: events, of: other.result) != [])
        var seen: Set<String> = []
        for index in events.indices {
            var changed = events
            switch events[index] {
            case .thought(var new):
                new.samples += 1
                changed[index] = .thought(new)
            case .resolved(var resolved) where resolved.state == .accepted:
                resolved.threshold = 1.0.nextUp
                changed[index] = .resolved(resolved)
                #expect(!isSound(changed))
                resolved.nodes = Array(repeating: resolved.nodes[0], count: 9)
                changed[index] = .resolved(resolved)
            case .resolved(var resolved) where resolved.state == .rejected:
                resolved.state = .correction
                changed[index] = .resolved(resolved)
            case .selected(let depth, let nodes) where depth > 0:
                changed[index] = .selected(depth: depth, nodes: nodes.compactMap { run.result.tree[$0].parent })
                #expect(!isSound(changed))
                changed[index] = .selected(depth: depth, nodes: nodes + nodes)
            case .scored(var call):
                call.scores[0] = 1.5
                changed[index] = .scored(call)
            case .sampled(var call):
                call.parents[0] = call.samples[0][0]
                changed[index] = .sampled(call)
            case .finished(var outcome):
                outcome.best.score -= 0.01
                changed[index] = .finished(outcome)
            default: continue
            }
            seen.insert(events[index].type)
            #expect(!isSound(changed), "\(events[index].type)")
        }
        #expect(seen.count > 6)
    }
}
