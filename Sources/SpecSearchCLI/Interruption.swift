internal import ArgumentParser
internal import Foundation
internal import Synchronization

/// Runs work that the first Ctrl-C cancels, so that it can end with what it has; the second ends the process.
enum Interruption {
    /// The exit status of a process that Ctrl-C ended.
    static let exitCode = ExitCode(130)

    /// Runs `body` in a task of its own.
    ///
    /// - Returns: What it gave, and whether Ctrl-C was pressed meanwhile.
    static func guarding<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> (value: Value, interrupted: Bool) {
        let task = Task { try await body() }
        let presses = Mutex(0)
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: DispatchQueue(label: "specsearch.signals"))
        let count = { @Sendable in
            presses.withLock {
                $0 += 1
                return $0
            }
        }
        source.setEventHandler {
            if count() > 1 { _exit(exitCode.rawValue) }
            task.cancel()
        }
        source.activate()
        defer {
            source.cancel()
            signal(SIGINT, SIG_DFL)
        }
        do {
            let value = try await task.value
            return (value, presses.withLock { $0 } > 0)
        } catch is CancellationError {
            throw exitCode
        }
    }
}
