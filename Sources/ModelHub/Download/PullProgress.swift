import Synchronization

/// How far a pull is, for a line on a terminal.
///
/// ```swift
/// let set = try await store.pull("qwen2.5-coder") { progress in
///     print("\r\(progress)", terminator: "")
/// }
/// ```
public struct PullProgress: Sendable, Hashable, CustomStringConvertible {
    /// What a pull does at the moment.
    public enum Phase: String, Sendable, Hashable, CaseIterable {
        /// Asks which files there are and how large they are.
        case resolving
        /// Waits for another pull of the same file, or for a server that asked for a pause.
        case waiting
        /// Downloads.
        case downloading
        /// Puts parts together.
        case assembling
        /// Compares the checksum.
        case checking
        /// The file is in the cache.
        case done
    }

    /// What the pull does.
    public internal(set) var phase: Phase
    /// The file's name.
    public internal(set) var file: String
    /// The file's number, from one.
    public internal(set) var index: Int
    /// How many files there are.
    public internal(set) var count: Int
    /// The bytes that are there, or are checked.
    public internal(set) var completed: Int64 = 0
    /// The file's size, where it is known.
    public internal(set) var total: Int64?
    /// The speed over the last seconds, in bytes per second.
    public internal(set) var speed: Double?
    /// The seconds that are left at this speed.
    public internal(set) var secondsLeft: Double?
    /// Something that the user should know, such as that the hub was not reached and another source is asked; said
    /// once, so it deserves a line of its own.
    public package(set) var message: String?

    /// One line: "qwen.gguf  45 %  221 of 491 MB  12.3 MB/s  22 s left".
    public var description: String {
        var parts = [count > 1 ? "[\(index)/\(count)] \(file)" : file]
        switch phase {
        case .downloading:
            if let total, total > 0 {
                parts.append("\(completed * 100 / total) %")
                parts.append("\(completed / 1_000_000) of \((total + 999_999) / 1_000_000) MB")
            } else {
                parts.append("\(completed / 1_000_000) MB")
            }
            if let speed { parts.append("\((speed / 100_000).rounded() / 10) MB/s") }
            if let secondsLeft { parts.append(Self.duration(secondsLeft)) }
        case .checking, .assembling:
            parts.append(total.map { "\(phase.rawValue) \(completed * 100 / max($0, 1)) %" } ?? phase.rawValue)
        default: parts.append(phase.rawValue)
        }
        if let message { parts.append(message) }
        return parts.joined(separator: "  ")
    }

    private static func duration(_ seconds: Double) -> String {
        let seconds = Int(min(seconds, 1e7).rounded(.up))
        return seconds < 120 ? "\(seconds) s left" : "\((seconds + 59) / 60) min left"
    }
}

/// Counts the bytes of one file and tells the caller about ten times a second, and at each change of phase.
package final class ProgressMeter: Sendable {
    private struct State {
        var progress: PullProgress
        var samples: [(time: ContinuousClock.Instant, bytes: Int64)] = []
        var last: ContinuousClock.Instant?
    }

    private let state: Mutex<State>
    private let report: @Sendable (PullProgress) -> Void

    package init(
        file: String, index: Int = 1, count: Int = 1, report: @escaping @Sendable (PullProgress) -> Void = { _ in }
    ) {
        state = Mutex(State(progress: PullProgress(phase: .resolving, file: file, index: index, count: count)))
        self.report = report
    }

    /// A meter for another file of the same model.
    package func renamed(_ file: String) -> ProgressMeter {
        let progress = state.withLock { $0.progress }
        return ProgressMeter(file: file, index: progress.index, count: progress.count, report: report)
    }

    /// Begins a phase, and says so.
    package func begin(
        _ phase: PullProgress.Phase, completed: Int64? = nil, total: Int64? = nil, message: String? = nil
    ) {
        let progress = state.withLock { state in
            state.progress.phase = phase
            if let completed { state.progress.completed = completed }
            if let total { state.progress.total = total }
            state.progress.speed = nil
            state.progress.secondsLeft = nil
            state.samples = [(.now, state.progress.completed)]
            var progress = state.progress
            progress.message = message
            return progress
        }
        report(progress)
    }

    /// Counts bytes.
    package func advance(by bytes: Int) {
        update { $0 += Int64(bytes) }
    }

    /// Sets the count of bytes.
    package func reach(_ bytes: Int64) {
        update { $0 = bytes }
    }

    private func update(_ change: (inout Int64) -> Void) {
        let progress: PullProgress? = state.withLock { state in
            change(&state.progress.completed)
            let now = ContinuousClock.now
            if let last = state.last, last.duration(to: now) < .milliseconds(100) { return nil }
            state.last = now
            state.samples.append((now, state.progress.completed))
            while state.samples.count > 2, state.samples[0].time.duration(to: now) > .seconds(5) {
                state.samples.removeFirst()
            }
            let seconds = state.samples[0].time.duration(to: now) / .seconds(1)
            let bytes = state.progress.completed - state.samples[0].bytes
            if seconds > 0.2, bytes > 0 {
                let speed = Double(bytes) / seconds
                state.progress.speed = speed
                state.progress.secondsLeft = state.progress.total.map {
                    Double(max(0, $0 - state.progress.completed)) / speed
                }
            }
            return state.progress
        }
        if let progress { report(progress) }
    }
}
