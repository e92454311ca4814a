import SpecSearch
import SpecSearchCLI
import Testing

@Suite struct OutputTests {
    @Test func `Text from outside cannot steer a terminal`() {
        #expect("a\u{1B}]52;c;Zm9v\u{07}b".printable == "a\u{FFFD}]52;c;Zm9v\u{FFFD}b")
        #expect("\u{9B}31mred\r\nnext\tcell".printable == "\u{FFFD}31mred\u{FFFD}\nnext\tcell")
        #expect("abc\u{202E}def".printable == "abc\u{FFFD}def")
        #expect("naïve 日本語 👩‍👩‍👧".printable == "naïve 日本語 👩‍👩‍👧")
        #expect(" one\n\n two\u{08} ".singleLine == "one two\u{FFFD}")
    }

    @Test func `Text is cut and broken by columns`() {
        #expect("short".fitted(5) == "short")
        #expect("longer".fitted(5) == "long…")
        #expect("日本語".fitted(5) == "日本…" && "日本語".columns == 6)
        #expect("one two three".wrapped(7) == ["one two", "three"])
        #expect("a\n\nverylongword b".wrapped(4) == ["a", "", "verylongword", "b"])
    }

    @Test func `What is left is judged by the steps so far`() throws {
        var time = RemainingTime(maximumSteps: 40)
        #expect(time.seconds(at: 1, tokensOfThought: 0) == nil)
        // 10 of 60 tokens in 2 s: a step takes 12, and six are expected.
        #expect(time.seconds(at: 2, tokensOfThought: 10) == 70)
        time.stepEnded(at: 10)
        #expect(time.seconds(at: 10, tokensOfThought: 0) == 50)
        #expect(time.seconds(at: 14, tokensOfThought: 0) == 46)
        for step in 2...9 { time.stepEnded(at: Double(10 * step)) }
        // Longer than expected: always one more.
        #expect(time.seconds(at: 90, tokensOfThought: 0) == 10)
        #expect(time.seconds(at: 200, tokensOfThought: 0) == 1)
        var exact = RemainingTime(maximumSteps: 32, isExact: true)
        exact.stepEnded(at: 1)
        #expect(exact.seconds(at: 1, tokensOfThought: 0) == 31)
    }

    @Test func `While a step is generated people see its text, its tokens and its number`() {
        var view = ProgressView(SearchConfiguration())
        view.generating(
            GenerationProgress(role: .target, thoughts: 6, finished: 0, tokens: 60, text: "So\n\u{1B}[2Jshe"))
        #expect(view.status(at: 3) == "step 1: target generates 6 thoughts, 60 tokens · 3 s, about 2 min left")
        #expect(view.lines(at: 3).first == "  …  So \u{FFFD}[2Jshe")
    }
}
