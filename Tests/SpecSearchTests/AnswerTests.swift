import MathGrading
import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct AnswerTests {
    @Test(arguments: [
        ("The answer is 12.", "12"), ("The answer is 3.\n\nThe answer is -4", "-4"),
        ("so \\boxed{\\frac{1}{2}} it is", "\\frac{1}{2}"),
        ("\\boxed{3} and \\boxed{5}", "3 and 5"), ("it makes 1,234 in all", "1,234"), ("first 2, then 3.5", "3.5"),
    ])
    func `An answer is found`(text: String, answer: String) {
        #expect(AnswerExtractor(marker: "The answer is ").answer(in: text) == answer)
    }

    @Test(arguments: [
        ("The answer is 3.\nso \\boxed{5}", "5"), ("\\boxed{5}\nThe answer is 3.", "3"),
        ("The answer is \\boxed{7}.", "7"), ("The answer is 3. And \\boxed{5", "3. And \\boxed{5"),
        ("\\boxed{3} and \\boxed{5", "3"), ("\\boxed{\\boxed{4}}", "4"), ("} \\boxed{{4}} }", "{4}"),
    ])
    func `The last closed box or the marker counts, whichever comes later`(text: String, answer: String) {
        #expect(AnswerExtractor(marker: "The answer is ").answer(in: text) == answer)
    }

    @Test(arguments: [
        ("so \\boxed{\\frac{1}{2}}.", "\\frac{1}{2}"), ("\\boxed{3} and \\boxed{5", "3"),
        ("\\boxed{3}, no, \\boxed{4}", "4"),
    ])
    func `A marker that opens a box is closed by its brace`(text: String, answer: String) {
        #expect(AnswerExtractor(marker: "\\boxed{").answer(in: text) == answer)
        let sets = text.replacing("\\boxed{", with: "Answer {")
        #expect(AnswerExtractor(marker: "Answer {").answer(in: sets) == answer)
    }

    @Test(arguments: [
        ("\\boxed{ 18 }\\)", "18"), ("\\boxed{\\left\\{ x \\right.} y}", "\\left\\{ x \\right."),
        ("\\boxed{7} as asked, in \\boxed{}", "7"), ("\\boxed{\\{1, 2\\}}", "\\{1, 2\\}"),
    ])
    func `A box is read by its braces, and an empty one is no answer`(text: String, answer: String) {
        #expect(AnswerExtractor().answer(in: text) == answer)
        #expect(AnswerExtractor(marker: "\\boxed{").answer(in: text) == answer)
    }

    @Test(arguments: [
        (String?.none, "so \\[\\boxed{18}\\]\n\n", false, true), (nil, "so \\boxed{18", false, false),
        (nil, "put it into \\boxed{}.\n\n", false, false), (nil, "it is 18.\n\n", false, false),
        (nil, "\\boxed{18} and then", true, true), ("\\boxed{", "\\boxed{18}\n\n", false, true),
        ("The answer is ", "The answer is 18.\n\n", false, true), ("The answer is ", "The answer is 1", true, false),
        ("The answer is ", "The answer is 18.\nFor", true, true),
        ("The answer is ", "The answer is \n\n", false, false),
        ("The answer is ", "\\boxed{18}\n\n", false, false),
        ("The answer is ", "The answer is \\boxed{18", false, false),
        ("```", "So:\n```python\nx = 1\n```\n", false, true), ("```", "```\nx = 1\n```", true, true),
        ("```", "```python\nx = 1\n\n", false, false), ("```", "```\n```\n", false, false),
        ("```", "I write `x`.\n\n", false, false),
    ])
    func `A step with the final answer is known`(marker: String?, step: String, isCut: Bool, isFinal: Bool) {
        #expect(AnswerExtractor(marker: marker).isFinal(step, isCut: isCut) == isFinal)
    }

    @Test(arguments: [
        ("```python\nx = 1\n\ny = 2\n```\nIt is \\boxed{3}.", "x = 1\n\ny = 2"),
        // Some models begin with a fence too many.
        ("```\n```python\na\n```\nThat is b.\n", "a"), ("```\na\n```\nand\r\n```\r\nb\r\n```\r\n", "b"),
        ("```\na\n```\n```\nb", "a"), ("The answer is 3.", nil),
    ])
    func `A marker that is a code fence is closed by the next one`(text: String, answer: String?) {
        #expect(AnswerExtractor(marker: "```").answer(in: text) == answer)
    }

    /// A model that goes on after its answer for ever.
    private func solve(_ steps: [String], marker: String? = nil, stop: Thought.Stop = .delimiter) async throws
        -> SearchResult
    {
        let model = ScriptedModel(.target) { path in
            [.init(path.depth < steps.count ? steps[path.depth] : "And so on \(path.depth).\n\n", stop: stop)]
        }
        let engine = Engine(
            target: model, rewardModel: ScriptedRewardModel { _ in 0.5 }, defaults: .init(answerMarker: marker))
        let log = EventLog()
        let result = try await Search(engine, algorithm: .beam(beams: 1, width: 2), generator: .targetOnly)
            .solve("?", onEvent: log.listener)
        #expect(SearchInvariants.violations(in: log.events, of: result) == [])
        return result
    }

    @Test func `A path is finished by its answer where the model goes on`() async throws {
        let boxed = try await solve(["First.\n\n", "So \\boxed{18}.\n\n"])
        #expect(boxed.isFinished && boxed.answer == "18" && boxed.steps.count == 2)
        #expect(boxed.steps.last?.thought.stop == .answer)
        let marked = try await solve(["First.\n\n", "The answer is 18.\n\n"], marker: "The answer is ")
        #expect(marked.isFinished && marked.answer == "18" && marked.steps.count == 2)
        let cut = try await solve(["So \\boxed{18}. For"], stop: .length)
        #expect(cut.isFinished && cut.answer == "18")
    }

    @Test func `An outcome model is asked about a path that its answer finishes`() async throws {
        let base = ScriptedRewardModel { _ in 0.9 }
        func path(_ stop: Thought.Stop) -> ReasoningPath {
            ReasoningPath(problem: "?", thoughts: [Thought(text: "x", tokens: [1], stop: stop, source: .target)])
        }
        let scores = try await OutcomeRewardModel(base).score([path(.delimiter), path(.answer), path(.endOfSequence)])
        #expect(scores.scores == [0.5, 0.9, 0.9])
    }

    @Test func `An open box is no answer`() {
        #expect(AnswerExtractor().answer(in: "12 \\boxed{3") == nil)
        #expect(AnswerExtractor(marker: "\\boxed{").answer(in: "12 \\boxed{3") == nil)
        #expect(AnswerExtractor().answer(in: "nothing") == nil)
    }

    @Test(.timeLimit(.minutes(1))) func `Many open boxes take no longer than their length`() {
        #expect(AnswerExtractor().answer(in: String(repeating: "\\boxed{", count: 50_000)) == nil)
    }

    @Test func `Votes are weighed, and the first named wins a tie`() {
        #expect(AnswerVote.weighted([("a", 0.5), ("b", 0.3), (nil, 9), ("b", 0.3)]) == "b")
        #expect(AnswerVote.weighted([("a", 0.5), ("b", 0.5)]) == "a")
        #expect(AnswerVote.weighted([(nil, 1)]) == nil)
    }

    @Test func `The same value is the same vote, however it is written`() {
        #expect(AnswerVote.weighted([("3", 0.5), ("1/2", 0.3), ("0.5", 0.3)]) == "1/2")
        #expect(AnswerVote.weighted([("3", 0.5), ("5 apples", 0.3), ("5", 0.3)]) == "5 apples")
        #expect(AnswerVote.weighted([("even", 0.5), ("odd", 0.3), ("odd.", 0.3)]) == "odd")
        #expect(AnswerVote.same("1,234", "1234") && AnswerVote.same("$x=2$", "x = 2") && !AnswerVote.same("2", "3"))
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
