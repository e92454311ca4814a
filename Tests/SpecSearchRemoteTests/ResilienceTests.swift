import SpecSearchRemote
import Testing

@Suite struct ResilienceTests {
    @Test func `Pauses double, jitter from zero, and stop at the cap`() {
        let policy = RetryPolicy()
        #expect((1...8).map { policy.pause(after: $0, uniform: 1) } == [0.25, 0.5, 1, 2, 4, 8, 8, 8])
        #expect(policy.pause(after: 3, uniform: 0) == 0)
        #expect(policy.pause(after: 1, uniform: 0.5, retryAfter: 3) == 3)
        #expect(policy.pause(after: 1, uniform: 0.5, retryAfter: 300) == 30)
        #expect(policy.pause(after: 1, uniform: 1, retryAfter: -1) == 0.25)
    }

    @Test func `Extra requests keep to their share`() {
        var budget = ExtraBudget(share: 0.2, floor: 2)
        for _ in 0..<100 { budget.countRequest(at: 1) }
        var taken = (0..<50).map { _ in budget.take(at: 2) }
        #expect(taken.count { $0 } == 20)
        // Ten seconds later the requests are forgotten, and the floor is left.
        taken = (0..<50).map { _ in budget.take(at: 20) }
        #expect(taken.count { $0 } == 2)
    }

    @Test func `Five failures in a row open the breaker, and one probe closes it`() {
        var breaker = CircuitBreaker()
        for _ in 0..<4 { breaker.end(false, at: 0) }
        #expect(breaker.state == .closed)
        breaker.end(false, at: 0)
        #expect(breaker.state == .open(until: 5))
        #expect(!breaker.allows(at: 4.9))
        #expect(breaker.allows(at: 5))
        breaker.begin(at: 5)
        #expect(breaker.state == .halfOpen && !breaker.allows(at: 6))
        breaker.end(true, at: 6)
        #expect(breaker.state == .closed)
    }

    @Test func `A failed probe doubles the pause up to the longest`() {
        var breaker = CircuitBreaker()
        for _ in 0..<5 { breaker.end(false, at: 0) }
        var now = 5.0
        var pauses: [Double] = []
        for _ in 0..<6 {
            breaker.begin(at: now)
            breaker.end(false, at: now)
            guard case .open(let until) = breaker.state else { break }
            pauses.append(until - now)
            now = until
        }
        #expect(pauses == [10, 20, 40, 60, 60, 60])
    }

    @Test func `Half of twenty calls open the breaker, and cancelled ones do not count`() {
        var breaker = CircuitBreaker()
        for index in 0..<19 { breaker.end(index % 2 == 0, at: 1) }
        #expect(breaker.state == .closed)
        for _ in 0..<50 { breaker.end(nil, at: 1) }
        #expect(breaker.state == .closed)
        breaker.end(false, at: 1)
        #expect(breaker.state == .open(until: 6))
    }

    @Test func `A cancelled probe leaves the next call to probe`() {
        var breaker = CircuitBreaker()
        for _ in 0..<5 { breaker.end(false, at: 0) }
        breaker.begin(at: 5)
        breaker.end(nil, at: 6)
        #expect(breaker.allows(at: 6))
    }

    @Test func `Concurrency grows while calls wait, and halves once per burst of refusals`() {
        var limit = AdaptiveConcurrency()
        for _ in 0..<100 { limit.succeeded(wasLimited: false) }
        #expect(limit.limit == 8)
        for _ in 0..<8 + 9 { limit.succeeded(wasLimited: true) }
        #expect(limit.limit == 10)
        for _ in 0..<20 { limit.overloaded(at: 3) }
        #expect(limit.limit == 5)
        #expect(limit.admits(5, inFlight: 0) && !limit.admits(5, inFlight: 1) && limit.admits(100, inFlight: 0))
        var fixed = AdaptiveConcurrency(slots: 4)
        fixed.overloaded(at: 1)
        #expect(fixed.limit == 4)
    }

    private func replicas(_ count: Int = 3, slots: Int = 100) -> ReplicaSet {
        ReplicaSet(
            names: (0..<count).map { "http://10.0.0.\($0):8000" }, breaker: CircuitBreaker.Configuration(),
            concurrency: AdaptiveConcurrency(slots: slots))
    }

    /// A place, taken outside of the macros, which cannot mutate.
    private func taken(
        _ set: inout ReplicaSet, _ key: UInt64 = 1, excluding: Set<Int> = [], onlyOthers: Bool = false, at now: Double
    ) throws -> ReplicaSet.Lease {
        let lease = set.take(key: key, weight: 1, excluding: excluding, onlyOthers: onlyOthers, at: now)
        return try #require(lease)
    }

