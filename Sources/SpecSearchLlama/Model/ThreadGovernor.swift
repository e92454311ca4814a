/// Decides how many threads a forward pass has: as many as it may, unless others have the cores.
///
/// ```swift
/// var governor = ThreadGovernor(limit: 4)
/// let threads = governor.threads(at: now, waited: waitedSeconds)    // before each pass
/// ```
/// Threads of a pass wait for one another many times, so one that has to wait for its core holds up all. With other
/// programs on the machine, or with other workers of this one, a pass of one thread is then up to several times as fast.
/// What decides is how long threads were ready without running; several threads are tried again after a while, which
/// doubles with each vain try.
package struct ThreadGovernor {
    /// The most threads.
    package let limit: Int
    private var current: Int
    /// The begin of a time in which waiting is added up.
    private var window: (start: Double, waited: Double)?
    private var pause = Self.shortestPause
    private var retry = 0.0
    private var undisturbed = 0.0

    /// The seconds that are judged together: long enough that one short interruption does not count.
    package static let windowLength = 0.1
    static let shortestPause = 1.0
    static let longestPause = 30.0
    /// The share of the time that threads may wait, all together.
    static let tolerance = 0.15

    package init(limit: Int) {
        self.limit = limit
        current = limit
    }

    /// The number of threads of a pass that begins now.
    ///
    /// - Parameters:
    ///   - now: Seconds, by a clock that never goes back.
    ///   - waited: How long the process's threads have been ready without running, so far; asked at the ends of windows.
    package mutating func threads(at now: Double, waited: () -> Double?) -> Int {
        guard limit > 1 else { return limit }
        if current == 1 {
            guard now >= retry else { return 1 }
            current = limit
            window = nil
        }
        guard let begun = window else {
            guard let waited = waited() else { return current }
            window = (now, waited)
            return current
        }
        let length = now - begun.start
        guard length >= Self.windowLength, let total = waited() else { return current }
        window = (now, total)
        if total - begun.waited > Self.tolerance * length {
            current = 1
            retry = now + pause
            pause = min(2 * pause, Self.longestPause)
            undisturbed = 0
        } else {
            undisturbed += length
            if undisturbed > 4 { pause = Self.shortestPause }
        }
        return current
    }
}
