import Foundation
import SpecSearch
import SpecSearchEvaluation
import Testing

@Suite struct ExampleRewardModelTests {
    private let half = CodeTask(
        id: "half",
        prompt: "def half(x):\n    \"\"\" Half of x.\n    >>> half(4)\n    2\n    >>> half(3)\n    1.5\n    \"\"\"\n",
        test: "def check(candidate): assert False", entryPoint: "half")

    private func path(_ task: CodeTask, _ answer: String, stop: Thought.Stop = .endOfSequence) -> ReasoningPath {
        ReasoningPath(
            problem: Problem(id: task.id, text: task.prompt),
            thoughts: [Thought(text: answer, tokens: [1], stop: stop, source: .draft)])
    }

    private func rewardModel(_ tasks: [CodeTask], seconds: Double = 20) -> ExampleRewardModel {
        ExampleRewardModel(
            tasks.map { GradedProblem(problem: Problem(id: $0.id, text: $0.prompt), answer: "", codeTask: $0) },
            runner: CodeRunner(limits: CodeRunner.Limits(seconds: seconds)))
    }

    @Test func `Examples are what stands after the prompt, up to a blank line, a quote or the next`() {
        let task = CodeTask(
            id: "t",
            prompt: """
                def f(x):
                    '''
                    >>> f(1)
                    [1,
                     2]
                    >>> for i in [1]:
                    ...     f(i)
                    ...
                    3

                    Not this.
                    >>>f(2) == 4
                    '''
                    # nor this
                """, test: "", entryPoint: "f")
        #expect(
            task.visibleExamples == [
                VisibleExample(source: "f(1)", expected: "[1,\n2]"),
                VisibleExample(source: "for i in [1]:\n    f(i)\n", expected: "3"),
                VisibleExample(source: "f(2) == 4", expected: ""),
            ])
        let bare = CodeTask(id: "", prompt: "def f(x):\n    return x > 1\n", test: "", entryPoint: "f")
        #expect(bare.visibleExamples == [])
    }

    @Test(arguments: [
        (["f(1) == 2", "f([1, (2)], 'a)') ➞ [True, None]"], ["f(1): 2", "f([1, (2)], 'a)'): [True, None]"]),
        (["for f(\"x\") => true  # as it is", "f('y') should return False."], ["f(\"x\"): True", "f('y'): False"]),
        (
            ["f(3)   # returns \"a b\"", "f(4) -> 2 * 3 = 6", "f(5) ==> 'x' (a remark)"],
            ["f(3): \"a b\"", "f(4): 6", "f(5): 'x'"]
        ),
        (["f([", "  [1, 2],", "], 1) == [(0, 0)]"], ["f([ [1, 2], ], 1): [(0, 0)]"]),
        (["For x = \"a, b\", y = -1.5 the output should be 1"], ["f(\"a, b\", -1.5): 1"]),
        (
            [
                "Input: x = [1, 2], y = 3", "Output: 4 # since", "Input:", "  x : [[1],", "   [2]]", "  y : 5",
                "Output: 6",
            ],
            ["f([1, 2], 3): 4", "f([[1], [2]], 5): 6"]
        ),
        // Names that are no literals, other functions, a sentence, a quotation mark too many.
        (["f(a) == 1", "g(1) == 1", "ff(1) == 1", "f(1) is odd", "f(2) == \"\"x\"", "f(1", "Input: x"], []),
    ])
    func `Examples are read as people write them`(lines: [String], expected: [String]) {
        let prompt = "def f(x, y=0):\n    '''What it does.\n" + lines.map { "    \($0)\n" }.joined() + "    '''\n"
        let task = CodeTask(id: "t", prompt: prompt, test: "", entryPoint: "f")
        func squeezed(_ text: String) -> String { text.replacing(" ", with: "") }
        #expect(task.visibleExamples.map { squeezed("\($0.source): \($0.expected)") } == expected.map(squeezed))
    }

    @Test func `The score is the share of examples that hold`() async throws {
        let answers = [
            "    return x / 2\n", "    return x // 2\n", "    return 7\n", "    return x +\n",
            "    raise SystemExit(0)\n", "```python\ndef half(x):\n    return x / 2\n```",
        ]
        // 4 / 2 prints 2.0, which is as good as 2.
        let scores = try await rewardModel([half]).score(answers.map { path(half, $0) }).scores
        #expect(scores == [1, 0.5, 0, 0, 0, 1])
    }

    @Test func `An unfinished program says nothing, and neither does a problem without examples`() async throws {
        let bare = CodeTask(id: "bare", prompt: "def f(x):\n", test: "", entryPoint: "f")
        let paths = [
            path(half, "    return 7\n", stop: .delimiter), path(half, "    return 7\n", stop: .length),
            path(bare, "    return 7\n"),
        ]
        #expect(try await rewardModel([half, bare]).score(paths).scores == [0.5, 0.5, 0.5])
    }

    @Test func `Sessions have statements, errors and comparisons`() async throws {
        let task = CodeTask(
            id: "t",
            prompt: "def f(x):\n    '''\n    >>> y = f(1)\n    >>> y\n    \"2\"\n    >>> f(1) == '2'\n    >>> f(None)\n"
                + "    Traceback (most recent call last):\n    TypeError\n    >>> print(f(8))\n    9 / \\\\\n    '''\n",
            test: "", entryPoint: "f")
        let answer = "    return str(x + 1) if x < 8 else '9 / ' + chr(92) * 2\n"
        #expect(try await rewardModel([task]).score([path(task, answer)]).scores == [1])
        // Only the statement goes well.
        #expect(try await rewardModel([task]).score([path(task, "    return 0\n")]).scores == [0.2])
    }

    @Test func `A loop without end fails its example only`() async throws {
        let answer = "    while x == 3: pass\n    return x / 2\n"
        #expect(try await rewardModel([half], seconds: 10).score([path(half, answer)]).scores == [0.5])
    }

    @Test func `What cannot be run is an error`() async throws {
        let other = ReasoningPath(problem: Problem(id: "other", text: "1 + 1"))
        let unknown = await #expect(throws: SpecSearchError.self) { try await rewardModel([half]).score([other]) }
        #expect(unknown?.code == .badSetting)
        let problem = GradedProblem(problem: Problem(id: half.id, text: half.prompt), answer: "", codeTask: half)
        let pythonless = ExampleRewardModel([problem], runner: CodeRunner(interpreter: "no-such-python"))
        let missing = await #expect(throws: SpecSearchError.self) {
            try await pythonless.score([path(half, "    pass\n")])
        }
        #expect(missing?.message.contains("no-such-python") == true)
    }

    private static let data: URL? = {
        let folder = ProcessInfo.processInfo.environment["SPECSEARCH_DATA"] ?? "../shared/data"
        let url = URL(fileURLWithPath: folder).appending(path: "humaneval.jsonl")
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }()

    @Test(.enabled(if: data != nil, "HumanEval lies neither in SPECSEARCH_DATA nor in ../shared/data"))
    func `Canonical solutions of HumanEval hold to its examples, empty ones do not`() async throws {
        let problems = try ProblemSet(contentsOf: #require(Self.data)).problems
        let withExamples = problems.filter { $0.codeTask?.visibleExamples.isEmpty == false }
        #expect(withExamples.count == 155)
        #expect(withExamples.reduce(0) { $0 + ($1.codeTask?.visibleExamples.count ?? 0) } == 441)
        let rewardModel = ExampleRewardModel(problems, runner: CodeRunner(limits: CodeRunner.Limits(seconds: 60)))
        func path(_ problem: GradedProblem, _ answer: String) -> ReasoningPath {
            ReasoningPath(
                problem: problem.problem,
                thoughts: [Thought(text: answer, tokens: [1], stop: .endOfSequence, source: .target)])
        }
        // The descriptions of the first two are at odds with their tests; the third has a definition that looks like examples.
        let wrong = ["HumanEval/47": 0.5, "HumanEval/116": 0, "HumanEval/130": 1.0 / 3]
        let scores = try await rewardModel.score(withExamples.map { path($0, $0.answer) }).scores
        for (problem, score) in zip(withExamples, scores) {
            #expect(score == wrong[problem.problem.id] ?? 1, "\(problem.problem.id)")
        }
        let some = withExamples.prefix(12)
        let empty = try await rewardModel.score(some.map { path($0, "    return 'nothing of the kind'\n") }).scores
        #expect(empty.allSatisfy { $0 == 0 }, "\(empty)")
    }
}
