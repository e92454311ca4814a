/// The times of the last calls, whose percentile is the moment at which a second server is asked (Dean and Barroso, "The
/// tail at scale", CACM 2013).
package struct LatencyRecord: Sendable {
    private var times: [Double] = []
    private var next = 0
    private let capacity: Int

    package init(capacity: Int = 128) { self.capacity = capacity }

    package mutating func add(_ seconds: Double) {
        if times.count < capacity {
            times.append(seconds)
        } else {
            times[next] = seconds
            next = (next + 1) % capacity
        }
    }

    /// The time that the share `rank` of the calls stayed below; nil before `minimum` calls.
    package func quantile(_ rank: Double, minimum: Int = 20) -> Double? {
        guard times.count >= minimum else { return nil }
        let sorted = times.sorted()
        return sorted[min(sorted.count - 1, Int(rank * Double(sorted.count)))]
    }
}

/// The rule for second requests: when another replica is asked too, and whether it may be.
///
/// A value without a clock.
package struct HedgeRule: Sendable {
    private let soonest: Double
    private let isOn: Bool
    private var budget: ExtraBudget
    private var latencies = LatencyRecord()
    private var additions = 0
    /// How late an answer is when another replica is asked, in seconds: the 95th percentile, brought up to date every few
    /// calls; nil as long as too little is known, and where there are no hedges.
    package private(set) var delay: Double?

    /// - Parameters:
    ///   - share: Second requests for each call; 0 for none.
    ///   - soonest: The least delay, in seconds.
    package init(share: Double, soonest: Double) {
        self.soonest = soonest
        isOn = share > 0
        budget = ExtraBudget(share: share, floor: share > 0 ? 1 : 0)
    }

    package mutating func countCall(at now: Double) { budget.countRequest(at: now) }

    /// Takes one second request, if there is room for it.
    package mutating func take(at now: Double) -> Bool { budget.take(at: now) }

    /// Notes how long an answer took.
    package mutating func answered(after seconds: Double) {
        guard isOn else { return }
        latencies.add(seconds)
        additions += 1
        guard delay == nil || additions % 16 == 0 else { return }
        delay = latencies.quantile(0.95).map { max(soonest, $0) }
    }
}

/// A server's recent time per call, smoothed.
package struct SmoothedLatency: Sendable {
    package private(set) var seconds = 0.0
    package private(set) var count = 0

    package init() {}

    package mutating func add(_ value: Double) {
        count += 1
        seconds += (value - seconds) * max(0.2, 1 / Double(count))
    }
}
