import Foundation
import SpecSearch
import Synchronization

/// A program that is run to its end, and stopped when the task is cancelled.
///
/// Not Foundation's `Process`, which on Linux may miss the end of a program when several run at once.
package enum Command {
    /// Runs a program; a thread of its own waits for it.
    ///
    /// - Parameters:
    ///   - words: The program, looked for in `PATH`, and its arguments.
    ///   - output: A file for all that it writes.
    /// - Returns: Its status, and the end of what it wrote.
    /// - Throws: ``SpecSearchError`` `notFound` where there is no such program; `CancellationError`.
    package static func run(
        _ words: [String], environment: [String: String], output: String
    ) async throws -> (status: Int32, output: String) {
        try Task.checkCancellation()
        let child = try Child(words, environment: environment, output: output)
        let status = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                Thread.detachNewThread { continuation.resume(returning: child.wait()) }
            }
        } onCancel: {
            child.stop()
        }
        try Task.checkCancellation()
        let text = FileManager.default.contents(atPath: output) ?? Data()
        return (status, String(decoding: text.suffix(4000), as: UTF8.self))
    }

    /// A running program.
    private final class Child: Sendable {
        private let id: pid_t
        /// Whether the program has ended, so that its number may be another's.
        private let hasEnded = Mutex(false)

        init(_ words: [String], environment: [String: String], output: String) throws(SpecSearchError) {
            #if canImport(Darwin)
                var actions: posix_spawn_file_actions_t?
                var attributes: posix_spawnattr_t?
            #else
                var actions = posix_spawn_file_actions_t()
                var attributes = posix_spawnattr_t()
            #endif
            posix_spawn_file_actions_init(&actions)
            posix_spawnattr_init(&attributes)
            defer {
                posix_spawn_file_actions_destroy(&actions)
                posix_spawnattr_destroy(&attributes)
            }
            posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
            posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_TRUNC, 0o666)
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
            // A program that ignores Ctrl-C, to end in order, must not make its children ignore it.
            var signals = sigset_t()
            sigemptyset(&signals)
            posix_spawnattr_setsigmask(&attributes, &signals)
            for signal in [SIGINT, SIGTERM, SIGPIPE, SIGHUP] { sigaddset(&signals, signal) }
            posix_spawnattr_setsigdefault(&attributes, &signals)
            posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
            var arguments = words.map { strdup($0) } + [nil]
            var variables = environment.map { strdup("\($0)=\($1)") } + [nil]
            defer { for pointer in arguments + variables { free(pointer) } }
            var id: pid_t = 0
            let number = posix_spawnp(&id, words.first ?? "", &actions, &attributes, &arguments, &variables)
            guard number == 0 else {
                guard number == ENOENT || number == EACCES else { throw .system(number, words.first ?? "", "started") }
                throw SpecSearchError(
                    .notFound, "\(words.first ?? "") is not installed.",
                    remedy:
                        "Install Python 3 with pip (Debian: apt-get install python3-pip), or let the hub be reached.")
            }
            self.id = id
        }

        /// Waits for the end; returns the status, or 128 and the number of the signal.
        func wait() -> Int32 {
            // The number is kept until `stop` can no longer use it.
            var information = siginfo_t()
            while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
            return hasEnded.withLock { hasEnded in
                hasEnded = true
                var status: Int32 = 0
                while waitpid(id, &status, 0) < 0, errno == EINTR {}
                return status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
            }
        }

        func stop() {
            hasEnded.withLock { hasEnded in
                if !hasEnded { kill(id, SIGTERM) }
            }
        }
    }
}
