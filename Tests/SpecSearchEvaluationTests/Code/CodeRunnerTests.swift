import Foundation
import SpecSearchEvaluation
import Testing

@Suite struct CodeRunnerTests {
    private let runner = CodeRunner(limits: CodeRunner.Limits(seconds: 300, memory: 1 << 28, output: 100_000))
    private let task = CodeTask(
        id: "T/0", prompt: "import math\n\n\ndef double(x):\n    \"\"\" Twice x. \"\"\"\n",
        test: "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(-3) == -6\n",
        entryPoint: "double")

    @Test func `A right completion passes, and a wrong one fails with what it said`() async throws {
        #expect(try await runner.run(program: task.program(completion: "    return 2 * x\n")) == .passed)
        guard case .failed(let text) = try await runner.run(program: task.program(completion: "    return x * x\n"))
        else {
            Issue.record("a wrong program passed")
            return
        }
        #expect(text.contains("AssertionError"))
    }

    @Test(arguments: [
        "    return 2 * (x\n", "    raise ValueError(\"no\")\n", "    import sys\n    sys.exit(0)\n",
        "    import os\n    os._exit(0)\n", "    return missing(x)\n",
        "    import os, signal\n    os.kill(os.getpid(), signal.SIGKILL)\n",
    ])
    func `A program that does not reach its end has failed, however it left`(completion: String) async throws {
        guard case .failed = try await runner.run(program: task.program(completion: completion)) else {
            Issue.record("a broken program passed")
            return
        }
    }

    private func isAlive(_ process: Int32) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return false }
        return !text.contains(") Z ")
    }

    /// Runs a program that starts a child, and waits for the child's end.
    ///
    /// On a loaded machine Python may not get to its program in a short time; then it gets more.
    private func run(
        child: String, then end: String, seconds: [Double] = [2, 20, 200]
    ) async throws -> CodeRunner.Outcome? {
        let file = FileManager.default.temporaryDirectory.appending(path: "child-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        let program = """
            import os, subprocess, sys, time
            child = subprocess.Popen(\(child))
            open("\(file.path).new", "w").write(str(child.pid))
            os.rename("\(file.path).new", "\(file.path)")
            \(end)
            """
        var outcome: CodeRunner.Outcome?
        for seconds in seconds where !FileManager.default.fileExists(atPath: file.path) {
            outcome = try await CodeRunner(limits: CodeRunner.Limits(seconds: seconds)).run(program: program)
        }
        let process = try #require(Int32(String(contentsOf: file, encoding: .utf8)))
        for _ in 0..<12_000 where isAlive(process) { try await Task.sleep(for: .milliseconds(50)) }
        #expect(!isAlive(process))
        return outcome
    }

    @Test(arguments: ["while True: pass", "time.sleep(300)"])
    func `An endless program is stopped, with its children`(end: String) async throws {
        #expect(try await run(child: "['sleep', '300']", then: end) == .timedOut)
    }

    @Test func `Children of a program that passed do not outlive it`() async throws {
        #expect(try await run(child: "['sleep', '300']", then: "pass", seconds: [200]) == .passed)
    }

    @Test func `A busy child that left the session ends by its processor time`() async throws {
        let child = "[sys.executable, '-c', 'while True: pass'], start_new_session=True"
        #expect(try await run(child: child, then: "time.sleep(300)") == .timedOut)
    }

    @Test func `Memory, output and files have limits`() async throws {
        #expect(try await runner.run(program: "x = bytearray(4 << 30)\n") == .outOfMemory)
        #expect(try await runner.run(program: "x = []\nwhile True: x.append(' ' * 1000000)\n") == .outOfMemory)
        #expect(try await runner.run(program: "while True: print('x' * 1000)\n") == .tooMuchOutput)
        #expect(try await runner.run(program: "open('f', 'w').write('x' * 200000)\n") == .tooMuchOutput)
        // Much, but within the limit.
        #expect(try await runner.run(program: "print('x' * 50000)\n") == .passed)
    }

    @Test func `A program sees a folder of its own, no input and no foreign environment`() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "seen-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        setenv("SPECSEARCH_TEST_SECRET", "1", 1)
        let program = """
            import os, sys
            open("\(file.path)", "w").write(os.getcwd())
            assert sys.stdin.read() == ""
            assert sorted(os.listdir()) == ["output.txt", "program.py"], os.listdir()
            assert "SPECSEARCH_TEST_SECRET" not in os.environ
            assert sys.argv == ["program.py"] and __name__ == "__main__"
            """
        #expect(try await runner.run(program: program) == .passed)
        let folder = try String(contentsOf: file, encoding: .utf8)
        #expect(folder.contains("specsearch-code-"))
        #expect(!FileManager.default.fileExists(atPath: folder))
    }

    @Test func `Without an interpreter there is no verdict`() async throws {
        let missing = CodeRunner(interpreter: "python-that-is-not-there")
        #expect(try await missing.run(program: "pass\n") == .noInterpreter)
    }

    @Test func `Cancellation ends the program`() async throws {
        let running = Task { try await CodeRunner().run(program: "import time\ntime.sleep(60)\n") }
        try await Task.sleep(for: .milliseconds(300))
        running.cancel()
        await #expect(throws: CancellationError.self) { try await running.value }
    }

    // MARK: Real tasks

    private struct Line: Decodable {
        enum CodingKeys: String, CodingKey {
            case id = "task_id"
            case prompt
            case solution = "canonical_solution"
            case test
            case entryPoint = "entry_point"
        }

        let id: String
        let prompt: String
        let solution: String
        let test: String
        let entryPoint: String
    }

    private static let data: URL? = {
        let folder = ProcessInfo.processInfo.environment["SPECSEARCH_DATA"] ?? "../shared/data"
        let url = URL(fileURLWithPath: folder).appending(path: "humaneval.jsonl")
        return FileManager.default.fileExists(atPath: url.path) ? url : nil
    }()

    @Test(.enabled(if: data != nil, "HumanEval lies neither in SPECSEARCH_DATA nor in ../shared/data"))
    func `All canonical solutions of HumanEval pass, and none of the empty ones`() async throws {
        let lines = try Data(contentsOf: #require(Self.data)).split(separator: UInt8(ascii: "\n"))
        let tasks = try lines.map { try JSONDecoder().decode(Line.self, from: Data($0)) }
        #expect(tasks.count == 164)
        let runner = CodeRunner(limits: CodeRunner.Limits(seconds: 60))
        var failed: [String] = []
        for (index, line) in tasks.enumerated() {
            let task = CodeTask(id: line.id, prompt: line.prompt, test: line.test, entryPoint: line.entryPoint)
            let fenced = "Here it is:\n```python\n\(line.prompt)\(line.solution)\n```\nDone."
            // Every second one as a model would answer it in a chat.
            let program =
                index % 2 == 0
                ? task.program(completion: line.solution) : task.program(answer: fenced)
            if try await runner.run(program: program) != .passed { failed.append(line.id) }
            if index % 20 == 0, try await runner.run(program: task.program(completion: "    pass\n")) == .passed {
                failed.append("\(line.id), empty")
            }
        }
        #expect(failed == [])
    }
}
