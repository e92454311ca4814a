package import Foundation
internal import SpecSearch

/// How often and after which pauses a failed request is repeated.
///
/// A request that brought bytes before it failed begins to count again.
package struct RetryPolicy: Sendable {
    /// The attempts without any progress, the first included.
    package var attempts: Int
    /// The first pause; it doubles each time.
    package var pause: Duration
    /// The longest pause of ours.
    package var longestPause: Duration
    /// The longest pause that a server may ask for.
    package var longestRequested: Duration
    /// Waits; replaced in tests.
    package var sleep: @Sendable (Duration) async throws -> Void

    package init(
        attempts: Int = 6, pause: Duration = .milliseconds(500), longestPause: Duration = .seconds(30),
        longestRequested: Duration = .seconds(300),
        sleep: @escaping @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
    ) {
        self.attempts = attempts
        self.pause = pause
        self.longestPause = longestPause
        self.longestRequested = longestRequested
        self.sleep = sleep
    }

    /// The pause after the `failures`-th failure in a row, counted from one; nil where the request is given up.
    ///
    /// - Parameter requested: What the server asked for, if it did.
    package func delay(failures: Int, requested: Duration?) -> Duration? {
        guard failures < attempts else { return nil }
        if let requested { return requested <= longestRequested ? requested : nil }
        var delay = pause
        for _ in 1..<max(failures, 1) where delay < longestPause { delay *= 2 }
        return min(delay, longestPause)
    }

    /// What the header `Retry-After` asks for: seconds, or a date.
    package static func requested(_ header: String?, now: Date = Date()) -> Duration? {
        guard let header else { return nil }
        if let seconds = Double(header.trimmingCharacters(in: .whitespaces)) {
            return Duration(boundedSeconds: seconds)
        }
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
        return format.date(from: header).map { Duration(boundedSeconds: $0.timeIntervalSince(now).rounded(.up)) }
    }

    /// A pause in words: "0.5 s", "12 s".
    static func text(_ pause: Duration) -> String {
        let seconds = (pause / .milliseconds(100)).rounded(.up) / 10
        return seconds < 10 && seconds != seconds.rounded() ? "\(seconds) s" : "\(Int(seconds)) s"
    }

    /// Whether a status may be gone at the next attempt.
    package static func isPassing(_ status: Int) -> Bool { status == 408 || status == 429 || status >= 500 }
}
