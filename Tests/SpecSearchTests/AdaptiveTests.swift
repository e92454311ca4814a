import Foundation
import SpecSearch
import SpecSearchTesting
import Synchronization
import Testing

@testable import SpecSearch

/// The choice between AR, SpS and SpecSearch.
@Suite struct MethodControllerTests {
    /// Passes of a pair on two cores, in milliseconds, as measured: Qwen2.5-Coder 1.5B, with 0.5B or SmolLM2-135M.
    private func plan(draft: [Double: Double], draftPrefill: Double, isFree: Bool = false) throws -> SearchCostPlan {
        func cost(_ points: [Double: Double], _ prefill: Double) throws -> ForwardPassCost {
            try ForwardPassCost(
                points.map { .init(tokens: $0.key, seconds: $0.value / 1000) },
                prefill: [
                    .init(tokens: 64, seconds: 64 * prefill / 1000), .init(tokens: 192, seconds: 192 * prefill / 1000),
                ])
        }
        let small = try cost(draft, draftPrefill)
        var plan = SearchCostPlan(
            draft: small, target: try cost([1: 73, 4: 165, 12: 480], 25), rewardModel: small,
            workload: SearchWorkload(steps: 1, stepTokens: [1: 1], acceptance: 1, tokenAcceptance: 1))
        plan.draftScoresAreFree = isFree
        return plan
    }

    private let task = MethodController.Task(
        nodes: 1, width: 4, draftFactor: 2, draftWaves: 2, correction: .cover, numSpeculativeTokens: 3)
    private let all = [SearchMethod.ar, .sps, .specsearch]

    @Test(arguments: [0, -1, 1e300, -1e300, .infinity, .nan] as [Double])
    func `Whatever was seen and whatever passes cost, a choice is made and can be told`(figure: Double) throws {
        var history = MethodHistory()
        history.tallies = ["ar/3": .init(batches: figure, seconds: figure, expected: figure)]
        history.drafts = .init(part: figure, whole: 1)
        history.tokens = .init(part: 1, whole: figure)
        history.lengths = .init(part: figure, whole: 1)
        (history.seconds, history.lost) = (figure, figure)
        var costly = try plan(draft: [1: 1e15, 12: 1e15], draftPrefill: 1e-12)
        for overhead in [0, figure] {
            (costly.draft.overhead, costly.target.overhead) = (overhead, overhead)
            let controller = MethodController(costs: costly)
            for known in [MethodHistory(), history] {
                let choice = controller.choice(for: task, among: all, depth: 1, by: known)
                #expect(choice.acceptance.isFinite && choice.costs.values.allSatisfy(\.isFinite), "\(choice)")
                #expect(try !SearchTrace.line(for: .chosen(choice)).isEmpty)
            }
            let choice = controller.choice(for: task, among: all, depth: 1, by: MethodHistory())
            var seen = MethodHistory()
            controller.record(
                choice, task, seconds: figure, tokens: figure, usage: ModelUsage(), drafts: (2, 1), in: &seen)
            #expect(seen.isPlausible, "\(seen)")
        }
    }

    @Test func `Before anything was seen, a draft a third as dear is not bet on where each node's slots are filled`()
        throws
    {
        let controller = MethodController(
            costs: try plan(draft: [1: 28, 4: 77, 12: 169], draftPrefill: 9.4))
        var fill = task
        fill.correction = .fill
        fill.draftWaves = 1
        let choice = controller.choice(for: fill, among: [.ar, .specsearch], depth: 1, by: MethodHistory())
        #expect(choice.method == .ar && !choice.isTrial)
        #expect((choice.costs[.specsearch] ?? 0) > 1.3)
    }

    @Test func `A draft that costs a sixth is, once most of its drafts were kept`() throws {
        let controller = MethodController(
            costs: try plan(draft: [1: 13, 4: 33, 12: 71], draftPrefill: 5.1, isFree: true))
        var history = MethodHistory()
        history.drafts.add(80, of: 100, fading: 1)
        let choice = controller.choice(for: task, among: all, depth: 1, by: history)
        #expect(choice.method == .specsearch)
        #expect((choice.costs[.specsearch] ?? 1) < 0.5)
    }

