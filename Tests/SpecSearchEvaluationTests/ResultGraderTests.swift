import SpecSearch
import SpecSearchEvaluation
import SpecSearchTesting
import Testing

@Suite struct ResultGraderTests {
    /// What a search finds whose only thought is this text.
    private func result(_ text: String, prefix: String? = nil) async throws -> SearchResult {
        var configuration = SearchConfiguration()
        configuration.method = .ar
        configuration.answerPrefix = prefix
        let target = ScriptedSampler(.target) { _ in [.init(text, stop: .endOfSequence)] }
        let models = SearchModels(draft: nil, target: target, evaluator: ScriptedEvaluator { _ in 1 })
        return try await Search(configuration, models: models).run(Problem(text: "?"))
    }

    private func grade(_ text: String, gold: String, prefix: String? = nil) async throws -> EvaluationRun.Grade {
        let problem = GradedProblem(problem: Problem(text: "?"), answer: gold)
        return await ResultGrader().grade(problem, try await result(text, prefix: prefix))
    }

    @Test func `The search's own answer counts, or else the one in the text`() async throws {
        let own = try await grade("So 3+4=7.\nAnswer: 7", gold: "7", prefix: "Answer: ")
        #expect(own.answer == "7" && own.verdict == .right)
        let boxed = try await grade("So it is $\\boxed{\\frac12}$.", gold: "0.5")
        #expect(boxed.answer == "\\frac12" && boxed.verdict == .right)
        #expect(try await grade("So it is $\\boxed{2}$.", gold: "0.5").verdict == .wrong)
    }

    @Test func `A program is run with its test`() async throws {
        let task = CodeTask(
            id: "twice", prompt: "def twice(x):\n", test: "def check(f):\n    assert f(2) == 4\n", entryPoint: "twice")
        let problem = GradedProblem(problem: Problem(text: task.prompt), answer: "", codeTask: task)
        let right = await ResultGrader().grade(problem, try await result("    return 2 * x\n"))
        #expect(right.verdict == .right)
        let wrong = await ResultGrader().grade(problem, try await result("    return x\n"))
        #expect(wrong.verdict == .wrong)
        let runner = CodeRunner(interpreter: "no-such-interpreter")
        let unknown = await ResultGrader(codeRunner: runner).grade(problem, try await result("    return 2 * x\n"))
        #expect(unknown.verdict == .failed)
    }
}