    private func isRefused(
        _ set: inout ReplicaSet, excluding: Set<Int> = [], onlyOthers: Bool = false, at now: Double
    ) -> Bool {
        set.take(key: 1, weight: 1, excluding: excluding, onlyOthers: onlyOthers, at: now) == nil
    }

    @Test func `A search keeps its replica, and searches spread`() throws {
        var set = replicas()
        var counts = [0, 0, 0]
        for key in 0..<300 {
            let first = try taken(&set, UInt64(key), at: 0).replica
            let second = try taken(&set, UInt64(key), at: 0).replica
            #expect(first == second)
            set = replicas()
            counts[first] += 1
        }
        #expect(counts.allSatisfy { $0 > 60 })
    }

    @Test func `A full, an open and an excluded replica are passed over`() throws {
        var set = replicas(2, slots: 1)
        let first = try taken(&set, at: 0)
        let second = try taken(&set, at: 0)
        #expect(first.replica != second.replica)
        let third = isRefused(&set, at: 0)
        #expect(third && set.hasOpenDoor(at: 0))
        set.end(second, .success, at: 1)
        for _ in 0..<5 {
            let lease = try taken(&set, at: 1)
            #expect(lease.replica == second.replica)
            set.end(lease, .failure, at: 1)
        }
        let whileOpen = isRefused(&set, at: 2)
        #expect(whileOpen)
        let probe = try taken(&set, at: 6).replica
        #expect(probe == second.replica)
        set.end(first, .success, at: 6)
        let other = isRefused(&set, excluding: [first.replica], onlyOthers: true, at: 6)
        #expect(other)
        let last = try taken(&set, excluding: [first.replica], at: 6).replica
        #expect(last == first.replica)
    }

    @Test func `A replica that asks for time gets it`() throws {
        var set = replicas(1)
        let lease = try taken(&set, at: 0)
        set.end(lease, .overloaded, at: 0, retryAfter: 3)
        let early = isRefused(&set, at: 2)
        #expect(early && !set.hasOpenDoor(at: 2))
        #expect(set.nextChance(after: 2) == 3)
        _ = try taken(&set, at: 3)
    }

    @Test func `A replica much slower than the others is left aside, and asked now and then`() throws {
        var set = replicas(2)
        let preferred = try taken(&set, at: 0).replica
        func serve(at now: Double) throws -> Int {
            let lease = try taken(&set, at: now)
            set.end(lease, .success, at: now + (lease.replica == preferred ? 2 : 0.1))
            return lease.replica
        }
        // The other one shows how fast it is while the first is passed over.
        for _ in 0..<6 {
            let lease = try taken(&set, excluding: [preferred], at: 1)
            set.end(lease, .success, at: 1.1)
        }
        for _ in 0..<3 { _ = try serve(at: 2) }
        let later = try (0..<20).map { try serve(at: 5 + Double($0)) }
        #expect(later.count { $0 == preferred } <= 3)
        #expect(later.contains(preferred))
    }

    @Test func `The hedge's moment is a percentile of the last calls`() {
        var record = LatencyRecord()
        for value in 1...19 { record.add(Double(value)) }
        #expect(record.quantile(0.95) == nil)
        for value in 20...100 { record.add(Double(value)) }
        #expect(record.quantile(0.95) == 96)
    }

    // MARK: What follows a failed try

    private func decisions(
        _ kinds: [RemoteFailure.Kind], replicas: Int, retryAfter: Double? = nil, hasBudget: Bool = true
    ) -> [CallAttempts.Decision] {
        var attempts = CallAttempts(RetryPolicy(), replicaCount: replicas)
        return kinds.enumerated().map { index, kind in
            attempts.next(
                after: RemoteFailure(kind, "x", retryAfter: retryAfter), of: index % replicas, uniform: 1,
                takeBudget: { hasBudget })
        }
    }

