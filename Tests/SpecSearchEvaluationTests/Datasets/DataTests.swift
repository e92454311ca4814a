import MathGrading
import SpecSearch
import SpecSearchEvaluation
import Testing

/// Reads the real data sets; skipped, and said so, where they are not.
private let hasData = ["math500", "gsm8k", "humaneval"].allSatisfy { (try? DatasetLocation.file($0)) != nil }

@Suite(.enabled(if: hasData, "GSM8K, MATH-500 and HumanEval are not at SPECSEARCH_DATA (default ../shared/data)"))
struct DataTests {
    private func load(_ name: String) throws -> [GradedProblem] {
        try ProblemSet(contentsOf: try DatasetLocation.file(name)).problems
    }

    @Test func `Each MATH-500 problem has a solution, a level and a subject`() throws {
        let problems = try load("math500")
        #expect(problems.count == 500)
        #expect(problems.allSatisfy { $0.solution != nil && $0.level != nil && $0.subject != nil })
    }

    @Test func `Each GSM8K solution is accepted for its answer`() throws {
        let problems = try load("gsm8k")
        #expect(problems.count == 1_319)
        #expect(problems.allSatisfy { AnswerGrader(mode: .strict).accepts(candidate: $0.solution, gold: $0.answer) })
    }

    @Test func `HumanEval is tasks to run`() throws {
        let problems = try load("humaneval")
        #expect(problems.count == 164)
        #expect(
            problems.allSatisfy {
                $0.codeTask?.entryPoint.isEmpty == false && $0.codeTask?.test.contains("check") == true
            })
    }
}
