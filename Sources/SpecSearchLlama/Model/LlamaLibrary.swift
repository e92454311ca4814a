import CLlama
import Foundation
import Synchronization

/// The process-wide state of llama.cpp: started once, and its log, which alone says why something failed.
package enum LlamaLibrary {
    private static let lines = Mutex<[String]>([])

    private static let started: Bool = {
        // On an abort ggml would start a debugger for its backtrace.
        setenv("GGML_NO_BACKTRACE", "1", 0)
        llama_log_set(
            { level, text, _ in
                guard let text, level == GGML_LOG_LEVEL_ERROR || level == GGML_LOG_LEVEL_WARN else { return }
                let line = String(cString: text).trimmingCharacters(in: .whitespacesAndNewlines)
                guard !line.isEmpty else { return }
                LlamaLibrary.lines.withLock { lines in
                    lines.append(line)
                    if lines.count > 16 { lines.removeFirst(lines.count - 16) }
                }
            }, nil)
        llama_backend_init()
        return true
    }()

    /// Starts the library if it has not been; forgets what it logged before.
    package static func start() {
        _ = started
        lines.withLock { $0.removeAll() }
    }

    /// What the library last complained about, in one line; empty if it did not.
    package static func takeComplaints() -> String {
        lines.withLock { lines in
            defer { lines.removeAll() }
            return lines.suffix(3).joined(separator: "; ")
        }
    }

    /// The version of llama.cpp that is linked.
    package static var version: String {
        llama_version().map { String(cString: $0) } ?? "unknown"
    }
}
