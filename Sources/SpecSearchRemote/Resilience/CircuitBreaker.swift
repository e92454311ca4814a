/// Keeps calls away from a server that fails, and lets one through from time to time to see whether it is back.
///
/// Source: Nygard, "Release It!", 2007.
package struct CircuitBreaker: Sendable {
    /// When it opens, and for how long.
    package struct Configuration: Sendable, Hashable {
        /// Failures in a row that open it.
        package var consecutiveFailures = 5
        /// The share of failures that opens it, of at least ``minimumCalls`` within ten seconds.
        package var failureShare = 0.5
        package var minimumCalls = 20
        /// The first pause and the longest, in seconds; it doubles with each failed probe.
        package var pause = 5.0
        package var longestPause = 60.0

        package init() {}
    }

    package enum State: Sendable, Hashable {
        case closed
        /// No calls until the time.
        case open(until: Double)
        /// One probe is under way.
        case halfOpen
    }

    private let configuration: Configuration
    package private(set) var state = State.closed
    private var failuresInARow = 0
    private var pause: Double
    private var calls = SlidingCount(window: 10)
    private var failures = SlidingCount(window: 10)

    package init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        pause = configuration.pause
    }

    /// Whether a call may go now; one that may when the breaker is open is the probe.
    package func allows(at now: Double) -> Bool {
        switch state {
        case .closed: true
        case .open(let until): now >= until
        case .halfOpen: false
        }
    }

    /// Notes that an allowed call goes.
    package mutating func begin(at now: Double) {
        if case .open(let until) = state, now >= until { state = .halfOpen }
    }

    /// Notes a call's end; `succeeded` is nil where it says nothing about the server (it was cancelled).
    package mutating func end(_ succeeded: Bool?, at now: Double) {
        guard let succeeded else {
            // The probe gave no answer: the next call is the probe.
            if state == .halfOpen { state = .open(until: now) }
            return
        }
        calls.add(at: now)
        if succeeded {
            failuresInARow = 0
            // A late answer to a call of before the opening says nothing about now; the probe's does.
            guard state == .halfOpen else { return }
            state = .closed
            pause = configuration.pause
            calls.clear()
            failures.clear()
            return
        }
        failures.add(at: now)
        failuresInARow += 1
        switch state {
        case .halfOpen:
            pause = min(configuration.longestPause, pause * 2)
            state = .open(until: now + pause)
        case .closed:
            let total = calls.count(at: now)
            let failed = failures.count(at: now)
            if failuresInARow >= configuration.consecutiveFailures
                || total >= configuration.minimumCalls
                    && Double(failed) >= configuration.failureShare * Double(total)
            {
                state = .open(until: now + pause)
            }
        case .open: break
        }
    }
}
