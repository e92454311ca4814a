/// The replicas of one model and the calls that wait for a place at one of them, first come, first served: a value that is
/// notified of what happens and answers whom to wake, without clock, tasks or I/O.
///
/// ```swift
/// switch queue.admit(call, at: now) {
/// case .granted(let lease): …          // send the request, then queue.end(lease, .success, at: now)
/// case .full: queue.enqueue(call, as: waiter, at: now)
/// case .closed(let until): …           // no replica may be asked: only time helps
/// }
/// ```
package struct CallQueue: Sendable {
    /// A call that wants a place.
    package struct Call: Sendable, Hashable {
        /// The search's routing key.
        package var key: UInt64
        /// The places that it takes.
        package var weight: Int
        /// Replicas that have just failed it; used only where there is no other.
        package var excluded: Set<Int> = []

        package init(key: UInt64, weight: Int, excluded: Set<Int> = []) {
            self.key = key
            self.weight = weight
            self.excluded = excluded
        }
    }

    /// The answer to a call that asks for a place.
    package enum Admission: Sendable, Hashable {
        case granted(ReplicaSet.Lease)
        /// A replica may be asked, but has no room, or others wait for it: the call is to wait.
        case full
        /// No replica may be asked before the time.
        case closed(until: Double)
    }

    /// A waiter whose wait is over.
    package struct Wakeup: Sendable, Hashable {
        package let waiter: Int
        /// Its place; nil where no replica may be asked any more, so that it has to ask again.
        package let lease: ReplicaSet.Lease?
    }

    package private(set) var replicas: ReplicaSet
    private var waiting: [(waiter: Int, call: Call)] = []

    package init(_ replicas: ReplicaSet) { self.replicas = replicas }

    package mutating func setConcurrency(_ concurrency: AdaptiveConcurrency, of replica: Int) {
        replicas.setConcurrency(concurrency, of: replica)
    }

    /// Takes a place if there is one and nobody waits for it.
    package mutating func admit(_ call: Call, at now: Double) -> Admission {
        if waiting.isEmpty, let lease = take(call, at: now) { return .granted(lease) }
        return replicas.hasOpenDoor(at: now) ? .full : .closed(until: replicas.nextChance(after: now))
    }

    /// Takes a place for a second request to another replica than the first one's, unless somebody waits.
    package mutating func admitHedge(of lease: ReplicaSet.Lease, key: UInt64, at now: Double) -> ReplicaSet.Lease? {
        guard waiting.isEmpty else { return nil }
        return replicas.take(
            key: key, weight: lease.weight, excluding: [lease.replica], onlyOthers: true, at: now)
    }

    /// Lets a call wait under a name.
    ///
    /// - Returns: Who is to be woken, perhaps itself: room may have come since it asked.
    package mutating func enqueue(_ call: Call, as waiter: Int, at now: Double) -> [Wakeup] {
        waiting.append((waiter, call))
        return wakeups(at: now)
    }

    /// Takes a waiter off the queue; false where it was woken already.
    package mutating func remove(_ waiter: Int) -> Bool {
        guard let place = waiting.firstIndex(where: { $0.waiter == waiter }) else { return false }
        waiting.remove(at: place)
        return true
    }

    /// Gives a place back.
    ///
    /// - Returns: Whether the replica's breaker opened by it, and who is to be woken.
    package mutating func end(
        _ lease: ReplicaSet.Lease, _ outcome: ReplicaSet.Outcome, at now: Double, retryAfter: Double? = nil
    ) -> (opened: Bool, wakeups: [Wakeup]) {
        let opened = replicas.end(
            lease, outcome, at: now, wasLimited: !waiting.isEmpty, retryAfter: retryAfter)
        return (opened, wakeups(at: now))
    }

    private mutating func take(_ call: Call, at now: Double) -> ReplicaSet.Lease? {
        replicas.take(key: call.key, weight: call.weight, excluding: call.excluded, at: now)
    }

    /// The first waiters for whom there is room; all of them, empty-handed, where no replica may be asked.
    private mutating func wakeups(at now: Double) -> [Wakeup] {
        var woken: [Wakeup] = []
        while let first = waiting.first {
            let lease = take(first.call, at: now)
            guard lease != nil || !replicas.hasOpenDoor(at: now) else { break }
            waiting.removeFirst()
            woken.append(Wakeup(waiter: first.waiter, lease: lease))
        }
        return woken
    }
}
