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
        // Listening begins before the work, so that no Ctrl-C is lost.
        let state = Mutex<(presses: Int, task: Task<Value, any Error>?)>((0, nil))
        signal(SIGINT, SIG_IGN)
        let source = DispatchSource.makeSignalSource(signal: SIGINT, queue: DispatchQueue(label: "specsearch.signals"))
        let pressed = { @Sendable in
            state.withLock { state in
                state.presses += 1
                if state.presses > 1 { _exit(exitCode.rawValue) }
                state.task?.cancel()
            }
        }
        source.setEventHandler { pressed() }
        source.activate()
        let task = Task { try await body() }
        state.withLock { state in
            state.task = task
            if state.presses > 0 { task.cancel() }
        }
        defer {
            source.cancel()
            signal(SIGINT, SIG_DFL)
        }
        do {
            let value = try await task.value
            return (value, state.withLock { $0.presses } > 0)
        } catch is CancellationError {
            throw exitCode
        }
    }
}
