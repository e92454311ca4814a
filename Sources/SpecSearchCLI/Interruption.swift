internal import ArgumentParser
internal import Foundation
internal import Synchronization

/// Runs work that the first Ctrl-C, SIGTERM or SIGHUP cancels, so that it can end with what it has; another ends the process.
///
/// `timeout` and service managers send a signal to the process and to its group, so one that comes at once is the same.
enum Interruption {
    private struct State<Value: Sendable> {
        var task: Task<Value, any Error>?
        /// The exit status of a process that the first signal ended.
        var exitCode: ExitCode?
        /// When it came.
        var received = ContinuousClock.now
    }

    /// The time in which a second signal is the first once more.
    private static let echo = Duration.milliseconds(500)

    /// Runs `body` in a task of its own.
    ///
    /// - Returns: What it gave, and the exit status of an interrupted process, if a signal came meanwhile.
    /// - Throws: What `body` throws; that exit status where it ends with nothing.
    static func guarding<Value: Sendable>(
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> (value: Value, interruption: ExitCode?) {
        // Listening begins before the work, so that no signal is lost.
        let state = Mutex(State<Value>())
        let received = { @Sendable (number: Int32) in
            state.withLock { state in
                guard state.exitCode == nil else {
                    if ContinuousClock.now - state.received > echo { _exit(128 + number) }
                    return
                }
                state.exitCode = ExitCode(128 + number)
                state.received = .now
                state.task?.cancel()
            }
        }
        let queue = DispatchQueue(label: "specsearch.signals")
        // Whoever started this with nohup wants it to go on.
        let numbers = [SIGINT, SIGTERM, SIGHUP].filter { $0 != SIGHUP || !isIgnored($0) }
        let sources = numbers.map { number in
            let former = signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
            source.setEventHandler { received(number) }
            source.activate()
            return (number: number, former: former, source: source)
        }
        let task = Task { try await body() }
        state.withLock { state in
            state.task = task
            if state.exitCode != nil { task.cancel() }
        }
        defer {
            if state.withLock({ $0.exitCode == nil }) {
                for (number, former, source) in sources {
                    source.cancel()
                    signal(number, former)
                }
            } else {
                // What the work ended with is still to be printed, and an echo of the signal must not end the process before:
                // listening goes on until it ends by itself.
                for (_, _, source) in sources { _ = Unmanaged.passRetained(source as AnyObject) }
            }
        }
        do {
            let value = try await task.value
            return (value, state.withLock { $0.exitCode })
        } catch let error as CancellationError {
            throw state.withLock { $0.exitCode } ?? error
        }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        let handler = signal(number, SIG_IGN)
        signal(number, handler)
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}
