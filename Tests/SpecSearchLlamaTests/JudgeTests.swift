import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct JudgeTests {
    private let judge = RewardModelConfiguration.judge(chatTemplate: "{problem}\n\n", delimiter: "\n\n")

    private func thought(_ text: String, stop: Thought.Stop = .delimiter) -> Thought {
        Thought(text: text, tokens: text.map { ToyModel.id(of: String($0)) }, stop: stop, source: .draft)
    }

    private func path(_ steps: [String], stop: Thought.Stop = .delimiter) -> ReasoningPath {
        ReasoningPath(problem: Problem(id: "x", text: "xyz"), thoughts: steps.map { thought($0, stop: stop) })
    }

    @Test func `The score is the digits' mean after the question`() async throws {
        let toy = try Toy(.init(layers: 2), template: judge.template)
        let scorer = try toy.scorer(judge)
        let paths = [path(["ab,", "cd ="]), path(["ab,"])]
        let scores = try await scorer.score(paths)
        #expect(scores.usage[.target].evaluatedTokens > 0 && scores.usage.models.count == 1)
        for (path, score) in zip(paths, scores.scores) {
            let text = "xyz\n\n" + path.thoughts.map(\.text).joined(separator: "\n\n") + (judge.stepToken ?? "")
            let logits = try toy.freshLogits(after: toy.tokenizer.vocabulary.tokenize(text))
            let weights = (0...9).map { exp(Double(logits[Int(ToyModel.id(of: "\($0)"))])) }
            let mean = weights.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element } / weights.reduce(0, +)
            #expect(abs(score - mean / 9) < 1e-3)
        }
        toy.expectClean()
    }

    @Test func `The target judges in its own cache, and leaves nothing`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let request = request("abc", count: 4, maximumTokens: 8)
        try await withSession(of: try engine.large, request.path.problem) {
            let thoughts = try await engine.large.sample([request]).thoughts[0]
            let paths = thoughts.map { ReasoningPath(problem: request.path.problem, thoughts: [$0]) }
            let answer = try await engine.grader.score(paths)
            #expect(answer.scores.allSatisfy { (0...1).contains($0) })
            #expect(answer.usage.models.keys.map(\.self) == [.target])
            let again = try await engine.grader.score(paths)
            #expect(again.usage[.target].evaluatedTokens == 0)
            // From nothing, the prompt is evaluated too.
            await engine.reset()
            let fresh = try await engine.grader.score(paths)
            #expect(answer.usage[.target].evaluatedTokens < fresh.usage[.target].evaluatedTokens)
            for (one, other) in zip(answer.scores, fresh.scores) { #expect(abs(one - other) < 1e-3) }
        }
        for (role, state) in await engine.cacheStates() {
            #expect(state.slots == 0 && state.locks == 0 && state.pending == 0, "\(role)")
        }
    }

    @Test func `A judge needs ten grades, and a manifest can name its question`() async throws {
        let directory = try ToyDirectory()
        var set = try directory.models()
        let paths = [path(["ab"])]
        for wrong in [
            RewardModelConfiguration(template: "{problem}"),
            RewardModelConfiguration(template: "{problem}", stepToken: "=", good: "+", bad: "-"),
        ] {
            let engine = try await LlamaEngine(set, judge: wrong)
            await expectError(.badModelFile) { _ = try await engine.grader.score(paths) }
        }
        try directory.text(
            "judge.json",
            #"{"kind":"grade","template":"{problem} ","tag":" =","placement":"lastStep","grades":["0","1","2","3","4","5","6","7","8","9"]}"#
        )
        set.judge = directory.path("judge.json")
        let named = try await LlamaEngine(set).grader.score(paths).scores
        let usual = try await LlamaEngine(try directory.models()).grader.score(paths).scores
        #expect(named != usual)
        let manifest = try String(contentsOfFile: directory.path("manifest.json"), encoding: .utf8)
        try directory.text("manifest.json", manifest.replacing("{\"name\"", with: "{\"judge\":\"judge.json\",\"name\""))
        #expect(try ModelSet(directory: directory.url.path).judge == set.judge)
    }

    @Test func `An outcome model of an engine scores finished paths only`() async throws {
        let directory = try ToyDirectory()
        let set = try directory.models()
        var configuration = RewardModelConfiguration(template: "{problem} ", stepToken: " =", good: "+", bad: "-")
        configuration.placement = .lastStep
        let always = try await LlamaEngine(set, rewardModel: configuration).scorer
        configuration.placement = .outcome
        let outcome = try await LlamaEngine(set, rewardModel: configuration).scorer
        let paths = [path(["ab"]), path(["ab"], stop: .endOfSequence)]
        let all = try await always.score(paths).scores
        let scores = try await outcome.score(paths).scores
        #expect(scores[0] == 0.5 && all[0] != 0.5)
        #expect(abs(scores[1] - all[1]) < 1e-6)
        #expect(outcome.aggregation == .last)
    }
}
