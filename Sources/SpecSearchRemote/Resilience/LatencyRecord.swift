/// The times of the last calls, for the moment at which a second server is asked (Dean and Barroso, "The tail at scale",
/// CACM 2013).
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
