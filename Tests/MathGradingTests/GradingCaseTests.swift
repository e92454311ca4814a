import Foundation
import MathGrading
import Testing

/// A judged answer; `Cases/grading.jsonl` holds several of each kind that was once judged wrong, right and wrong ones.
struct GradingCase: Decodable, Sendable, CustomTestStringConvertible {
    let kind: String
    /// Strict where the line does not say.
    let mode: GradingMode?
    let gold: String
    let answer: String
    let expected: Bool

    var testDescription: String { "\(kind): \(answer) for \(gold)" }

    static let all: [GradingCase] =
        PackageResources.grading_jsonl.split(separator: UInt8(ascii: "\n")).compactMap {
            try? JSONDecoder().decode(GradingCase.self, from: Data($0))
        }
}

@Suite struct GradingCaseTests {
    @Test(arguments: GradingCase.all)
    func `An answer of a known kind is judged right`(_ one: GradingCase) {
        let grader = AnswerGrader(mode: one.mode ?? .strict)
        #expect(
            grader.accepts(candidate: one.answer, gold: one.gold) == one.expected,
            "read as \(grader.finalAnswer(of: one.answer) ?? "nothing")")
    }

    @Test(arguments: GradingCase.all.filter { $0.mode == nil && $0.expected })
    func `Compat accepts what strict accepts, in solutions too`(_ one: GradingCase) {
        #expect(AnswerGrader(mode: .compat).accepts(candidate: one.answer, gold: one.gold))
    }

    @Test func `Every line of the cases is read`() {
        let lines = PackageResources.grading_jsonl.split(separator: UInt8(ascii: "\n")).count
        #expect(GradingCase.all.count == lines)
        #expect(Set(GradingCase.all.map(\.kind)).count >= 20)
    }
}
