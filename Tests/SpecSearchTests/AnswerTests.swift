import SpecSearch
import Testing

@Suite struct AnswerTests {
    @Test(arguments: [
        ("The answer is 12.", "12"), ("The answer is 3.\n\nThe answer is -4", "-4"),
        ("so \\boxed{\\frac{1}{2}} it is", "\\frac{1}{2}"),
        ("\\boxed{3} and \\boxed{5}", "5"), ("it makes 1,234 in all", "1,234"), ("first 2, then 3.5", "3.5"),
    ])
    func `An answer is found`(text: String, answer: String) {
        #expect(AnswerExtraction(marker: "The answer is ").answer(in: text) == answer)
    }

    @Test(arguments: [
        ("The answer is 3.\nso \\boxed{5}", "5"), ("\\boxed{5}\nThe answer is 3.", "3"),
        ("The answer is \\boxed{7}.", "7"), ("The answer is 3. And \\boxed{5", "3. And \\boxed{5"),
        ("\\boxed{3} and \\boxed{5", "3"), ("\\boxed{\\boxed{4}}", "4"), ("} \\boxed{{4}} }", "{4}"),
    ])
    func `The last closed box or the marker counts, whichever comes later`(text: String, answer: String) {
        #expect(AnswerExtraction(marker: "The answer is ").answer(in: text) == answer)
    }

    @Test(arguments: [
        ("so \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"), ("\\boxed{3} and \\boxed{5", "3"),
        ("\\boxed{3} or \\boxed{4}", "4"),
    ])
    func `A marker that opens a box is closed by its brace`(text: String, answer: String) {
        #expect(AnswerExtraction(marker: "\\boxed{").answer(in: text) == answer)
        let sets = text.replacing("\\boxed{", with: "Answer {")
        #expect(AnswerExtraction(marker: "Answer {").answer(in: sets) == answer)
    }

    @Test func `An open box is no answer`() {
        #expect(AnswerExtraction().answer(in: "12 \\boxed{3") == nil)
        #expect(AnswerExtraction(marker: "\\boxed{").answer(in: "12 \\boxed{3") == nil)
        #expect(AnswerExtraction().answer(in: "nothing") == nil)
    }

    @Test(.timeLimit(.minutes(1))) func `Many open boxes take no longer than their length`() {
        #expect(AnswerExtraction().answer(in: String(repeating: "\\boxed{", count: 50_000)) == nil)
    }

    @Test func `Votes are weighed, and the first named wins a tie`() {
        #expect(AnswerVote.weighted([("a", 0.5), ("b", 0.3), (nil, 9), ("b", 0.3)]) == "b")
        #expect(AnswerVote.weighted([("a", 0.5), ("b", 0.5)]) == "a")
        #expect(AnswerVote.weighted([(nil, 1)]) == nil)
    }

    @Test func `Aggregations are what they say`() {
        let scores = [0.5, 0.25, 1]
        #expect(ScoreAggregation.last(scores) == 1)
        #expect(ScoreAggregation.min(scores) == 0.25)
        #expect(abs(ScoreAggregation.mean(scores) - 1.75 / 3) < 1e-12)
        #expect(ScoreAggregation.product(scores) == 0.125)
        #expect(ScoreAggregation.product([]) == 1)
    }
}