    @Test func `Another replica is tried at once, the same one after a pause`() {
        #expect(
            decisions([.serverError, .timeout, .timeout], replicas: 1) == [
                .retry(after: 0.25), .retry(after: 0.5), .giveUp,
            ])
        #expect(
            decisions([.serverError, .timeout, .timeout], replicas: 2) == [
                .retry(after: 0), .retry(after: 0.5), .giveUp,
            ])
        // A full queue asks for time, everywhere; how much counts where there is no other replica.
        #expect(decisions([.overloaded], replicas: 2, retryAfter: 3) == [.retry(after: 0.25)])
        #expect(decisions([.overloaded], replicas: 1, retryAfter: 3) == [.retry(after: 3)])
    }

    @Test func `Without budget only a failover is left, and what cannot be repaired is given up`() {
        #expect(decisions([.serverError], replicas: 2, hasBudget: false) == [.giveUp])
        #expect(decisions([.connection], replicas: 2, hasBudget: false) == [.retry(after: 0)])
        #expect(decisions([.connection], replicas: 1, hasBudget: false) == [.giveUp])
        for kind in [RemoteFailure.Kind.rejected, .contextOverflow, .unauthorized] {
            #expect(decisions([kind], replicas: 3) == [.giveUp])
        }
    }

    @Test func `Replicas that failed are avoided until all have`() {
        var attempts = CallAttempts(RetryPolicy(), replicaCount: 2)
        var seen: [Set<Int>] = []
        for replica in [1, 0] {
            _ = attempts.next(
                after: RemoteFailure(.serverError, "x"), of: replica, uniform: 0, takeBudget: { true })
            seen.append(attempts.excluded)
        }
        #expect(seen == [[1], [0]])
    }

    // MARK: Waiting calls

    private func call(_ key: UInt64 = 1) -> CallQueue.Call { CallQueue.Call(key: key, weight: 1) }

    private func lease(_ admission: CallQueue.Admission) throws -> ReplicaSet.Lease {
        guard case .granted(let lease) = admission else {
            Issue.record("no place: \(admission)")
            throw CancellationError()
        }
        return lease
    }

    @Test func `Calls get places in the order of their asking`() throws {
        var queue = CallQueue(replicas(1, slots: 1))
        let first = try lease(queue.admit(call(), at: 0))
        let second = queue.admit(call(), at: 0)
        #expect(second == .full)
        let woken = [7, 8].map { queue.enqueue(call(), as: $0, at: 0) }
        #expect(woken == [[], []])
        let end = queue.end(first, .success, at: 1)
        #expect(end.wakeups.map(\.waiter) == [7] && !end.opened)
        let next = try #require(end.wakeups[0].lease)
        // Who asks now comes after those who wait, also where there is room.
        let (removed, again) = (queue.remove(8), queue.remove(8))
        #expect(removed && !again)
        let last = queue.end(next, .success, at: 2).wakeups
        #expect(last == [])
        _ = try lease(queue.admit(call(), at: 2))
    }

    @Test func `Where no replica may be asked, all waiters are woken without a place`() throws {
        var queue = CallQueue(replicas(1, slots: 1))
        for _ in 0..<4 {
            let lease = try lease(queue.admit(call(), at: 0))
            _ = queue.end(lease, .failure, at: 0)
        }
        let last = try lease(queue.admit(call(), at: 0))
        for waiter in [1, 2] { _ = queue.enqueue(call(), as: waiter, at: 0) }
        let end = queue.end(last, .failure, at: 0)
        #expect(end.opened)
        #expect(end.wakeups.map(\.waiter) == [1, 2] && end.wakeups.allSatisfy { $0.lease == nil })
        let closed = queue.admit(call(), at: 1)
        #expect(closed == .closed(until: 5))
    }

    @Test func `A second request goes to another replica, and never before a waiting call`() throws {
        var queue = CallQueue(replicas(2, slots: 1))
        let first = try lease(queue.admit(call(), at: 0))
        let hedge = queue.admitHedge(of: first, key: 1, at: 0)
        let second = try #require(hedge)
        #expect(second.replica != first.replica)
        _ = queue.enqueue(call(), as: 1, at: 0)
        _ = queue.enqueue(call(), as: 2, at: 0)
        let woken = queue.end(second, .cancelled, at: 0).wakeups
        #expect(woken.map(\.waiter) == [1])
        let refused = queue.admitHedge(of: first, key: 1, at: 0)
        #expect(refused == nil)
    }

    @Test func `Hedges wait for the 95th percentile, and keep to their share`() {
        var rule = HedgeRule(share: 0.05, soonest: 0.2)
        for _ in 0..<19 { rule.answered(after: 0.5) }
        #expect(rule.delay == nil)
        for _ in 0..<40 { rule.answered(after: 0.5) }
        #expect(rule.delay == 0.5)
        for _ in 0..<40 { rule.countCall(at: 1) }
        let taken = (0..<10).map { _ in rule.take(at: 1) }
        #expect(taken.count { $0 } == 2)
        var fast = HedgeRule(share: 0.05, soonest: 0.2)
        for _ in 0..<40 { fast.answered(after: 0.01) }
        #expect(fast.delay == 0.2)
        var off = HedgeRule(share: 0, soonest: 0.2)
        for _ in 0..<40 { off.answered(after: 0.5) }
        #expect(off.delay == nil)
    }
}
