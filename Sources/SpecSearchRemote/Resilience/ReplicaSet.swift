/// The replicas of one model, and which of them the next call goes to: a value that is notified of what happens, without
/// clock or I/O.
///
/// A search's calls prefer one replica (rendezvous hashing), where its prefixes are cached; they go to the next one in
/// their order when it is open, full, or much slower than the fastest.
package struct ReplicaSet: Sendable {
    /// A place that a call has taken, to be given back by ``end(_:_:at:wasLimited:)``.
    package struct Lease: Sendable, Hashable {
        package let replica: Int
        package let weight: Int
        let begin: Double
    }

    /// The end of a call.
    package enum Outcome: Sendable, Hashable {
        case success, failure, overloaded
        /// The server took the call, and refused it as wrong: it is alive.
        case refused
        case cancelled
    }

    package struct Replica: Sendable {
        package var breaker: CircuitBreaker
        package var concurrency: AdaptiveConcurrency
        package var inFlight = 0
        /// Not before this time, by the server's own request.
        package var notBefore = -Double.infinity
        package var latency = SmoothedLatency()
        package var lastProbe = -Double.infinity
    }

    package private(set) var replicas: [Replica]
    private let names: [UInt64]
    /// A replica this many times slower than the fastest is left aside, and asked once per ``slowProbe`` seconds.
    private let slowFactor = 4.0
    private let slowProbe = 10.0

    package init(names: [String], breaker: CircuitBreaker.Configuration, concurrency: AdaptiveConcurrency) {
        self.names = names.map(Self.hash)
        replicas = names.map { _ in Replica(breaker: CircuitBreaker(breaker), concurrency: concurrency) }
    }

    package mutating func setConcurrency(_ concurrency: AdaptiveConcurrency, of replica: Int) {
        replicas[replica].concurrency = concurrency
    }

    /// Takes a place, if there is one.
    ///
    /// - Parameters:
    ///   - excluded: Replicas that have just failed this call; used only where there is no other.
    package mutating func take(
        key: UInt64, weight: Int, excluding excluded: Set<Int> = [], onlyOthers: Bool = false, at now: Double
    ) -> Lease? {
        let fastest = replicas.lazy.filter { $0.latency.count >= 5 }.map(\.latency.seconds).min() ?? 0
        func isSlow(_ replica: Replica) -> Bool {
            replica.latency.count >= 3 && fastest > 0 && replica.latency.seconds > slowFactor * fastest
                && now - replica.lastProbe < slowProbe
        }
        var best: (index: Int, rank: (Int, Int, UInt64))?
        for index in replicas.indices {
            let replica = replicas[index]
            let isExcluded = excluded.contains(index)
            if isExcluded && onlyOthers { continue }
            guard now >= replica.notBefore, replica.breaker.allows(at: now),
                replica.concurrency.admits(weight, inFlight: replica.inFlight)
            else { continue }
            let rank = (isExcluded ? 1 : 0, isSlow(replica) ? 1 : 0, ~Self.mix(names[index] ^ key))
            if best.map({ rank < $0.rank }) ?? true { best = (index, rank) }
        }
        guard let best else { return nil }
        let replica = replicas[best.index]
        if fastest > 0, replica.latency.seconds > slowFactor * fastest { replicas[best.index].lastProbe = now }
        replicas[best.index].breaker.begin(at: now)
        replicas[best.index].inFlight += weight
        return Lease(replica: best.index, weight: weight, begin: now)
    }

    /// Gives a place back.
    ///
    /// - Returns: Whether the replica's breaker opened by it.
    @discardableResult
    package mutating func end(
        _ lease: Lease, _ outcome: Outcome, at now: Double, wasLimited: Bool = false, retryAfter: Double? = nil
    ) -> Bool {
        let index = lease.replica
        replicas[index].inFlight -= lease.weight
        let before = replicas[index].breaker.state
        switch outcome {
        case .success:
            replicas[index].breaker.end(true, at: now)
            replicas[index].concurrency.succeeded(wasLimited: wasLimited)
            replicas[index].latency.add(now - lease.begin)
        case .refused: replicas[index].breaker.end(true, at: now)
        case .failure: replicas[index].breaker.end(false, at: now)
        case .overloaded:
            // A full queue is a sign of life.
            replicas[index].breaker.end(nil, at: now)
            replicas[index].concurrency.overloaded(at: now)
            if let retryAfter { replicas[index].notBefore = now + retryAfter }
        case .cancelled:
            replicas[index].breaker.end(nil, at: now)
            // It lost against another replica or the user's patience: it takes at least this long.
            if now - lease.begin > replicas[index].latency.seconds { replicas[index].latency.add(now - lease.begin) }
        }
        if case .open = replicas[index].breaker.state, before != replicas[index].breaker.state {
            return outcome == .failure
        }
        return false
    }

    /// Whether a replica could be asked if it had room; otherwise only time helps.
    package func hasOpenDoor(at now: Double) -> Bool {
        replicas.contains { now >= $0.notBefore && ($0.breaker.allows(at: now) || $0.breaker.state == .halfOpen) }
    }

    /// When the next replica may be asked again, if none may now.
    package func nextChance(after now: Double) -> Double {
        replicas.map { replica in
            var time = max(now, replica.notBefore)
            if case .open(let until) = replica.breaker.state { time = max(time, until) }
            return time
        }.min() ?? now
    }

    /// FNV-1a and a finaliser, as names differ in few characters.
    static func hash(_ name: String) -> UInt64 {
        mix(name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 })
    }

    static func mix(_ value: UInt64) -> UInt64 {
        var z = value &+ 0x9E37_79B9_7F4A_7C15
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
