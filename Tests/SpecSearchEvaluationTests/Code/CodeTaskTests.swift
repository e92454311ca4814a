import SpecSearch
import SpecSearchEvaluation
import SpecSearchTesting
import Testing

/// Programs that are begun, as tasks.
@Suite struct CodeTaskTests {
    @Test(arguments: [
        ("def f(x):\n", "f"),
        ("import re\n\ndef helper(a):\n    return a\n\ndef main_2(\n    a: int\n):\n    '''a'''\n", "main_2"),
        ("async def später(x): ...", "später"),
        ("class A:\n    def inner(self): pass\n\ndef outer():\n    def inner(): pass\n", "outer"),
        ("def\tf (x):", "f"),
    ])
    func `The last function is the one to be written`(prompt: String, name: String) throws {
        let task = try CodeTask(beginning: prompt)
        #expect(task.entryPoint == name && task.prompt == prompt)
        #expect(task.problem.text.contains(prompt) && task.problem.id == name)
    }

    @Test(arguments: ["", "x = 1\n", "# def f(x):\n", "define f(x)", "    def inner(x):\n", "def 1(x):\n"])
    func `A program that begins none is refused`(prompt: String) {
        let error = #expect(throws: SpecSearchError.self) { try CodeTask(beginning: prompt) }
        #expect(error?.remedy.contains("def name(") == true)
    }

    @Test func `A search by its usual settings takes the first program for which all examples hold`() async throws {
        let task = try CodeTask(
            beginning: "def twice(x):\n    '''\n    >>> twice(2)\n    4\n    >>> twice(3)\n    6\n    '''\n")
        let programs = ["return 4", "return 2 * x", "return x + x", "return 0"].map {
            "```python\ndef twice(x):\n    \($0)\n```\n"
        }
        let target = ScriptedModel(.target) { _, key in .init(programs[key.sampleIndex % 4]) }
        let draft = ScriptedModel(.draft) { _, _ in .init("```python\ndef twice(x):\n    return x\n```\n") }
        let problem = GradedProblem(problem: task.problem, answer: "", codeTask: task)
        var configuration = SearchConfiguration()
        try configuration.apply(CodeTask.searchSettings.merging(["method": "specsearch", "judge": "examples"]) { $1 })
        let result = try await Search(
            Engine(draft: draft, target: target), configuration: configuration, examplesIn: [problem]
        )
        .solve(task.problem)
        #expect(result.answer == "def twice(x):\n    return 2 * x" && result.best.score == 1)
        // A draft that failed is enough to know, and of the target's the second is right.
        #expect(draft.requestedThoughts == 1 && target.requestedThoughts == 2)
    }
}
