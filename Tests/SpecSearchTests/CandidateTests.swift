import SpecSearch
import Testing

@Suite struct CandidateFilterTests {
    private func thought(_ text: String, _ stop: Thought.Stop = .delimiter) -> Thought {
        Thought(text: text, tokens: text.utf8.map(Token.init), stop: stop, author: .draft)
    }

    @Test func `Duplicates up to white space are merged, and counted`() {
        let found = CandidateFilter.candidates(
            [thought("a  b\n\n"), thought("c\n\n"), thought(" a b\n\n")], after: nil)
        #expect(found.map(\.thought.text) == ["a  b\n\n", "c\n\n"])
        #expect(found.map(\.multiplicity) == [2, 1])
        #expect(found.map(\.sampleIndex) == [0, 1])
    }

    @Test func `Cut, empty, repeated and header-only thoughts are no candidates`() {
        let found = CandidateFilter.candidates(
            [
                thought("cut", .length), thought("\n\n"), thought("previous\n\n"), thought("Step 3:\n\n"),
                thought("## Step 12.\n\n"), thought("Step 3: add\n\n"),
            ], after: thought("previous \n\n"))
        #expect(found.map(\.thought.text) == ["Step 3: add\n\n"])
    }

    @Test func `The same words that end the text are another thought`() {
        #expect(CandidateFilter.candidates([thought("a\n\n"), thought("a", .endOfSequence)], after: nil).count == 2)
    }
}

@Suite struct AnswerTests {
    @Test(arguments: [
        ("The answer is 12.", "12"), ("The answer is 3.\n\nThe answer is -4", "-4"),
        ("so \\boxed{\\frac{1}{2}} it is", "\\frac{1}{2}"),
        ("\\boxed{3} and \\boxed{5}", "5"), ("it makes 1,234 in all", "1,234"), ("first 2, then 3.5", "3.5"),
    ])
    func `An answer is found`(text: String, answer: String) {
        #expect(AnswerExtraction(prefix: "The answer is ").answer(in: text) == answer)
    }

    @Test func `An open box is no answer`() {
        #expect(AnswerExtraction().answer(in: "12 \\boxed{3") == nil)
        #expect(AnswerExtraction().answer(in: "nothing") == nil)
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
