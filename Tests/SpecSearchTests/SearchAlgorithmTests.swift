import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

/// What holds for every search with every method.
@Suite struct SearchAlgorithmTests {
    private func configuration(
        _ kind: SearchKind, _ method: SearchMethod = .specsearch, seed: UInt64 = 5,
        _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) -> SearchConfiguration {
        var configuration = Toy.configuration(method, estimator: .mean, seed: seed)
        configuration.search = kind
        configuration.width = 3
        configuration.iterations = kind == .mcts ? 12 : nil
        change(&configuration)
        return configuration
    }

    @Test(arguments: SearchKind.allCases, SearchMethod.allCases)
    func `A search finishes, keeps the invariants, and its trace replays`(
        kind: SearchKind, method: SearchMethod
    ) async throws {
        for lookahead in kind == .selfConsistency ? [0] : [0, 2] {
            let search = ToySearch()
            let result = try await search.run(configuration(kind, method) { $0.lookahead = lookahead })
            #expect(result.end == .finished)
            #expect(result.isFinished)
            #expect(SearchInvariants.violations(in: search.log.events, of: result) == [])
            let trace = try SearchTrace(data: try SearchTrace(events: search.log.events).encoded())
            // Settings that have no effect are not recorded.
            #expect(try trace.encoded() == SearchTrace(events: search.log.events).encoded())
            #expect(try trace.tree() == result.tree)
            let replayed = try await TraceReplay(trace).run()
            #expect(replayed.withoutTimes == result.withoutTimes)
        }
    }

    @Test(arguments: SearchKind.allCases, [SearchMethod.specsearch, .gsi])
    func `Batched and one by one are the same trace, byte for byte`(kind: SearchKind, method: SearchMethod) async throws
    {
        var traces: Set<[UInt8]> = []
        for isSplit in [false, true] {
            let log = EventLog()
            let engine = OneByOne.engine(
                isSplit: isSplit, draft: [0.4, 0.3, 0.2, 0.1], target: [0.1, 0.2, 0.3, 0.4])
            let configuration = configuration(kind, method)
            _ = try await Search(timeless: engine, configuration).solve(Handwritten.problem, onEvent: log.listener)
            traces.insert(Array(try SearchTrace(events: log.events).encoded()))
        }
        #expect(traces.count == 1)
    }

    @Test(arguments: SearchKind.allCases)
    func `No two expansions draw the same random numbers`(kind: SearchKind) async throws {
        let search = ToySearch()
        _ = try await search.run(configuration(kind, .ar))
        var keys: Set<RandomKey> = []
        for request in search.target.requests {
            for sample in 0..<request.count {
                #expect(keys.insert(request.key.sample(sample)).inserted)
            }
        }
    }

    @Test(arguments: SearchKind.allCases)
    func `With every draft rejected a search is AR's to the letter`(kind: SearchKind) async throws {
        for seed in 0..<8 as Range<UInt64> {
            let speculative = try await ToySearch().run(
                configuration(kind, seed: seed) {
                    $0.rejection.estimator = .infinite
                    $0.extraThought = .never
                })
            let plain = try await ToySearch().run(configuration(kind, .ar, seed: seed))
            #expect(speculative.steps.map(\.thought) == plain.steps.map(\.thought))
            #expect(speculative.paths.count == plain.paths.count)
        }
    }

    @Test(arguments: SearchKind.allCases)
    func `Without a threshold the target generates only the first step`(kind: SearchKind) async throws {
        let search = ToySearch()
        _ = try await search.run(configuration(kind) { $0.rejection.estimator = .none })
        #expect(search.target.requests.allSatisfy { $0.path.depth == 0 })
        #expect(search.target.calls.count == 1)
    }

    @Test(arguments: SearchKind.allCases)
    func `A draft equal to the target gives the target's distribution`(kind: SearchKind) async throws {
        var counts = [[Character: Double]](repeating: [:], count: 2)
        for run in 0..<300 as Range<UInt64> {
            for (index, method) in [SearchMethod.ar, .specsearch].enumerated() {
                let configuration = configuration(kind, method, seed: run) {
                    $0.rejection.estimator = .none
                    $0.draftFactor = 1
                    $0.width = 2
                    $0.beams = 1
                    $0.iterations = 4
                }
                let result = try await ToySearch(draft: Toy.model(.draft)).run(configuration)
                counts[index][result.steps[1].thought.text.first ?? "?", default: 0] += 1
            }
        }
        // Homogeneity of two multinomials, 3 degrees of freedom, 99.9 % below.
        var chiSquare = 0.0
        for letter in Set(counts[0].keys).union(counts[1].keys) {
            let (a, b) = (counts[0][letter] ?? 0, counts[1][letter] ?? 0)
            chiSquare += (a - b) * (a - b) / (a + b)
        }
        #expect(chiSquare < 16.3)
    }

    @Test(arguments: SearchKind.allCases)
    func `A budget of thoughts is never exceeded, and ends with the best so far`(kind: SearchKind) async throws {
        // A chain asks for one thought a step.
        for limit in kind == .chain ? [1, 2] : [5, 6, 12, 13] {
            let search = ToySearch()
            let result = try await search.run(configuration(kind, .ar) { $0.options.budget.thoughts = limit })
            #expect(result.end == .thoughts)
            #expect(search.target.requestedThoughts <= limit)
            #expect(limit == 5 || !result.steps.isEmpty)
        }
    }

    @Test(arguments: SearchKind.allCases)
    func `A token budget and a depth limit end every search, flagged`(kind: SearchKind) async throws {
        let poor = try await ToySearch().run(configuration(kind, .ar) { $0.options.budget.tokens = 1 })
        #expect(poor.end == .tokens && !poor.isFinished && poor.steps.count == 1)
        let shallow = try await ToySearch().run(configuration(kind, .ar) { $0.options.maximumDepth = 2 })
        #expect(shallow.end == .depth && !shallow.isFinished && shallow.steps.count == 2)
    }

    @Test(.timeLimit(.minutes(1)), arguments: SearchKind.allCases)
    func `The deadline gives the best so far in every search`(kind: SearchKind) async throws {
        // The first step is quick, and no draft comes back in time.
        let slow = Toy.model(.draft, delay: .seconds(600))
        let search = ToySearch(draft: slow)
        let result = try await search.run(configuration(kind) { $0.options.budget.seconds = 0.1 })
        #expect(result.end == .deadline && !result.isFinished)
        #expect(result.steps.count == 1)
        let replayed = try await TraceReplay(SearchTrace(events: search.log.events)).run()
        #expect(replayed.withoutTimes == result.withoutTimes)
    }

    @Test(arguments: SearchKind.allCases)
    func `Where all is cut every search is dead`(kind: SearchKind) async throws {
        let cut = ScriptedModel(.target) { path in
            [.init("x\(path.depth)\n\n", stop: path.depth == 1 ? .length : .delimiter)]
        }
        let result = try await ToySearch(target: cut).run(configuration(kind, .ar))
        #expect(result.end == .dead && result.steps.count == 1)
    }

    @Test func `The thresholds of a tree search belong to depths`() async throws {
        let search = ToySearch()
        let result = try await search.run(configuration(.mcts) { $0.iterations = 20 })
        var updates: [Int: Int] = [:]
        for case .thresholdUpdated(let depth, _) in search.log.events { updates[depth, default: 0] += 1 }
        #expect(updates.values.contains { $0 > 1 })
        #expect(result.depths.map(\.depth) == Array(0..<result.depths.count))
    }
}
