import SpecSearch
import SpecSearchEvaluation
import SpecSearchTesting
import Testing

@Suite struct ResultGraderTests {
    /// What a search finds whose only thought is this text.
    private func result(_ text: String, marker: String? = nil) async throws -> SearchResult {
        let target = ScriptedModel(.target) { _ in [.init(text, stop: .endOfSequence)] }
        let engine = Engine(
            target: target, rewardModel: ScriptedRewardModel { _ in 1 },
            defaults: Engine.Defaults(answerMarker: marker))
        return try await Search(engine, generator: .targetOnly).solve("?")
    }

    private func grade(_ text: String, gold: String, marker: String? = nil) async throws -> EvaluationRun.Grade {
        let problem = GradedProblem(problem: Problem(text: "?"), answer: gold)
        return await ResultGrader().grade(problem, try await result(text, marker: marker))
    }

    @Test func `The search's own answer counts, or else the one in the text`() async throws {
        let own = try await grade("So 3+4=7.\nAnswer: 7", gold: "7", marker: "Answer: ")
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