    /// A world in which each method truly costs so much a token, with noise.
    private func lose(
        _ truth: [SearchMethod: Double], _ controller: MethodController, batches: Int
    ) -> Double {
        var history = MethodHistory()
        var state: UInt64 = 88_172_645_463_325_252
        func noise() -> Double {
            state ^= state << 13
            state ^= state >> 7
            state ^= state << 17
            return 0.5 + Double(state >> 11) / Double(1 << 53)
        }
        var total = 0.0
        var ideal = 0.0
        let best = truth.values.min() ?? 1
        for batch in 0..<batches {
            // The first step of every problem is the target's.
            let methods = batch.isMultiple(of: 6) ? [.ar, .sps].filter { truth[$0] != nil } : Array(truth.keys)
            let choice = controller.choice(for: task, among: methods, depth: batch % 6, by: history)
            let work = 40 * noise() * noise()
            let seconds = work * (truth[choice.method] ?? 1)
            total += seconds
            ideal += work * (batch.isMultiple(of: 6) ? min(truth[.ar] ?? 1, truth[.sps] ?? 1) : best)
            controller.record(
                choice, task, seconds: seconds, tokens: 40, usage: ModelUsage(), drafts: (8, 4), in: &history)
        }
        return total / ideal
    }

    @Test(arguments: [0.2, 0.5, 0.9, 1.1, 1.6, 4.0])
    func `Whatever drafting truly costs, thousands of batches take little more than by the best method`(
        cost: Double
    ) throws {
        for costs in [nil, try plan(draft: [1: 28, 4: 77, 12: 169], draftPrefill: 9.4)] {
            let controller = MethodController(costs: costs)
            let truth: [SearchMethod: Double] = [.ar: 0.165, .sps: 0.2, .specsearch: 0.165 * cost]
            #expect(lose(truth, controller, batches: 2000) < 1.05, "\(cost)")
        }
    }

    @Test func `Token-level speculation that was overrated is given up`() throws {
        let controller = MethodController(costs: try plan(draft: [1: 28, 4: 77, 12: 169], draftPrefill: 9.4))
        #expect(lose([.ar: 0.165, .sps: 0.3], controller, batches: 600) < 1.05)
    }

    @Test func `Where drafts never pay, trials lose no more than their share`() throws {
        let controller = MethodController(
            costs: try plan(draft: [1: 13, 4: 33, 12: 71], draftPrefill: 5.1, isFree: true))
        #expect(lose([.ar: 0.165, .specsearch: 0.4], controller, batches: 2000) < 1.05)
    }
}

/// The generator that follows the choices.
@Suite struct AdaptiveThoughtGeneratorTests {
    /// A clock that models move.
    private final class Clock: Sendable {
        private let time = Mutex(0.0)
        var now: Double { time.withLock { $0 } }
        func advance(_ seconds: Double) { time.withLock { $0 += seconds } }
    }

    /// A model whose calls take so long a thought.
    private struct Timed: LanguageModel {
        let model: ScriptedModel
        let seconds: Double
        let clock: Clock

        func sample(_ requests: [SampleRequest]) async throws -> Samples {
            clock.advance(seconds * Double(requests.reduce(0) { $0 + $1.count }))
            return try await model.sample(requests)
        }
    }

    private func run(
        draftSeconds: Double, problems: Int, memory: MethodMemory = MethodMemory(), log: EventLog = EventLog(),
        _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) async throws -> SearchResult {
        let clock = Clock()
        let engine = Engine(
            draft: Timed(model: Toy.model(.draft, weights: [0.7, 0.2, 0.1, 0]), seconds: draftSeconds, clock: clock),
            target: Timed(model: Toy.model(.target, weights: [0.4, 0.3, 0.2, 0.1]), seconds: 1, clock: clock),
            rewardModel: Toy.rewardModel())
        var shared = engine
        shared.memory = memory
        var last: SearchResult?
        for number in 0..<problems {
            var search = try Search(
                shared, configuration: Toy.configuration(.auto, estimator: .mean, seed: UInt64(number), change))
            search.now = { clock.now }
            let isLast = number == problems - 1
            last = try await search.solve(Toy.problem, onEvent: isLast ? log.listener : nil)
        }
        return try #require(last)
    }

