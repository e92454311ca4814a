import Foundation
import SpecSearchRemoteTesting

/// The built command, run as users run it.
enum Program {
    struct Outcome {
        var status: Int32
        var output: String
        var errors: String
        var all: String { output + errors }
    }

    /// Beside the tests, since they depend on it.
    private static let file = (Bundle.main.executableURL ?? URL(fileURLWithPath: CommandLine.arguments[0]))
        .deletingLastPathComponent().appending(path: "specsearch")

    static func run(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
        let folder = try TemporaryFolder()
        let places = ["output", "errors"].map { folder.file($0) }
        for place in places { try Data().write(to: URL(fileURLWithPath: place)) }
        let process = Process()
        process.executableURL = file
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("SPECSEARCH_") }
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: places[0])
        process.standardError = FileHandle(forWritingAtPath: places[1])
        // Waiting must not take a thread from the servers of this process.
        try await withCheckedThrowingContinuation { (ended: CheckedContinuation<Void, any Error>) in
            process.terminationHandler = { _ in ended.resume() }
            do { try process.run() } catch { ended.resume(throwing: error) }
        }
        let texts = try places.map { try String(contentsOfFile: $0, encoding: .utf8) }
        return Outcome(status: process.terminationStatus, output: texts[0], errors: texts[1])
    }
}

/// A folder that is gone when nothing holds it any more.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "specsearch-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func file(_ name: String) -> String { path + "/" + name }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try text.write(toFile: file(name), atomically: true, encoding: .utf8)
        return file(name)
    }

    /// The files below that hold a text.
    func files(holding text: String) throws -> [String] {
        let files = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
        return files.filter { name in
            FileManager.default.contents(atPath: file(name)).map { $0.firstRange(of: Data(text.utf8)) != nil } ?? false
        }
    }
}

/// Three scripted servers with one key, and the configuration that names them.
struct ServedTrio {
    static let key = "sk-4711-very-secret"

    let folder: TemporaryFolder
    let draft: ScriptedEngine
    let target: ScriptedEngine
    let reward: ScriptedEngine

    init() async throws {
        folder = try TemporaryFolder()
        var configuration = ScriptedEngine.Configuration()
        configuration.apiKey = Self.key
        draft = ScriptedEngine(configuration)
        target = ScriptedEngine(configuration)
        reward = ScriptedEngine(configuration)
        for engine in engines { try await engine.start() }
        try write(target: target)
        try folder.write(
            #"{"kind":"label","template":"{problem}\n\n","tag":"\u0001","good":"+","bad":"-","stepSeparator":"\n\n"}"#,
            to: "prm.json")
        let lines = (0..<3).map { #"{"id":"p\#($0)","problem":"Ben has \#($0) pencils. How many?","answer":"\#($0)"}"# }
        try folder.write(lines.joined(separator: "\n") + "\n", to: "problems.jsonl")
    }

    /// The key is in the file for the reward model, in a flag for the draft, in the environment for the target.
    func write(target: ScriptedEngine) throws {
        try folder.write(
            """
            chatTemplate: "{problem}\\n\\n"
            answerPrefix: "The answer is "
            temperature: 1
            maximumStepTokens: 48
            calls: { patience: 1, attempts: 2 }
            draft: { dialect: vllm, urls: ["\(draft.url)"] }
            target: { dialect: vllm, urls: ["\(target.url)"], model: scripted }
            prm: { dialect: vllm, urls: ["\(reward.url)"], description: prm.json, apiKey: "\(Self.key)" }
            """, to: "cluster.yaml")
    }

    var engines: [ScriptedEngine] { [draft, target, reward] }
    var configuration: String { folder.file("cluster.yaml") }
    var problems: String { folder.file("problems.jsonl") }
    var output: String { folder.file("run") }

    func run(_ arguments: [String], key: String = key) async throws -> Program.Outcome {
        try await Program.run(
            arguments + ["--config", configuration, "--set", "draft.apiKey=\(key)"],
            environment: ["SPECSEARCH_TARGET_API_KEY": key + "\n"])
    }

    func stop() async { for engine in engines { await engine.kill() } }
}
