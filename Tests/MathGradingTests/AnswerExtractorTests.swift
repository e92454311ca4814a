import MathGrading
import Testing

@Suite struct AnswerExtractorTests {
    @Test(arguments: [
        (#"So $\boxed{4}$."#, "4"), (#"\boxed{3} and \boxed{5}"#, "3 and 5"),
        (#"\boxed{3} then \boxed{5}"#, "5"), (#"\boxed{3} then \boxed{4"#, "3"), (#"\boxed{3} or in \boxed{}"#, "3"),
        (#"\boxed{\frac{1}{\sqrt{2}}}"#, #"\frac{1}{\sqrt{2}}"#),
        (#"\boxed{\boxed{4}}"#, "4"), (#"\fbox{12}"#, "12"), (#"\boxed{1} \fbox{2}"#, "1, 2"),
        (#"\boxed 7 $ foo"#, "7"),
        (#"\boxed{\{1,2\}}"#, #"\{1,2\}"#), (#"\boxed{\left\{1\right.}"#, #"\left\{1\right."#), (#"\boxed {6}"#, "6"),
        ("2+2=4\n#### 18", "18"), ("#### 1\n#### 1,234\nbye", "1,234"), (#"#### 3 \boxed{4}"#, "4"),
        ("The answer is 18.", "18"), ("The answer is: 18.", "18"), ("the answer is $3.50$. I hope so.", "$3.50$"),
        ("The answer is 1. No, the answer is 2.", "2"), ("**Final Answer:** 42", "42"),
        ("The answer is therefore 5.", "5"),
        ("Final answer: (1, 2)", "(1, 2)"), ("She has 3 apples and 4 pears, that is 7 in all", "7"), ("x = -12", "-12"),
        ("from 3-5", "5"), ("it costs 1,234.50 dollars", "1,234.50"), ("half, or 1/2", "1/2"),
        ("the value is .5", ".5"),
        ("答案是 8。", "8"), ("The answer is $\\frac{1}{2}$ cm. Good.", "$\\frac{1}{2}$ cm"), ("it is 7.", "7"),
    ])
    func `Strict finds the answer`(text: String, answer: String) {
        #expect(AnswerExtractor(mode: .strict).answer(in: text) == answer)
    }

    @Test(arguments: [
        #"3 then \boxed{4"#, #"7 is \boxed{"#, #"\boxed{}"#, #"\boxed{ }"#, "no number", "", "####",
        #"5 \boxed"#,
    ])
    func `Strict finds nothing where the answer is not whole`(text: String) {
        #expect(AnswerExtractor(mode: .strict).answer(in: text) == nil)
    }

    @Test(arguments: [
        (#"\boxed{10\%}"#, "10"), (#"\boxed{5\text{ cm}}"#, "5"), (#"\boxed{\$1,234}"#, "1,234"),
        (#"\boxed{x=5}"#, "5"),
        (#"\boxed 7 $ foo"#, "7"), (#"\boxed{\boxed{4}}"#, "4"), (#"\boxed{}"#, ""), (#"\boxed{3} and \boxed{5}"#, "5"),
        ("#### 1,234", "1234"), ("The answer is: 18.", "18"), (#"\boxed{100.0}"#, "100"), (#"\boxed{1.50}"#, "1.50"),
        (#"\boxed{2\frac{1}{2}}"#, #"2\frac{1}{2}"#), (#"\boxed{10 and 12}"#, "1012"),
        (#"\boxed{\text{east}}"#, "east"),
        (#"\boxed{3j+1}"#, "3i+1"), ("final answer is $7$. I hope it is correct.", "7"), (#"so \boxed{12"#, "12"),
        (#"\boxed{.5}"#, "0.5"), (#"\boxed{30^\circ}"#, "30"), (#"\boxed{\dfrac{1}{2}}"#, #"\frac{1}{2}"#),
        ("is -3.5", "-3.5"),
        (#"\boxed{x \in [-2,7]}"#, #"x\in[-2,7]"#), (#"\boxed{\left(1, 2\right)}"#, "(1,2)"), ("答案是8", "8"),
    ])
    func `Compat finds what the common chain finds`(text: String, answer: String) {
        #expect(AnswerExtractor(mode: .compat).answer(in: text) == answer)
    }

    @Test(arguments: [
        (#"It is $\boxed{4}$"#, true), ("#### 4", true), ("The answer is 4", true), ("Answer: 4", true), ("4", false),
        (#"\frac{1}{2}"#, false), ("July 4, 1776", false), ("I choose A or B", false), ("5\n6", false), ("", false),
        ("\\begin{pmatrix}\n1\\\\\n2\n\\end{pmatrix}", false),
        ("She had 4 eggs. Then she bought 3 more of them.", true),
        ("She has 3 and 4 eggs.\nIn all she has seven eggs, 7.", true), ("6:30 \\text{ p.m.}", false),
    ])
    func `A solution is told from a final answer`(text: String, isSolution: Bool) {
        #expect(AnswerExtractor.isSolution(text) == isSolution)
    }
}