    @Test func `Cheap drafts are found out, and kept to`() async throws {
        let log = EventLog()
        let result = try await run(draftSeconds: 0.01, problems: 60, log: log)
        let later = result.choices?.filter { $0.depth > 0 } ?? []
        #expect(!later.isEmpty && later.allSatisfy { $0.method == .specsearch })
        #expect(result.choices?.first?.method == .ar, "The first step sets the threshold.")
        #expect(SearchInvariants.violations(in: log.events, of: result) == [])
    }

    @Test func `Dear drafts are left alone, and what is kept between runs says so at once`() async throws {
        let memory = MethodMemory()
        _ = try await run(draftSeconds: 3, problems: 60, memory: memory)
        let next = try await run(draftSeconds: 3, problems: 1, memory: MethodMemory(memory.history))
        #expect(next.choices?.allSatisfy { $0.method == .ar } == true)
        #expect(next.choices?.contains { $0.costs[.specsearch] ?? 0 > 1.5 } == true)
    }

    @Test func `The target's thoughts at any depth set the threshold of the next`() async throws {
        let result = try await run(draftSeconds: 3, problems: 1)
        let thresholds = result.depths.compactMap(\.threshold)
        #expect(result.choices?.allSatisfy { $0.method == .ar } == true)
        #expect(result.acceptance.judged == 0 && thresholds.isEmpty)
        let log = EventLog()
        _ = try await run(draftSeconds: 3, problems: 1, log: log)
        let updates = log.events.count { if case .thresholdUpdated = $0 { true } else { false } }
        #expect(updates == result.choices?.count)
    }

    @Test func `A replay takes the choices of its trace`() async throws {
        let log = EventLog()
        let result = try await run(draftSeconds: 0.01, problems: 60, log: log)
        #expect(result.acceptance.judged > 0)
        let replayed = try await TraceReplay(SearchTrace(events: log.events)).run()
        #expect(replayed.tree == result.tree)
        #expect(replayed.choices == result.choices)
    }

    @Test(arguments: [#""part":1"#, #""whole":4"#, #""seconds":2"#])
    func `What was kept between runs is believed only where it can be`(field: String) throws {
        let kept =
            #"{"tallies":{"ar":{"batches":1,"seconds":2,"expected":2}},"drafts":{"part":1,"whole":4},"#
            + #""tokens":{"part":1,"whole":4},"lengths":{"part":1,"whole":4},"seconds":2,"lost":0}"#
        let sane = try JSONDecoder().decode(MethodHistory.self, from: Data(kept.utf8))
        #expect(sane.isPlausible)
        let name = field.split(separator: ":")[0]
        for value in ["1e300", "-7"] {
            let edited = kept.replacingOccurrences(of: field, with: "\(name):\(value)")
            let history = try JSONDecoder().decode(MethodHistory.self, from: Data(edited.utf8))
            #expect(!history.isPlausible, "\(edited)")
        }
    }

    @Test func `A search without scores is the target's`() async throws {
        let result = try await run(draftSeconds: 0.01, problems: 60) { $0.search = .selfConsistency }
        #expect(result.choices?.allSatisfy { $0.method == .ar } == true)
        #expect(result.tree.ids.dropFirst().allSatisfy { result.tree[$0].score == nil })
    }

    @Test func `A choice stands in the trace as it was made`() throws {
        let choice = MethodChoice(
            depth: 2, method: .specsearch, costs: [.ar: 1, .specsearch: 0.5], isTrial: true, acceptance: 0.6)
        let line = try SearchTrace.line(for: .chosen(choice))
        #expect(String(decoding: line, as: UTF8.self).contains(#""costs":{"ar":1,"specsearch":0.5}"#))
        #expect(try SearchTrace(data: line).events == [.chosen(choice)])
    }
}
