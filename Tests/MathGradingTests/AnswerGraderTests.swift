import MathGrading
import Testing

@Suite struct AnswerGraderTests {
    /// What the common chain accepts and exact grading must not.
    @Test(arguments: [
        ("50", "0.5"), ("500", "5"), ("123456789", "123456788"), ("(1,2)", "[1,2]"), ("10", "1{0"), ("", ""),
        ("I choose A or B", "B"), ("3j+1", "3i+1"), ("10 and 12", "1012"),
        ("0.33333", "1/3"), ("5 cm", "5 km"),
    ])
    func `The modes differ`(candidate: String, gold: String) {
        #expect(AnswerGrader(mode: .compat).equal(candidate, gold))
        #expect(!AnswerGrader(mode: .strict).equal(candidate, gold))
    }

    @Test(arguments: [
        ("{1,2}", "{2,1}", true), ("x=5", "5", true), ("1,234", "1234", true), ("1,2", "2,1", false),
        ("(1,234)", "(1234)", false), ("0", "1e-8", false), ("abc=5", "5", false), (#"\frac12"#, "0.5", true),
        (#"\begin{pmatrix}1\\2\end{pmatrix}"#, #"\begin{bmatrix}1\\2\end{bmatrix}"#, true), ("Yes", "yes", true),
        (#"2\sqrt{3}"#, #"\sqrt{12}"#, true), ("7", "8", false), (#"x \in [-2,7]"#, "[-2,7]", true), ("B", "(B)", true),
    ])
    func `The modes agree`(candidate: String, gold: String, equal: Bool) {
        for mode in GradingMode.allCases {
            #expect(AnswerGrader(mode: mode).equal(candidate, gold) == equal, "\(mode.rawValue)")
            #expect(AnswerGrader(mode: mode).equal(gold, candidate) == equal, "\(mode.rawValue), turned round")
        }
    }

    @Test(arguments: StrictCases.all.filter(\.equal).map { [$0.left, $0.right] })
    func `Compat accepts what strict accepts`(pair: [String]) {
        #expect(AnswerGrader(mode: .compat).equal(pair[0], pair[1]))
    }

    @Test func `Compat tells words from one another`() {
        let grader = AnswerGrader(mode: .compat)
        #expect(!grader.equal(#"\text{east}"#, #"\text{west}"#))
        #expect(grader.equal(#"\text{east}"#, "east"))
        #expect(!grader.accepts(candidate: #"\boxed{\text{odd}}"#, gold: #"\text{even}"#))
    }

    @Test func `The examples of the description hold`() {
        let grader = AnswerGrader()
        #expect(grader.accepts(candidate: "So it is $\\boxed{\\frac{1}{2}}$.", gold: "0.5"))
        #expect(grader.equal("x = 3, y = 4", "(3, 4)"))
    }

    @Test func `Solutions are read, on both sides`() {
        let grader = AnswerGrader()
        #expect(grader.accepts(candidate: #"Thus it is $\boxed{\frac{1}{2}}$."#, gold: "0.5"))
        #expect(grader.accepts(candidate: "The answer is 18 dollars.", gold: "9 + 9 = 18\n#### 18"))
        #expect(!grader.accepts(candidate: #"It is 18, so \boxed{18"#, gold: "18"))
        #expect(!grader.accepts(candidate: #"\boxed{}"#, gold: "18"))
        #expect(!grader.accepts(candidate: "", gold: ""))
        #expect(!grader.accepts(candidate: nil, gold: "18"))
    }
}
