import SpecSearch
import SpecSearchTesting
import Testing

/// Drafts below the threshold that are kept, since the target would hardly do better.
@Suite struct AdvantageRouterTests {
    private let router = AdvantageRouter(intercept: 0.5, weights: [-2, 4, 0, 0.25], leastAdvantage: 0.4)

    @Test func `The advantage is logistic in score, gap, likelihood and depth`() {
        let features = AdvantageRouter.Features(score: 0.5, gap: 0.25, logProbability: -1, depth: 0)
        // 0.5 − 1 + 1 + 0.
        #expect(abs(router.advantage(features) - 0.6224593312018546) < 1e-12)
        let thought = Thought(
            text: "x", tokens: [1, 2, 3, 4], stop: .delimiter, source: .draft, logProbability: -2)
        #expect(
            AdvantageRouter.Features(thought, score: 0.5, bound: 0.75, depth: 3)
                == .init(score: 0.5, gap: 0.25, logProbability: -0.5, depth: 3))
    }

    @Test(arguments: ["0.5/-2.0/4.0/0.0/0.25@0.4", "-1.5/2e7/0/0/0@0.1", "1e-3/0/0/0/-7@0", "-1/1/1/1/1@1"])
    func `A router is a text, and back`(text: String) throws {
        let router = try #require(AdvantageRouter(text))
        #expect(AdvantageRouter(router.description) == router)
        #expect(text != "0.5/-2.0/4.0/0.0/0.25@0.4" || router == self.router)
    }

    @Test(arguments: [
        "", "@", "1/2/3/4/5", "1/2/3/4@0.5", "1/2/3/4/5/6@0.5", "1/2/x/4/5@0.5", "1/2/3/4/5@1.5", "1/2/3/4/nan@0.5",
        "1/2/3/4/1e300@0.5", "1/2/3/4/5@0.5@0.5", "1//3/4/5@0.5",
    ])
    func `What is no router is refused`(text: String) {
        #expect(AdvantageRouter(text) == nil)
        var configuration = SearchConfiguration()
        #expect(throws: SpecSearchError.self) { try configuration.apply(["router": text]) }
    }

    /// It keeps what is less than 0.2 below the threshold.
    private static let near = "-20/0/100/0/0@0.5"

    @Test func `Of drafts below the threshold those are kept whose advantage is small`() throws {
        let router = try #require(AdvantageRouter(Self.near))
        let rule = ThresholdRule(.init(firstThreshold: 0.8, router: router))
        func rejects(_ score: Double) -> Bool {
            let thought = Thought(text: "x", tokens: [1], stop: .delimiter, source: .draft)
            return rule.rejects(
                ScoredDraft(
                    thought: thought, score: score,
                    key: RandomKey(seed: 0, problem: 0, depth: 0, node: 0, role: .draft)), at: 0)
        }
        #expect([0.9, 0.8, 0.7, 0.61].map(rejects) == [false, false, false, false])
        #expect([0.59, 0.1].map(rejects) == [true, true])
    }

    @Test func `A search by it corrects less, keeps its rules, and replays`() async throws {
        func run(_ router: String?) async throws -> HandwrittenSearch {
            let run = try await HandwrittenSearch(
                Handwritten.configuration { configuration in
                    configuration.rejection.router = router.flatMap { AdvantageRouter($0) }
                },
                draft: Handwritten.model(.draft, [["-"], ["0.65 d", "0.6 e", "0.1 f", "0.55 g", "0.2 h", "0.3 i"]]),
                target: Handwritten.model(
                    .target, [["0.5 a", "0.6 b", "0.7 c"], ["0.75 l", "0.1 m", "0.2 n", "0.3 o"]]))
            #expect(SearchInvariants.violations(in: run.events, of: run.result) == [])
            let trace = try SearchTrace(data: SearchTrace(events: run.events).encoded())
            let again = try await TraceReplay(trace).run()
            #expect(again.withoutTimes == run.result.withoutTimes)
            return run
        }
        let (plain, routed) = (try await run(nil), try await run(Self.near))
        #expect(plain.targetThoughts(at: 1) == 4 && plain.result.acceptance.kept == 0)
        #expect(routed.targetThoughts(at: 1) == 0 && routed.result.acceptance.kept == 3)
        // What the threshold promises does not hold of what is kept below it.
        #expect(plain.result.outcome.quality(.init()) != nil)
        #expect(routed.result.outcome.quality(.init(router: AdvantageRouter(Self.near))) == nil)
    }
}
