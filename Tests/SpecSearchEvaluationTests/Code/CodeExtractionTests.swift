import SpecSearchEvaluation
import Testing

@Suite struct CodeExtractionTests {
    private let task = CodeTask(
        id: "T/0", prompt: "import math\n\ndef half(x):\n    return x / 2\n\ndef double(x):\n    \"\"\"Twice.\"\"\"\n",
        test: "def check(f):\n    assert f(2) == 4", entryPoint: "double")
    private let end = "\ndef check(f):\n    assert f(2) == 4\ncheck(double)\n"
    private let preamble = "import math\n\ndef half(x):\n    return x / 2\n\n"

    @Test func `A completion continues the prompt`() {
        #expect(task.program(completion: "    return 2 * x") == task.prompt + "    return 2 * x" + end)
    }

    @Test(arguments: [
        "Sure!\n```python\ndef double(x):\n    return 2 * x\n```\nThat is it.",
        "```python\nprint(double(1))\n```\nor\n```\ndef double(x):\n    return 2 * x\n```",
        "```python\r\ndef double(x):\r\n    return 2 * x\r\n```",
        "```py\ndef double(x):\n    return 2 * x",
        "def double(x):\n    return 2 * x",
        "I write:\ndef double(x):\n    return 2 * x",
    ])
    func `Code that defines the function follows the prompt's helpers`(answer: String) {
        #expect(task.program(answer: answer) == preamble + "def double(x):\n    return 2 * x" + end)
    }

    @Test(arguments: [
        "```python\nreturn 2 * x\n```", "```\n    return 2 * x\n```", "    return 2 * x\n\ndef other():\n    pass",
        "    return 2 * x\nprint(double(2))", "    return 2 * x",
    ])
    func `Other code is the body`(answer: String) {
        let program = task.program(answer: answer)
        #expect(program.hasPrefix(task.prompt + "    return 2 * x"))
        #expect(program.hasSuffix(end))
        #expect(!program.contains("print") && !program.contains("other"))
    }
}
