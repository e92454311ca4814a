/// How many calls a server gets at once: its slots where it says how many, otherwise found out by additive increase and
/// multiplicative decrease (Chiu and Jain 1989).
package struct AdaptiveConcurrency: Sendable {
    package private(set) var limit: Double
    private let ceiling: Double
    private let adapts: Bool
    private var successes = 0
    private var lastDecrease = -Double.infinity

    /// A fixed number.
    package init(slots: Int) {
        limit = Double(max(1, slots))
        ceiling = limit
        adapts = false
    }

    /// One that adapts.
    package init(start: Int = 8, ceiling: Int = 256) {
        limit = Double(max(1, start))
        self.ceiling = Double(max(1, ceiling))
        adapts = true
    }

    /// Whether `weight` more fit to `inFlight`; to an idle server anything does.
    package func admits(_ weight: Int, inFlight: Int) -> Bool {
        inFlight == 0 || Double(inFlight + weight) <= limit.rounded(.down)
    }

    /// A call was answered; `wasLimited` says that others waited for it, else a higher limit would mean nothing.
    package mutating func succeeded(wasLimited: Bool) {
        guard adapts, wasLimited else { return }
        successes += 1
        guard Double(successes) >= limit else { return }
        successes = 0
        limit = min(ceiling, limit + 1)
    }

    /// The server asked to come back later; one burst of refusals counts once.
    package mutating func overloaded(at now: Double) {
        guard adapts, now - lastDecrease > 0.5 else { return }
        lastDecrease = now
        successes = 0
        limit = max(1, limit / 2)
    }
}
