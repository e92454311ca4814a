import Foundation
import SpecSearch
import SpecSearchCLI
import SpecSearchEvaluation
import Testing

@Suite struct OutputTests {
    @Test func `Text from outside cannot steer a terminal`() {
        #expect("a\u{1B}]52;c;Zm9v\u{07}b".printable == "a\u{FFFD}]52;c;Zm9v\u{FFFD}b")
        #expect("\u{9B}31mred\r\nnext\tcell".printable == "\u{FFFD}31mred\u{FFFD}\nnext\tcell")
        #expect("abc\u{202E}def".printable == "abc\u{FFFD}def")
        #expect("naïve 日本語 👩‍👩‍👧".printable == "naïve 日本語 👩‍👩‍👧")
        #expect(" one\n\n two\u{08} ".singleLine == "one two\u{FFFD}")
    }

    @Test func `Of a program it is told what judges it, and what it falls short of`() throws {
        let none = ProgramProblem(try CodeTask(beginning: "def f(x):\n    '''Twice.'''\n"))
        let two = ProgramProblem(
            try CodeTask(beginning: "def f(x):\n    '''\n    >>> f(1)\n    2\n    >>> f(2)\n    4\n    '''\n"))
        #expect(none.promise.contains("shows no example") && none.shortcoming(of: "x", score: 0.5) == nil)
        #expect(two.promise.hasPrefix("2 examples judge; what the models write is run here, without a sandbox"))
        #expect(two.shortcoming(of: "x", score: 1) == nil && two.shortcoming(of: nil, score: 0) == nil)
        #expect(two.shortcoming(of: "x", score: 0.5)?.hasSuffix("does what 1 of 2 examples show.") == true)
        #expect(two.shortcoming(of: "x", score: 0)?.hasSuffix("0 of 2 examples show.") == true)
    }

    @Test func `A pipe hears of long work now and then`() {
        let begin = ContinuousClock.now
        let pace = ProgressPace(since: begin)
        let due = [0, 9, 10, 11, 19, 20, 45, 54, 55].filter { pace.isDue(at: begin + .seconds($0)) }
        #expect(due == [10, 20, 45, 55])
    }

    @Test func `Text is cut and broken by columns`() {
        #expect("short".fitted(5) == "short")
        #expect("longer".fitted(5) == "long…")
        #expect("日本語".fitted(5) == "日本…" && "日本語".columns == 6)
        #expect("one two three".wrapped(7) == ["one two", "three"])
        // Programs stay what they are.
        #expect("if x:\n    return y + z\n".wrapped(14) == ["if x:", "    return y +", "    z", ""])
        #expect("a\n\nverylongword b".wrapped(4) == ["a", "", "verylongword", "b"])
    }

    @Test(
        "A backslash and an n that were typed in a shell are the end of a line",
        arguments: [
            (#"{problem}\n\n"#, "{problem}\n\n"), ("{problem}\n\\n", "{problem}\n\\n"), (#"a\\n"#, #"a\n"#),
            ("gguf", "gguf"),
            (#"\boxed{}"#, #"\boxed{}"#),
        ])
    func typed(_ text: String, _ meant: String) { #expect(text.typed == meant) }

    @Test func `A table that is too wide comes in parts that fit, each with the first column`() {
        let table = MarkdownTable(
            header: ["name", "first", "second", "third"],
            rows: [["a rather long name", "1", "2", "3"], ["b", "10", "20", "30"]])
        #expect(table.lines(fitting: 80).count == 4 && table.lines(fitting: .max) == table.lines)
        #expect(
            table.lines(fitting: 40) == [
                "| name               | first | second |", "| ------------------ | ----: | -----: |",
                "| a rather long name |     1 |      2 |", "| b                  |    10 |     20 |", "",
                "| name               | third |", "| ------------------ | ----: |",
                "| a rather long name |     3 |", "| b                  |    30 |",
            ])
        #expect(table.lines(fitting: 24).allSatisfy { $0.count <= 24 })
    }

    private func merged(_ arguments: [String], _ defaults: String) throws -> [String] {
        try DefaultArguments.merged(arguments, defaults: Data(defaults.utf8), from: "config.json")
    }

    @Test func `The user's defaults stand before what is given, where the command has such an option`() throws {
        let defaults = #"{"models":"small","cache-tokens":8192,"no-tune":true,"solve":{"beams":4,"color":"never"}}"#
        #expect(
            try merged(["solve", "--example"], defaults) == [
                "solve", "--beams=4", "--cache-tokens=8192", "--color=never", "--models=small", "--no-tune",
                "--example",
            ])
        #expect(
            try merged(["solve", "x", "--beams", "2", "--draft=a.gguf", "--color=always"], defaults) == [
                "solve", "--cache-tokens=8192", "--no-tune", "x", "--beams", "2", "--draft=a.gguf", "--color=always",
            ])
        #expect(!(try merged(["solve", "--resume", "t.jsonl"], defaults).contains("--beams=4")))
        #expect(try merged(["models", "check", "x"], defaults) == ["models", "check", "--cache-tokens=8192", "x"])
        #expect(try merged(["devices"], defaults) == ["devices"])
        #expect(
            try merged(["models", "check", "x"], #"{"models check":{"timed":false}}"#)
                == ["models", "check", "--no-timed", "x"])
    }

    @Test(
        "A default that no command knows is refused by name",
        arguments: [
            (#"{"baems":4}"#, "no option baems"), (#"{"solve":{"baems":4}}"#, "no option solve.baems"),
            (#"{"slove":{"beams":4}}"#, "no command slove"), ("[]", "the whole is not an object"),
            ("{", "it is no JSON"),
        ])
    func refused(_ defaults: String, _ expected: String) {
        let error = #expect(throws: (any Error).self) { try merged(["solve"], defaults) }
        #expect("\(error.map { "\($0)" } ?? "")".contains(expected), "\(String(describing: error))")
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
        // A program is one step, and a longer one.
        let program = RemainingTime(maximumSteps: 1, isExact: true, isProgram: true)
        #expect(program.seconds(at: 2, tokensOfThought: 10) == 22)
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
