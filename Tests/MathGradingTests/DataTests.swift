import Foundation
import SpecSearch
import SpecSearchEvaluation
import Testing

/// Runs on the real data sets; skipped, and said so, where they are not.
private let hasData = ["math500", "gsm8k", "humaneval"].allSatisfy { (try? DatasetLocation.file($0)) != nil }

@Suite(.enabled(if: hasData, "GSM8K, MATH-500 and HumanEval are not at SPECSEARCH_DATA (default ../shared/data)"))
struct DataTests {
    private func load(_ name: String) throws -> [GradedProblem] {
        try ProblemSet(contentsOf: try DatasetLocation.file(name)).problems
    }

    @Test(arguments: GradingMode.allCases)
    func `Every MATH-500 solution gives its answer`(mode: GradingMode) throws {
        let problems = try load("math500")
        #expect(problems.count == 500)
        let extractor = AnswerExtractor(mode: mode)
        for problem in problems {
            let found = extractor.answer(in: try #require(problem.solution))
            // The compat chain normalises what it extracts.
            if mode == .strict { #expect(found == problem.answer, "\(problem.problem.id)") }
            #expect(
                AnswerGrader(mode: mode).accepts(candidate: problem.solution, gold: problem.answer),
                "\(problem.problem.id): \(found ?? "nothing") and \(problem.answer)")
            #expect(problem.level != nil && problem.subject != nil)
        }
    }

    @Test(arguments: GradingMode.allCases)
    func `Every GSM8K solution gives its answer, also as its last number`(mode: GradingMode) throws {
        let problems = try load("gsm8k")
        #expect(problems.count == 1_319)
        let grader = AnswerGrader(mode: mode)
        for problem in problems {
            let solution = try #require(problem.solution)
            #expect(grader.accepts(candidate: solution, gold: problem.answer), "\(problem.problem.id)")
            let unmarked = solution.replacing("#### ", with: "")
            #expect(
                AnswerExtractor(mode: mode).answer(in: unmarked).map { grader.equal($0, problem.answer) } == true,
                "\(problem.problem.id)")
        }
    }

    @Test func `HumanEval is tasks to run`() throws {
        let problems = try load("humaneval")
        #expect(problems.count == 164)
        #expect(
            problems.allSatisfy {
                $0.codeTask?.entryPoint.isEmpty == false && $0.codeTask?.test.contains("check") == true
            })
        #expect(problems.allSatisfy { !$0.accepts($0.answer) })
    }

    @Test func `Over all gold answers equality is reflexive, symmetric, and right`() throws {
        let texts = Set((try load("math500") + load("gsm8k")).map(\.answer)).sorted()
        let answers = texts.map { MathAnswer($0) }
        var pairs: Set<String> = []
        for (index, left) in answers.enumerated() {
            #expect(left.equals(MathAnswer(texts[index])), "\(texts[index])")
            for other in answers[(index + 1)...].indices {
                let isEqual = left.equals(answers[other])
                if isEqual != answers[other].equals(left) { Issue.record("\(texts[index]) and \(texts[other])") }
                if isEqual { pairs.insert("\(texts[index]) ≡ \(texts[other])") }
            }
        }
        // Judged by eye: each differs only in the way of writing, or in a unit or name that one side leaves out.
        #expect(
            pairs == [
                "1,600 ≡ 1600", #"10,\!080 ≡ 10080"#, #"106 ≡ 106^\circ"#, #"120 ≡ 120^\circ"#, "14,000 ≡ 14000",
                #"145 ≡ 145^\circ"#, #"15 ≡ 15\mbox{ cm}^2"#, #"180 ≡ 180^\circ"#, #"2 \sqrt{5} ≡ 2\sqrt{5}"#,
                #"30 ≡ 30^\circ"#, #"36 ≡ 36^\circ"#, #"36 ≡ \$36"#, "5 ≡ x=5", "5,600 ≡ 5600",
                #"55 ≡ 55^\circ"#, #"75 ≡ 75^\circ"#, #"76 ≡ 76^\circ"#, #"90 ≡ 90^\circ"#, #"\frac14 ≡ \frac{1}{4}"#,
            ])
    }

    @Test func `Normalising a second time changes nothing`() throws {
        let problems = try load("math500") + load("gsm8k")
        for text in problems.flatMap({ [$0.answer, $0.solution ?? ""] })
            + StrictCases.all.flatMap({ [$0.left, $0.right] })
        {
            let once = AnswerText.normalised(text)
            #expect(AnswerText.normalised(once) == once)
        }
    }
}
