package import Foundation
internal import SpecSearch
internal import Synchronization

/// The replicas of one model, behind one call that survives the failures of any of them.
///
/// Deadlines, retries, hedges, breakers and limits are decided by values (`Resilience/`); this class keeps them under one
/// lock and runs the requests. Not to be confused with a connection pool: connections are the transport's.
package final class BackendPool: Sendable {
    package let group: BackendGroup
    package let policy: CallPolicy
    private let transport = HTTPTransport()
    private let headers: [(String, String)]
    private let state: Mutex<State>

    private struct Waiter {
        var id: Int
        var key: UInt64
        var weight: Int
        var excluded: Set<Int>
        var continuation: CheckedContinuation<ReplicaSet.Lease?, any Error>
    }

    private struct State {
        var replicas: ReplicaSet
        var retries: ExtraBudget
        var hedges: ExtraBudget
        var latencies = LatencyRecord()
        /// The 95th percentile, brought up to date every few calls.
        var hedgeDelay: Double?
        var waiters: [Waiter] = []
        var nextWaiter = 0
        var statistics = CallStatistics()
    }

    package init(_ group: BackendGroup, policy: CallPolicy = CallPolicy()) {
        self.group = group
        self.policy = policy
        headers = group.apiKey.map { [("Authorization", "Bearer \($0.value)")] } ?? []
        let concurrency = group.concurrency.map { AdaptiveConcurrency(slots: $0) } ?? AdaptiveConcurrency()
        state = Mutex(
            State(
                replicas: ReplicaSet(names: group.urls, breaker: policy.breaker, concurrency: concurrency),
                retries: ExtraBudget(share: policy.retryShare, floor: 10),
                hedges: ExtraBudget(share: policy.hedgeShare, floor: policy.hedgeShare > 0 ? 1 : 0)))
    }

    /// What the calls came to so far.
    package var statistics: CallStatistics { state.withLock { $0.statistics } }

    /// The replicas, for tests and reports.
    package var replicas: ReplicaSet { state.withLock { $0.replicas } }

    /// Sets how many sequences a replica has room for.
    package func setSlots(_ slots: Int, of replica: Int) {
        state.withLock { $0.replicas.setConcurrency(AdaptiveConcurrency(slots: slots), of: replica) }
    }

    private static func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

    // MARK: Calls

    /// Sends a request to one replica, without retries: for probes.
    package func send(_ request: WireRequest, toReplica index: Int, seconds: Double) async throws -> Data {
        try await transport.send(
            request, to: group.urls[index], headers: headers, secret: group.apiKey, seconds: seconds,
            limit: policy.largestAnswer)
    }

    /// Sends a request to a replica of the call's choice until an answer can be read.
    ///
    /// - Parameters:
    ///   - key: The search's routing key.
    ///   - weight: The places that the call takes.
    ///   - tokens: How many tokens may be written, for the deadline.
    ///   - read: Reads an answer; throws ``RemoteFailure`` where it is not whole.
    /// - Throws: ``RemoteFailure`` as it came for what no retry can mend; ``EngineError``; `CancellationError`.
    package func call<Value: Sendable>(
        _ request: WireRequest, key: UInt64, weight: Int = 1, tokens: Int = 0,
        read: @escaping @Sendable (Data) throws -> Value
    ) async throws -> Value {
        state.withLock {
            $0.statistics.calls += 1
            $0.retries.countRequest(at: Self.now())
            $0.hedges.countRequest(at: Self.now())
        }
        let seconds = policy.deadline(tokens: tokens)
        var excluded: Set<Int> = []
        var attempt = 1
        while true {
            let lease = try await acquire(key: key, weight: weight, excluding: excluded)
            do {
                return try await hedged(lease, request, key: key, seconds: seconds, read: read)
            } catch let failure as RemoteFailure {
                guard failure.isRetryable else {
                    if failure.kind == .contextOverflow { throw failure }
                    throw failure.engineError(server: group.urls[lease.replica])
                }
                let now = Self.now()
                // The budget keeps retries from burying a struggling server. Moving to another replica because this
                // one is gone buries nobody, and has to work for everything that was under way.
                let isFailover = failure.kind == .connection && group.urls.count > 1
                let mayRetry =
                    attempt < policy.retry.attempts && (isFailover || state.withLock { $0.retries.take(at: now) })
                guard mayRetry else { throw failure.engineError(server: group.urls[lease.replica]) }
                state.withLock { $0.statistics.retries += 1 }
                excluded.insert(lease.replica)
                if excluded.count == group.urls.count { excluded = [lease.replica] }
                // Another replica is asked at once; the same one after a pause.
                if group.urls.count == 1 || attempt > 1 || failure.kind == .overloaded {
                    let pause = policy.retry.pause(
                        after: attempt, uniform: Double.random(in: 0..<1),
                        retryAfter: group.urls.count == 1 ? failure.retryAfter : nil)
                    try await Task.sleep(for: .seconds(pause))
                }
                attempt += 1
            }
        }
    }

    /// Runs a request, and asks another replica too if the answer is late.
    private func hedged<Value: Sendable>(
        _ lease: ReplicaSet.Lease, _ request: WireRequest, key: UInt64, seconds: Double,
        read: @escaping @Sendable (Data) throws -> Value
    ) async throws -> Value {
        let delay = group.urls.count > 1 && policy.hedgeShare > 0 ? state.withLock(\.hedgeDelay) : nil
        guard let delay else { return try await attempt(lease, request, seconds: seconds, key: key, read: read) }
        let second = SecondRequest()
        return try await withThrowingTaskGroup(of: Result<Value, any Error>?.self) { tasks in
            tasks.addTask {
                await Self.result { try await self.attempt(lease, request, seconds: seconds, key: key, read: read) }
            }
            tasks.addTask {
                guard (try? await Task.sleep(for: .seconds(delay))) != nil, let place = self.takeHedge(lease, key: key)
                else { return nil }
                second.isSent.store(true, ordering: .sequentiallyConsistent)
                return await Self.result {
                    let value = try await self.attempt(place, request, seconds: seconds, key: key, read: read)
                    self.state.withLock { $0.statistics.hedgesWon += 1 }
                    return value
                }
            }
            defer { tasks.cancelAll() }
            var failure: (any Error)?
            while let outcome = try await tasks.next() {
                switch outcome {
                case .success(let value)?: return value
                case .failure(let error)?:
                    failure = failure ?? error
                    // With a second request under way there is still hope; a first that failed early is tried again.
                    guard second.isSent.load(ordering: .sequentiallyConsistent),
                        (error as? RemoteFailure)?.isRetryable == true
                    else { throw error }
                case nil: continue
                }
            }
            throw failure ?? CancellationError()
        }
    }

    private static func result<Value: Sendable>(_ work: () async throws -> Value) async -> Result<Value, any Error> {
        do { return .success(try await work()) } catch { return .failure(error) }
    }

    private func takeHedge(_ lease: ReplicaSet.Lease, key: UInt64) -> ReplicaSet.Lease? {
        let now = Self.now()
        return state.withLock { state in
            guard state.waiters.isEmpty,
                let second = state.replicas.take(
                    key: key, weight: lease.weight, excluding: [lease.replica], onlyOthers: true, at: now)
            else { return nil }
            guard state.hedges.take(at: now) else {
                state.replicas.end(second, .cancelled, at: now)
                return nil
            }
            state.statistics.hedges += 1
            return second
        }
    }

    private func attempt<Value: Sendable>(
        _ lease: ReplicaSet.Lease, _ request: WireRequest, seconds: Double, key: UInt64,
        read: @Sendable (Data) throws -> Value
    ) async throws -> Value {
        state.withLock { $0.statistics.requests += 1 }
        let begin = Self.now()
        do {
            let data = try await transport.send(
                request, to: group.urls[lease.replica],
                headers: headers + [(group.routingHeader, String(key, radix: 16))], secret: group.apiKey,
                seconds: seconds, limit: policy.largestAnswer)
            let value = try read(data)
            release(lease, .success, seconds: Self.now() - begin)
            return value
        } catch let failure as RemoteFailure {
            let failure = failure.hiding(group.apiKey)
            let outcome: ReplicaSet.Outcome =
                failure.kind == .overloaded ? .overloaded : failure.indictsServer ? .failure : .refused
            release(lease, outcome, failure: failure)
            throw failure
        } catch {
            release(lease, .cancelled)
            throw error
        }
    }

    // MARK: Places

    private func release(
        _ lease: ReplicaSet.Lease, _ outcome: ReplicaSet.Outcome, seconds: Double? = nil, failure: RemoteFailure? = nil
    ) {
        let now = Self.now()
        let woken = state.withLock { state -> [(Waiter, ReplicaSet.Lease?)] in
            let opened = state.replicas.end(
                lease, outcome, at: now, wasLimited: !state.waiters.isEmpty,
                retryAfter: failure?.retryAfter.map { min($0, policy.retry.longestRetryAfter) })
            if opened { state.statistics.breakerOpenings += 1 }
            if let failure { state.statistics.failures[failure.kind.rawValue, default: 0] += 1 }
            if let seconds {
                state.latencies.add(seconds)
                if state.statistics.requests % 16 == 0 || state.hedgeDelay == nil {
                    state.hedgeDelay = state.latencies.quantile(0.95).map { max(policy.soonestHedge, $0) }
                }
            }
            return Self.wake(&state, at: now)
        }
        for (waiter, lease) in woken { waiter.continuation.resume(returning: lease) }
    }

    /// The first waiters for whom there is room; all of them, empty-handed, where no replica may be asked.
    private static func wake(_ state: inout State, at now: Double) -> [(Waiter, ReplicaSet.Lease?)] {
        var woken: [(Waiter, ReplicaSet.Lease?)] = []
        while let first = state.waiters.first {
            if let lease = state.replicas.take(
                key: first.key, weight: first.weight, excluding: first.excluded, at: now)
            {
                woken.append((state.waiters.removeFirst(), lease))
            } else if !state.replicas.hasOpenDoor(at: now) {
                woken.append((state.waiters.removeFirst(), nil))
            } else {
                break
            }
        }
        return woken
    }

    private enum Place {
        case taken(ReplicaSet.Lease)
        case shut(until: Double)
        case full
    }

    private func acquire(key: UInt64, weight: Int, excluding: Set<Int>) async throws -> ReplicaSet.Lease {
        var shutSince: Double?
        while true {
            try Task.checkCancellation()
            let now = Self.now()
            let place = state.withLock { state -> Place in
                if state.waiters.isEmpty,
                    let lease = state.replicas.take(key: key, weight: weight, excluding: excluding, at: now)
                {
                    return .taken(lease)
                }
                return state.replicas.hasOpenDoor(at: now)
                    ? .full : .shut(until: state.replicas.nextChance(after: now))
            }
            switch place {
            case .taken(let lease): return lease
            case .shut(let until):
                let since = shutSince ?? now
                shutSince = since
                guard now - since < policy.patience else {
                    throw EngineError(
                        .unavailable,
                        "None of \(group.urls.joined(separator: ", ")) answered for \(Int(policy.patience)) s.",
                        remedy: "Check that the servers run; `specsearch doctor` asks each of them.")
                }
                try await Task.sleep(for: .seconds(min(max(until - now, 0.005), since + policy.patience - now + 0.005)))
            case .full:
                if let lease = try await wait(key: key, weight: weight, excluding: excluding) { return lease }
            }
        }
    }

    private func wait(key: UInt64, weight: Int, excluding: Set<Int>) async throws -> ReplicaSet.Lease? {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let now = Self.now()
                let woken = state.withLock { state -> [(Waiter, ReplicaSet.Lease?)] in
                    state.waiters.append(
                        Waiter(id: id, key: key, weight: weight, excluded: excluding, continuation: continuation))
                    // Room may have come in between, or nothing may be under way that would wake this one.
                    return Self.wake(&state, at: now)
                }
                for (waiter, lease) in woken { waiter.continuation.resume(returning: lease) }
                if Task.isCancelled { giveUp(id) }
            }
        } onCancel: {
            giveUp(id)
        }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(throwing: CancellationError())
    }
}

/// Whether another replica was asked, too.
private final class SecondRequest: Sendable {
    let isSent = Atomic(false)
}
