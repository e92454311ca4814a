import Foundation
import MathGrading
import Testing

@Suite struct MathAnswerTests {
    @Test(arguments: StrictCases.tables)
    func `Hand-judged pairs are judged the same, both ways round`(table: String) {
        let pairs = StrictCases.pairs(table)
        #expect(pairs.count == table.split(separator: "\n").count)
        for (left, right, equal) in pairs {
            let (first, second) = (MathAnswer(left), MathAnswer(right))
            #expect(first.equals(second) == equal, "\(left) and \(right)")
            #expect(second.equals(first) == equal, "\(right) and \(left), turned round")
            #expect(
                left == "\\text{}" || (first.equals(first) && second.equals(second)), "\(left), \(right) and themselves"
            )
        }
    }

    @Test func `There are enough pairs`() {
        #expect(StrictCases.all.count >= 200)
    }

    @Test func `An empty answer equals nothing`() {
        for text in ["", "  ", "$$", "\\text{}", "."] {
            #expect(!MathAnswer(text).equals(MathAnswer("")), "\(text)")
            #expect(!MathAnswer(text).equals(MathAnswer("0")), "\(text)")
        }
    }
}
