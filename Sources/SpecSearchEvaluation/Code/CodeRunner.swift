internal import Foundation
internal import Subprocess

/// A runner of programs against their tasks' tests: Python in a subprocess, with limits.
///
/// ```swift
/// let outcome = try await CodeRunner().run(program: task.program(answer: text))
/// ```
/// This is NOT a sandbox: the program can read files, use the network, and leave processes behind if it tries to. The
/// limits stop mistakes, not attacks; run models that you do not trust in a container or a virtual machine.
///
/// What is limited: wall-clock time (by killing the program's session, children included), processor time, memory, and
/// the size of what it writes; it sees neither the caller's environment nor its standard input, and works in a folder of
/// its own, which is removed. A program passes only if its test ran to the end: leaving early with status 0 is a failure.
public struct CodeRunner: Sendable {
    /// What became of a program.
    public enum Outcome: Sendable, Hashable {
        case passed
        /// The test failed, or the program did not run; the end of what it wrote.
        case failed(String)
        case timedOut
        case outOfMemory
        /// It wrote more than it may.
        case tooMuchOutput
        /// There is no such interpreter.
        case noInterpreter
    }

    /// What a program may use.
    public struct Limits: Sendable, Hashable, Codable {
        /// Wall-clock seconds; processor seconds are limited to the same, rounded up.
        public var seconds: Double
        /// Bytes of address space, of each process.
        public var memory: Int
        /// Bytes of output, and of each file that is written.
        public var output: Int

        public init(seconds: Double = 10, memory: Int = 1 << 30, output: Int = 1 << 20) {
            self.seconds = seconds
            self.memory = memory
            self.output = output
        }
    }

    public var limits: Limits
    /// The interpreter's name, looked up in PATH.
    public var interpreter: String

    public init(limits: Limits = Limits(), interpreter: String = "python3") {
        self.limits = limits
        self.interpreter = interpreter
    }

    /// Runs a whole program.
    ///
    /// - Throws: Where no folder can be made, or the subprocess cannot be started or watched.
    public func run(program: String) async throws -> Outcome {
        let folder = FileManager.default.temporaryDirectory.appending(path: "specsearch-code-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(program.utf8).write(to: folder.appending(path: "program.py"))
        guard let end = try await end(in: folder) else { return .noInterpreter }
        if end == .timedOut { return .timedOut }
        switch end {
        case .exited(PythonPrelude.passed): return .passed
        case .exited(PythonPrelude.outOfMemory): return .outOfMemory
        case .signaled(SIGXCPU), .timedOut: return .timedOut
        case .signaled(SIGXFSZ): return .tooMuchOutput
        case .exited(let code): return .failed(tail(of: folder) ?? "left with status \(code) before the test's end")
        case .signaled(let signal): return .failed(tail(of: folder) ?? "ended by signal \(signal)")
        }
    }

    private enum End: Sendable, Equatable {
        case exited(Int32)
        case signaled(Int32)
        case timedOut
    }

    /// Nil if there is no interpreter.
    private func end(in folder: URL) async throws -> End? {
        var options = PlatformOptions()
        // A session of its own, so that everything in it can be ended at once.
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .milliseconds(100))
        ]
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"
        let environment = Environment.custom(["PATH": path, "LANG": "C.UTF-8", "PYTHONHASHSEED": "0"])
        // Before the program's time begins to run: on a busy machine it could be over before nothing is found.
        let executable = Executable.name(interpreter)
        guard (try? await executable.resolveExecutablePath(in: environment)) != nil else { return nil }
        let configuration = Configuration(
            executable: executable,
            arguments: Arguments(
                ["-I", "-c", PythonPrelude.text] + PythonPrelude.arguments(limits, folder: folder.path)),
            environment: environment, platformOptions: options)
        let seconds = limits.seconds
        return try await withThrowingTaskGroup(of: End?.self) { group in
            group.addTask {
                let result = try await Subprocess.run(configuration, output: .discarded)
                // Children may outlive the program.
                kill(-result.processIdentifier.value, SIGKILL)
                return switch result.terminationStatus {
                case .exited(let code): .exited(code)
                case .signaled(let signal): .signaled(signal)
                }
            }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                return .timedOut
            }
            let first = try await group.next() ?? nil
            group.cancelAll()
            try Task.checkCancellation()
            return first
        }
    }

    /// The end of what the program wrote; nil if it wrote nothing.
    private func tail(of folder: URL) -> String? {
        guard let file = try? FileHandle(forReadingFrom: folder.appending(path: "output.txt")) else { return nil }
        defer { try? file.close() }
        let size = (try? file.seekToEnd()) ?? 0
        try? file.seek(toOffset: size - min(size, 2000))
        let text = String(decoding: (try? file.readToEnd()) ?? Data(), as: UTF8.self)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : text
    }
}
