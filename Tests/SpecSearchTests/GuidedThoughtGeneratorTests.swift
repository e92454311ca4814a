import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

/// Two thoughts: the draft writes either with 1/2, the target "a" with 4/5; the rewards are 0.5 and 0.6.
///
/// With β = 2 the tilted rewards are 0.5 + ln(1.6)/2 = 0.735 and 0.6 + ln(0.4)/2 = 0.142.
@Suite struct GuidedThoughtGeneratorTests {
    private struct Run {
        var step: Step
        /// The first characters of the drafts and of the target's thoughts.
        var drafts = ""
        var written = ""
        var events: [SearchEvent]
        var result: SearchResult
    }

    private func sampler(_ role: ModelRole, _ a: Double) -> ScriptedSampler {
        ScriptedSampler(role) { path in
            [.init("a\(path.depth)\n\n", weight: a), .init("b\(path.depth)\n\n", weight: 1 - a)]
        }
    }

    private let evaluator = ScriptedEvaluator { $0.thoughts.last?.text.first == "a" ? 0.5 : 0.6 }

    private func configuration(threshold: Double, factor: Int, width: Int = 1, seed: UInt64) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.beams = 1
        configuration.maximumDepth = 1
        configuration.seed = seed
        configuration.speculation.width = width
        configuration.speculation.draftFactor = factor
        configuration.speculation.rejection.estimator = .guided(beta: 2, threshold: threshold)
        return configuration
    }

    private func run(threshold: Double, factor: Int, width: Int = 1, seed: UInt64) async throws -> Run {
        let log = EventLog()
        let models = SearchModels(draft: sampler(.draft, 0.5), target: sampler(.target, 0.8), evaluator: evaluator)
        let result = try await Search(
            configuration(threshold: threshold, factor: factor, width: width, seed: seed), models: models, now: { 0 }
        ).run(Problem(id: "two", text: "?"), onEvent: log.listener)
        var run = Run(step: try #require(result.best.steps.first), events: log.events, result: result)
        for case .sampled(let call) in log.events {
            let letters = String(call.thoughts.joined().compactMap(\.text.first))
            if call.role == .draft { run.drafts += letters } else { run.written += letters }
        }
        return run
    }

    @Test func `A draft is taken if its tilted reward reaches the threshold`() async throws {
        var taken = 0
        for seed in 0..<100 as Range<UInt64> {
            let run = try await run(threshold: 0.7, factor: 1, seed: seed)
            if run.drafts == "a" {
                taken += 1
                #expect(run.step.thought.author == .draft && run.step.thought.text == "a0\n\n")
                #expect(run.written.isEmpty)
            } else {
                #expect(run.step.thought.author == .target && run.step.thought.text.prefix(1) == run.written)
            }
            // The score stays the reward model's.
            #expect(run.step.score == (run.step.thought.text.first == "a" ? 0.5 : 0.6))
            let none = try await self.run(threshold: 0.74, factor: 1, seed: seed)
            #expect(none.step.thought.author == .target)
            let all = try await self.run(threshold: 0.14, factor: 1, seed: seed)
            #expect(all.step.thought.author == .draft && all.written.isEmpty)
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
            #expect(corrected.written.count == 2)
            if Set(corrected.written).count == 2 {
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
            #expect(run.drafts.count == 8 && run.written.count % 2 == 0 && run.written.count <= 8)
            #expect(run.result.acceptance.judged == 8)
            #expect(run.result.acceptance.kept == run.drafts.count { $0 == "a" })
            #expect(run.result.acceptance.corrections == run.written.count)
            for case .accepted(_, _, let steps) in run.events {
                #expect(steps.allSatisfy { $0.thought.text.first == "a" })
            }
        }
    }

    @Test func `A recorded search replays`() async throws {
        let run = try await run(threshold: 0.7, factor: 2, width: 4, seed: 3)
        let replayed = try await TraceReplay(SearchTrace(events: run.events)).run()
        #expect(replayed.best == run.result.best && replayed.usage == run.result.usage)
    }

    @Test func `Models that tell no likelihoods are refused`() async throws {
        let silent = Handwritten.sampler(.draft, [["0.5 a"]])
        let told = sampler(.target, 0.8)
        for (draft, target) in [(silent, told), (sampler(.draft, 0.5), Handwritten.sampler(.target, [["0.5 a"]]))] {
            let search = Search(
                configuration(threshold: 0, factor: 1, seed: 0),
                models: SearchModels(draft: draft, target: target, evaluator: evaluator))
            let error = await #expect(throws: EngineError.self) { try await search.run(Handwritten.problem) }
            #expect(error?.code == .badSetting)
        }
    }

    @Test func `The rule has a name`() {
        #expect(ThresholdEstimator(name: "gsi") == .guided(beta: 20, threshold: 0.5))
        #expect(ThresholdEstimator(name: "gsi:8:-0.25") == .guided(beta: 8, threshold: -0.25))
        #expect(ThresholdEstimator(name: ThresholdEstimator.guided.description) == .guided)
        for name in ["gsi:", "gsi:8", "gsi:0:0.5", "gsi:8:x", "gsi:8:0.5:1", "gsi:-1:0", "gsi:inf:0", "gsix"] {
            #expect(ThresholdEstimator(name: name) == nil, "\(name)")
        }
    }

    @Test func `How likely a thought was is no part of what it says`() throws {
        var thought = Thought(text: "a", tokens: [1], stop: .delimiter, author: .draft, logProbability: -1.5)
        let told = thought
        thought.logProbability = nil
        #expect(thought == told && Set([thought, told]).count == 1)
        let data = try JSONEncoder().encode(told)
        #expect(try JSONDecoder().decode(Thought.self, from: data).logProbability == -1.5)
        let old = Data(#"{"text":"a","tokens":[1],"stop":"delimiter","author":"draft"}"#.utf8)
        #expect(try JSONDecoder().decode(Thought.self, from: old).logProbability == nil)
    }
}
