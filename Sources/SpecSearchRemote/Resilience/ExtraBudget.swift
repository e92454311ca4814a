/// The number of events in the last seconds, to the second.
package struct SlidingCount: Sendable {
    private let window: Double
    private var slots: [(second: Int, count: Int)] = []
    /// How many are in the window; brought up to date by ``add(at:)`` and ``count(at:)``.
    private var total = 0

    package init(window: Double) { self.window = window }

    package mutating func add(at now: Double) {
        let second = Int(now.rounded(.down))
        if slots.last?.second == second {
            slots[slots.count - 1].count += 1
        } else {
            slots.append((second, 1))
        }
        total += 1
    }

    package mutating func count(at now: Double) -> Int {
        while let first = slots.first, Double(first.second) < now - window {
            total -= first.count
            slots.removeFirst()
        }
        return total
    }

    package mutating func clear() {
        slots = []
        total = 0
    }
}

/// Keeps extra requests (retries, hedges) to a share of all of the last ten seconds.
package struct ExtraBudget: Sendable {
    private let share: Double
    private let floor: Int
    private var requests = SlidingCount(window: 10)
    private var extras = SlidingCount(window: 10)

    /// - Parameters:
    ///   - share: Extra requests for each request.
    ///   - floor: Extra requests that are always allowed, so that a quiet client can retry at all.
    package init(share: Double, floor: Int) {
        self.share = share
        self.floor = floor
    }

    package mutating func countRequest(at now: Double) { requests.add(at: now) }

    /// Takes one extra request, if there is room for it.
    package mutating func take(at now: Double) -> Bool {
        let allowed = max(floor, Int(share * Double(requests.count(at: now))))
        guard extras.count(at: now) < allowed else { return false }
        extras.add(at: now)
        return true
    }
}
