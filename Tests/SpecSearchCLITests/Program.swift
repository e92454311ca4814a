import Foundation

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

    /// The models that ship with the repository.
    static let models = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models").path

    /// Runs a line of a shell in which `$S` is the command.
    static func shell(_ script: String) async throws -> Outcome {
        try await run(
            ["-c", script], environment: ["S": file.path], program: URL(fileURLWithPath: "/bin/sh"))
    }

    /// - Parameters:
    ///   - output: Where standard output goes instead, such as a device.
    ///   - interruption: A signal that is sent, twice, as soon as a file has anything in it.
    static func run(
        _ arguments: [String], environment: [String: String] = [:], output: String? = nil,
        interruption: (signal: Int32, file: String)? = nil, program: URL = file
    ) async throws -> Outcome {
        let folder = try TemporaryFolder()
        let places = ["output", "errors"].map { folder.file($0) }
        for place in places { try Data().write(to: URL(fileURLWithPath: place)) }
        let process = Process()
        process.executableURL = program
        process.arguments = arguments
        // The user's own defaults are none of the tests'.
        process.environment = ProcessInfo.processInfo.environment
            .filter { !$0.key.hasPrefix("SPECSEARCH_") }
            .merging(["SPECSEARCH_CONFIG": ""]) { $1 }
            .merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle(forWritingAtPath: output ?? places[0])
        process.standardError = FileHandle(forWritingAtPath: places[1])
        let interrupting = interruption.map { interruption in
            Task {
                while (FileManager.default.contents(atPath: interruption.file) ?? Data()).isEmpty {
                    try await Task.sleep(for: .milliseconds(50))
                }
                for _ in 0..<2 { kill(process.processIdentifier, interruption.signal) }
            }
        }
        defer { interrupting?.cancel() }
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
