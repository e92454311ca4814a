import Foundation
import MathGrading
import Testing

@Suite(.enabled(if: SolvedProblem.areThere, "GSM8K and MATH-500 are not at SPECSEARCH_DATA (default ../shared/data)"))
struct DataTests {
    @Test(arguments: GradingMode.allCases)
    func `Every MATH-500 solution gives its answer`(mode: GradingMode) throws {
        let problems = try SolvedProblem.math500()
        #expect(problems.count == 500)
        let extractor = AnswerExtractor(mode: mode)
        for problem in problems {
            let found = extractor.answer(in: problem.solution)
            // The compat chain normalises what it extracts.
            if mode == .strict { #expect(found == problem.answer, "\(problem.id)") }
            #expect(
                AnswerGrader(mode: mode).accepts(candidate: problem.solution, gold: problem.answer),
                "\(problem.id): \(found ?? "nothing") and \(problem.answer)")
        }
    }

    @Test(arguments: GradingMode.allCases)
    func `Every GSM8K solution gives its answer, also as its last number`(mode: GradingMode) throws {
        let problems = try SolvedProblem.gsm8k()
        #expect(problems.count == 1_319)
        let grader = AnswerGrader(mode: mode)
        for problem in problems {
            #expect(grader.accepts(candidate: problem.solution, gold: problem.answer), "\(problem.id)")
            let unmarked = problem.solution.replacing("#### ", with: "")
            #expect(
                AnswerExtractor(mode: mode).answer(in: unmarked).map { grader.equal($0, problem.answer) } == true,
                "\(problem.id)")
        }
    }

    @Test func `Over all gold answers equality is reflexive, symmetric, and right`() throws {
        let texts = Set((try SolvedProblem.math500() + SolvedProblem.gsm8k()).map(\.answer)).sorted()
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
        let problems = try SolvedProblem.math500() + SolvedProblem.gsm8k()
        for text in problems.flatMap({ [$0.answer, $0.solution] })
            + StrictCases.all.flatMap({ [$0.left, $0.right] })
        {
            let once = AnswerText.normalised(text)
            #expect(AnswerText.normalised(once) == once)
        }
    }
}
