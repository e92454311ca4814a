import MathGrading
import SpecSearchCLI
import Testing

@Suite struct GradingLineTests {
    @Test(arguments: [
        (#"{"gold":"1/2","answer":"0.5"}"#, #"{"gold":"1/2","answer":"0.5", "equal": true}"#),
        (#"{"answer": "3", "id": 7, "gold": "4"} "#, #"{"answer": "3", "id": 7, "gold": "4", "equal": false}"#),
        (
            #"{"gold":18,"answer":"It is \\boxed{18}","n":1e5}"#,
            #"{"gold":18,"answer":"It is \\boxed{18}","n":1e5, "equal": true}"#
        ),
        (
            #"{"gold":12345678901234567890123,"answer":12345678901234567890124}"#,
            #"{"gold":12345678901234567890123,"answer":12345678901234567890124, "equal": false}"#
        ),
        (#"{"gold":"5","answer":null}"#, #"{"gold":"5","answer":null, "equal": false}"#),
        (#"{"answer":"5","equal":false,"gold":5}"#, #"{"answer":"5","equal":true,"gold":5}"#),
    ])
    func `A line keeps what it has, and says whether its answer is right`(line: String, expected: String) {
        let result = GradingLine(mode: .strict).graded(line)
        #expect(result.line == expected)
        #expect(result.error == nil)
    }

    @Test(arguments: [
        "", "x", "[1]", "{}", #"{"gold":"1"}"#, #"{"answer":"1"}"#, #"{"gold":["1"],"answer":"1"}"#, #"{"gold":"1","#,
    ])
    func `A bad line is said to be bad`(line: String) {
        let result = GradingLine(mode: .strict).graded(line)
        #expect(result.error != nil)
        #expect(result.line.contains(#""equal":false"#))
        #expect(result.line.contains(#""error":"#))
    }

    @Test func `The mode is obeyed`() {
        let line = #"{"gold":"0.5","answer":"50"}"#
        #expect(GradingLine(mode: .strict).graded(line).line.contains("false"))
        #expect(GradingLine(mode: .compat).graded(line).line.contains("true"))
    }

    /// 39 digits and more, where a decimal of Foundation ends.
    @Test func `Numbers are taken digit by digit`() {
        let digits = "1234567890123456789012345678901234567890123"
        let grading = GradingLine(mode: .strict)
        let unequal = #"{"gold":\#(digits)4,"answer":\#(digits)5}"#
        let equal = #"{"note":{"gold":1},"gold":\#(digits)4,"answer":"\#(digits)4"}"#
        #expect(grading.graded(unequal).line == unequal.dropLast() + #", "equal": false}"#)
        #expect(grading.graded(equal).line == equal.dropLast() + #", "equal": true}"#)
        #expect(grading.graded(#"{"gold":0.1,"answer":"1e-1"}"#).line.hasSuffix(#""equal": true}"#))
        #expect(grading.graded(#"{"gold":1e2,"answer":100}"#).line.hasSuffix(#""equal": true}"#))
    }
}
