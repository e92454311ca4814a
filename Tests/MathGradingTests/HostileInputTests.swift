import MathGrading
import Testing

/// Each of these ends at once; a grader without limits runs out of time, stack or memory.
@Suite struct HostileInputTests {
    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    private static let hostile = [
        "9^9^9^9^9", "9^{9^{9^{9}}}", "(9^{999999})^{999999}", "100000!", "((100!)!)!", "10^{-999999999}",
        "1e999999999",
        "\\binom{100000}{50000}", "2^{0.123456789}^{1e9}", "\\sqrt[1000000]{2}", "\\sqrt{" + repeated("7", 5_000) + "}",
        "(x+y+z+w)^{60}", "(x+y+z+a+b+c+d)^{50}(x-y)^{50}", "((((x+1)^{50}+1)^{50}+1)^{50}+1)^{50}",
        repeated("9", 9_000),
        repeated("(", 5_000), repeated("(", 4_000) + "1" + repeated(")", 4_000), repeated("\\frac{1}{", 900) + "1",
        repeated("\\sqrt{", 1_000) + "2" + repeated("}", 1_000), repeated("-", 9_000) + "1",
        repeated("x^", 3_000) + "x",
        repeated("1,", 4_500) + "1", "\\{" + repeated("1,", 4_500) + "1\\}", "\\{" + repeated("x+1,", 2_000) + "1\\}",
        repeated("1+", 4_900) + "1", repeated("xy", 4_000), repeated("\\text{", 1_500) + repeated("}", 1_500),
        repeated("$", 9_999), repeated("\\", 9_999), repeated("{", 9_999), repeated("\\pm 1", 1_500),
        repeated("|", 9_000),
        repeated("1/", 4_500) + "3", repeated("!", 9_000), "5" + repeated("!", 9_000), repeated("\\sin ", 1_900) + "x",
        "\\sin " + repeated("-", 9_000) + "x",
        repeated("5 cm ", 1_900), repeated("a=", 4_900) + "a", repeated("A or ", 1_900) + "B",
        repeated("[", 3_000) + ",",
        repeated("\\boxed{", 10_000), "\\boxed{" + repeated("{", 30_000), repeated("#### 1\n", 10_000),
        repeated("the answer is ", 5_000), repeated("1234567890,", 10_000), repeated("lorem ipsum. Dolor ", 5_000),
        "\u{0}\u{1}\u{FFFD}", "0." + repeated("3", 2_000), repeated("1/7+", 2_000) + "1", repeated("\\overline{", 900),
        repeated("\\begin{pmatrix}", 600) + repeated("\\end{pmatrix}", 600), repeated("x_", 4_000) + "1",
        "1_{1_{1_{1}}}",
    ]

    @Test(arguments: hostile.indices)
    func `Hostile input is graded all the same`(index: Int) {
        let text = Self.hostile[index]
        for mode in GradingMode.allCases {
            let grader = AnswerGrader(mode: mode)
            #expect(!grader.accepts(candidate: text, gold: "31415"))
            if mode == .strict { #expect(!grader.equal(text, text + "7")) }
        }
        if text.count < 9_990, MathAnswer(text).equals(MathAnswer("1")) { Issue.record("\(text.prefix(40)) is not 1") }
    }

    @Test func `Long answers are compared as text`() {
        let digits = Self.repeated("1234567890", 2_000)
        #expect(MathAnswer(digits).equals(MathAnswer(" \(digits) ")))
        #expect(!MathAnswer(digits).equals(MathAnswer(digits + "1")))
        #expect(MathAnswer("9^9^9^9").equals(MathAnswer("9^9^9^9")))
        #expect(!MathAnswer("9^9^9^9").equals(MathAnswer("9^9^9^8")))
        #expect(MathAnswer("2^{1000}").equals(MathAnswer("4^{500}")))
        #expect(!MathAnswer("2^{1000}").equals(MathAnswer("2^{1000}+1")))
        #expect(MathAnswer("(x+1)^{30}").equals(MathAnswer("(x+1)^{29}(x+1)")))
    }

    /// Megabytes on one line: what is not read is not normalised either.
    @Test(arguments: ["1", "a b ", "\\boxed{1} ", "答案"])
    func `Megabytes are graded all the same`(unit: String) {
        let text = Self.repeated(unit, 2_000_000 / unit.utf8.count)
        for mode in GradingMode.allCases {
            let grader = AnswerGrader(mode: mode)
            #expect(!grader.accepts(candidate: text, gold: "31415"))
            #expect(!grader.accepts(candidate: "31415", gold: text))
            #expect(grader.accepts(candidate: text + " So it is \\boxed{31415}", gold: "31415"))
        }
    }
}
