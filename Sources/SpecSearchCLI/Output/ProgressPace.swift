internal import Synchronization

/// How often a pipe hears of long work: not before it has taken some seconds, and then no more often than that.
package final class ProgressPace: Sendable {
    /// The time between lines.
    package static let pulse = Duration.seconds(10)

    private let last: Mutex<ContinuousClock.Instant>

    package init(since begin: ContinuousClock.Instant = .now) { last = Mutex(begin) }

    /// Whether a line is due; if it is, the next one is not for a while.
    package func isDue(at now: ContinuousClock.Instant = .now) -> Bool {
        last.withLock { last in
            guard now - last >= Self.pulse else { return false }
            last = now
            return true
        }
    }
}
