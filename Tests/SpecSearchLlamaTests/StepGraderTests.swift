import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct StepGraderTests {
    private let judge = RewardDescription.judge(chatTemplate: "{problem}\n\n", delimiter: "\n\n")

    private func thought(_ text: String, stop: Thought.Stop = .delimiter) -> Thought {
        Thought(text: text, tokens: text.map { ToyModel.id(of: String($0)) }, stop: stop, author: .draft)
    }

    private func path(_ steps: [String], stop: Thought.Stop = .delimiter) -> ReasoningPath {
        ReasoningPath(problem: Problem(id: "x", text: "xyz"), thoughts: steps.map { thought($0, stop: stop) })
    }

    @Test func `Grades are the digits' probabilities after the question`() async throws {
        let toy = try Toy(.init(layers: 2), template: judge.template)
        let scorer = try StepScorer(runtime: toy.runtime, description: judge, path: "judge")
        let paths = [path(["ab,", "cd ="]), path(["ab,"])]
        let grades = try await scorer.grade(paths)
        #expect(grades.usage[.target].evaluatedTokens > 0 && grades.usage.models.count == 1)
        for (path, weights) in zip(paths, grades.weights) {
            let text = "xyz\n\n" + path.thoughts.map(\.text).joined(separator: "\n\n") + (judge.tag ?? "")
            let logits = try toy.freshLogits(after: toy.runtime.vocabulary.tokenize(text))
            let expected = (0...9).map { exp(Double(logits[Int(ToyModel.id(of: "\($0)"))])) }
            let share = weights.reduce(0, +) / expected.reduce(0, +)
            for (weight, expected) in zip(weights, expected) { #expect(abs(weight - share * expected) < 1e-3) }
        }
        // The mean grade is what the description of the kind `grade` scores by itself.
        let score = try await GradingEvaluator(Graded(grades)).evaluate(paths).scores
        let own = try await scorer.evaluate(paths).scores
        for (score, own) in zip(score, own) { #expect(abs(score - own) < 1e-6) }
        toy.expectClean()
    }

    private struct Graded: StepGrader {
        let grades: StepGrades
        init(_ grades: StepGrades) { self.grades = grades }
        func grade(_ paths: [ReasoningPath]) async throws -> StepGrades { grades }
    }

    @Test func `The target grades in its own cache, and leaves nothing`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine.load(try directory.trio())
        let problem = Problem(id: "one", text: "abc")
        try await engine.withProblem(problem) {
            let request = request("abc", count: 4, maximumTokens: 8)
            let thoughts = try await engine.target.sample([request]).thoughts[0]
            let paths = thoughts.map { ReasoningPath(problem: request.path.problem, thoughts: [$0]) }
            let answer = try await engine.grader.grade(paths)
            #expect(answer.weights.allSatisfy { $0.count == 10 && $0.max() == 1 })
            #expect(answer.usage.models.keys.map(\.self) == [.target])
            let again = try await engine.grader.grade(paths)
            #expect(again.usage[.target].evaluatedTokens == 0)
            // From nothing, the prompt is evaluated too.
            await engine.reset()
            let fresh = try await engine.grader.grade(paths)
            #expect(answer.usage[.target].evaluatedTokens < fresh.usage[.target].evaluatedTokens)
            for (one, other) in zip(answer.weights.joined(), fresh.weights.joined()) {
                #expect(abs(one - other) < 1e-3)
            }
        }
        await engine.reset()
        for (role, state) in await engine.cacheStates() {
            #expect(state.cells == 0 && state.pins == 0 && state.pending == 0, "\(role)")
        }
    }

    @Test func `SpecReason is a search whose judge is the target`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine.load(try directory.trio())
        var configuration = SearchConfiguration()
        configuration.maximumDepth = 3
        configuration.sampling = engine.models.samplingParameters
        configuration.speculation.rejection.estimator = .fixed(0.5)
        let models = SearchModels(
            draft: engine.draft, target: engine.speculativeTarget, evaluator: GradingEvaluator(engine.grader))
        let result = try await Search(configuration, models: models).run(Problem(id: "one", text: "abc"))
        #expect(!result.best.steps.isEmpty)
        #expect(result.usage.models[.rewardModel] == nil)
        #expect(result.acceptance.judged > 0)
    }

    @Test func `A judge needs ten grades, and a manifest can name its question`() async throws {
        let directory = try ToyDirectory()
        var set = try directory.trio()
        let paths = [path(["ab"])]
        for wrong in [
            RewardDescription(template: "{problem}"),
            RewardDescription(template: "{problem}", tag: "=", good: "+", bad: "-"),
        ] {
            let engine = try await LlamaEngine.load(set, judge: wrong)
            await expectError(.badModelFile) { _ = try await engine.grader.grade(paths) }
        }
        try directory.text(
            "judge.json",
            #"{"kind":"grade","template":"{problem} ","tag":" =","placement":"lastStep","grades":["0","1","2","3","4","5","6","7","8","9"]}"#
        )
        set.judge = directory.path("judge.json")
        let named = try await LlamaEngine.load(set).grader.grade(paths).weights
        let usual = try await LlamaEngine.load(try directory.trio()).grader.grade(paths).weights
        #expect(named != usual)
        let manifest = try String(contentsOfFile: directory.path("manifest.json"), encoding: .utf8)
        try directory.text("manifest.json", manifest.replacing("{\"name\"", with: "{\"judge\":\"judge.json\",\"name\""))
        #expect(try ModelSet(directory: directory.url.path).judge == set.judge)
    }

    @Test func `An outcome model of an engine scores finished paths only`() async throws {
        let directory = try ToyDirectory()
        let set = try directory.trio()
        var description = RewardDescription(template: "{problem} ", tag: " =", good: "+", bad: "-")
        description.placement = .lastStep
        let always = try await LlamaEngine.load(set, reward: description).evaluator
        description.placement = .outcome
        let outcome = try await LlamaEngine.load(set, reward: description).evaluator
        let paths = [path(["ab"]), path(["ab"], stop: .endOfSequence)]
        let all = try await always.evaluate(paths).scores
        let scores = try await outcome.evaluate(paths).scores
        #expect(scores[0] == 0.5 && all[0] != 0.5)
        #expect(abs(scores[1] - all[1]) < 1e-6)
        #expect(outcome.defaultAggregation == .last)
    }
}
