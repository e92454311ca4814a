import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

/// Two thoughts: the draft generates either with 1/2, the target "a" with 4/5; the rewards are 0.5 and 0.6.
///
/// With β = 2 the tilted rewards are 0.5 + ln(1.6)/2 = 0.735 and 0.6 + ln(0.4)/2 = 0.142.
@Suite struct GuidedThoughtGeneratorTests {
    private struct Run {
        var step: Step
        /// The first characters of the drafts and of the target's thoughts.
        var drafts = ""
        var generated = ""
        var events: [SearchEvent]
        var result: SearchResult
    }

    private func model(_ role: ModelRole, _ a: Double) -> ScriptedModel {
        ScriptedModel(role) { path in
            [.init("a\(path.depth)\n\n", weight: a), .init("b\(path.depth)\n\n", weight: 1 - a)]
        }
    }

    private let rewardModel = ScriptedRewardModel { $0.thoughts.last?.text.first == "a" ? 0.5 : 0.6 }

    private func configuration(threshold: Double, factor: Int, width: Int = 1, seed: UInt64) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.beams = 1
        configuration.options.maximumDepth = 1
        configuration.options.seed = seed
        configuration.width = width
        configuration.draftFactor = factor
        configuration.method = .gsi
        configuration.gsi.beta = 2
        configuration.gsi.threshold = threshold
        return configuration
    }

    private func run(threshold: Double, factor: Int, width: Int = 1, seed: UInt64) async throws -> Run {
        let log = EventLog()
        let engine = Engine(draft: model(.draft, 0.5), target: model(.target, 0.8), rewardModel: rewardModel)
        let search = try Search(
            timeless: engine, configuration(threshold: threshold, factor: factor, width: width, seed: seed))
        let result = try await search.solve(Problem(id: "two", text: "?"), onEvent: log.listener)
        var run = Run(step: try #require(result.steps.first), events: log.events, result: result)
        for case .sampled(let call) in log.events {
            let letters = String(call.samples.joined().compactMap { result.tree[$0].thought.text.first })
            if call.role == .draft { run.drafts += letters } else { run.generated += letters }
        }
        return run
    }

    @Test func `A draft is taken if its tilted reward reaches the threshold`() async throws {
        var taken = 0
        for seed in 0..<100 as Range<UInt64> {
            let run = try await run(threshold: 0.7, factor: 1, seed: seed)
            if run.drafts == "a" {
                taken += 1
                #expect(run.step.thought.source == .draft && run.step.thought.text == "a0\n\n")
                #expect(run.generated.isEmpty)
            } else {
                #expect(run.step.thought.source == .target && run.step.thought.text.prefix(1) == run.generated)
            }
            // The score stays the reward model's.
            #expect(run.step.score == (run.step.thought.text.first == "a" ? 0.5 : 0.6))
            let none = try await self.run(threshold: 0.74, factor: 1, seed: seed)
            #expect(none.step.thought.source == .target)
            let all = try await self.run(threshold: 0.14, factor: 1, seed: seed)
            #expect(all.step.thought.source == .draft && all.generated.isEmpty)
        }
        #expect((30...70).contains(taken))
    }

    @Test func `Drafts are drawn by tilted rewards, the target's thoughts by rewards`() async throws {
        var draft = (a: 0, all: 0)
        var target = (a: 0, all: 0)
        for seed in 0..<2000 as Range<UInt64> {
            let kept = try await run(threshold: -9, factor: 2, seed: seed)
            if Set(kept.drafts).count == 2 {
                draft.all += 1
                draft.a += kept.step.thought.text.first == "a" ? 1 : 0
            }
            let corrected = try await run(threshold: 9, factor: 2, seed: seed)
            #expect(corrected.generated.count == 2)
            if Set(corrected.generated).count == 2 {
                target.all += 1
                target.a += corrected.step.thought.text.first == "a" ? 1 : 0
            }
        }
        // 1.6 e ÷ (1.6 e + 0.4 e^1.2) and e ÷ (e + e^1.2); standard deviations 0.014 and 0.02.
        #expect(draft.all > 850 && abs(Double(draft.a) / Double(draft.all) - 0.7661) < 0.055)
        #expect(target.all > 500 && abs(Double(target.a) / Double(target.all) - 0.4502) < 0.08)
    }

    @Test func `A width asks for as many draws, and for new thoughts in place of those that were not taken`()
        async throws
    {
        for seed in 0..<50 as Range<UInt64> {
            let run = try await run(threshold: 0.7, factor: 2, width: 4, seed: seed)
            #expect(run.drafts.count == 8 && run.generated.count % 2 == 0 && run.generated.count <= 8)
            #expect(run.result.acceptance.judged == 8)
            #expect(run.result.acceptance.kept == run.drafts.count { $0 == "a" })
            #expect(run.result.acceptance.corrections == run.generated.count)
            for case .resolved(let resolved) in run.events where resolved.state == .accepted {
                #expect(resolved.nodes.allSatisfy { run.result.tree[$0].thought.text.first == "a" })
            }
            #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
        }
    }

    @Test func `A recorded search replays`() async throws {
        let run = try await run(threshold: 0.7, factor: 2, width: 4, seed: 3)
        let replayed = try await TraceReplay(SearchTrace(events: run.events)).run()
        #expect(replayed.withoutTimes == run.result.withoutTimes)
    }

    @Test func `Models that give no likelihoods are refused`() async throws {
        let silent = Handwritten.model(.draft, [["0.5 a"]])
        let plain = model(.target, 0.8)
        for (draft, target) in [(silent, plain), (model(.draft, 0.5), Handwritten.model(.target, [["0.5 a"]]))] {
            let search = try Search(
                Engine(draft: draft, target: target, rewardModel: rewardModel),
                configuration: configuration(threshold: 0, factor: 1, seed: 0))
            #expect(await code { try await search.solve(Handwritten.problem) } == .unsupported)
        }
    }

    @Test func `How likely a thought was is in the trace`() async throws {
        let run = try await run(threshold: 0.7, factor: 1, seed: 0)
        let thoughts = run.events.compactMap { event -> SearchEvent.NewThought? in
            if case .thought(let new) = event { new } else { nil }
        }
        #expect(thoughts.first?.logProbability == log(0.5))
        let data = try SearchTrace.line(for: .thought(try #require(thoughts.first)))
        #expect(try JSONDecoder().decode(SearchEvent.self, from: data) == .thought(thoughts[0]))
        let silent = Data(
            #"{"type":"drafted","node":1,"parent":0,"depth":1,"text":"a","tokens":[1],"stop":"delimiter","source":"draft","samples":1,"sampleIndex":0}"#
                .utf8)
        guard case .thought(let thought) = try JSONDecoder().decode(SearchEvent.self, from: silent) else {
            return #expect(Bool(false))
        }
        #expect(thought.logProbability == nil)
    }
}
