import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct OutcomeRewardModelTests {
    private func path(_ texts: [String], ends: Bool) -> ReasoningPath {
        var path = ReasoningPath(problem: Handwritten.problem)
        for (index, text) in texts.enumerated() {
            let stop: Thought.Stop = ends && index + 1 == texts.count ? .endOfSequence : .delimiter
            path.thoughts.append(Thought(text: text, tokens: [1], stop: stop, source: .draft))
        }
        return path
    }

    @Test func `Only finished paths are judged, in one call, and the others score the same`() async throws {
        let base = ScriptedRewardModel(aggregation: .min) { $0.depth == 1 ? 0.25 : 0.75 }
        let outcome = OutcomeRewardModel(base, neutral: 0.4)
        let paths = [
            path(["a"], ends: false), path(["a"], ends: true), path(["a", "b"], ends: false),
            path(["a", "b"], ends: true),
        ]
        let answer = try await outcome.score(paths)
        #expect(answer.scores == [0.4, 0.25, 0.4, 0.75])
        #expect(answer.usage[.rewardModel].evaluatedTokens == 2)
        #expect(base.calls == [[paths[1], paths[3]]])
        #expect(outcome.aggregation == .min)
        #expect(try await outcome.score([paths[0]]).scores == [0.4])
        #expect(base.calls.count == 1)
    }
}
