package import Foundation
internal import SpecSearch
internal import Synchronization

/// The replicas of one model, behind one call that survives the failures of any of them.
///
/// ```swift
/// let pool = BackendPool(group)
/// let tokens = try await pool.call(request, key: key, read: { try codec.tokens($0) })
/// ```
/// Deadlines, retries, hedges, breakers and limits are decided by values (`Resilience/`); this class keeps them under one
/// lock and runs the requests. Not to be confused with a connection pool: connections are the transport's.
package final class BackendPool: Sendable {
    package let group: BackendGroup
    package let policy: CallPolicy
    private let transport = HTTPTransport()
    private let headers: [(String, String)]
    private let state: Mutex<State>

    private struct State {
        var queue: CallQueue
        var retries: ExtraBudget
        var hedges: HedgeRule
        var statistics = CallStatistics()
        /// The waiting calls of the queue, by their names there.
        var waiters: [Int: CheckedContinuation<ReplicaSet.Lease?, any Error>] = [:]
        var nextWaiter = 0
    }

    package init(_ group: BackendGroup, policy: CallPolicy = CallPolicy()) {
        self.group = group
        self.policy = policy
        headers = group.apiKey.map { [("Authorization", "Bearer \($0.value)")] } ?? []
        let concurrency = group.concurrency.map { AdaptiveConcurrency(slots: $0) } ?? AdaptiveConcurrency()
        state = Mutex(
            State(
                queue: CallQueue(
                    ReplicaSet(names: group.urls, breaker: policy.breaker, concurrency: concurrency)),
                retries: ExtraBudget(share: policy.retryShare, floor: 10),
                hedges: HedgeRule(
                    share: group.urls.count > 1 ? policy.hedgeShare : 0, soonest: policy.soonestHedge)))
    }

    /// The counts of the calls so far.
    package var statistics: CallStatistics { state.withLock { $0.statistics } }

    /// Sets how many sequences a replica has room for.
    package func setSlots(_ slots: Int, of replica: Int) {
        state.withLock { $0.queue.setConcurrency(AdaptiveConcurrency(slots: slots), of: replica) }
    }

    private static func now() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

    // MARK: Calls

    /// Sends a request to one replica, without retries: for probes.
    ///
    /// - Throws: ``RemoteFailure``, or `CancellationError`.
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
    ///   - tokens: How many tokens may be generated, for the deadline.
    ///   - read: Reads an answer; throws ``RemoteFailure`` where it is not whole.
    /// - Throws: `SpecSearchError` where the call is given up, or `CancellationError`.
    package func call<Value: Sendable>(
        _ request: WireRequest, key: UInt64, weight: Int = 1, tokens: Int = 0,
        read: @escaping @Sendable (Data) throws -> Value
    ) async throws -> Value {
        state.withLock {
            let now = Self.now()
            $0.statistics.calls += 1
            $0.retries.countRequest(at: now)
            $0.hedges.countCall(at: now)
        }
        let exchange = Exchange(request: request, key: key, seconds: policy.deadline(tokens: tokens), read: read)
        var attempts = CallAttempts(policy.retry, replicaCount: group.urls.count)
        while true {
            let lease = try await acquire(
                CallQueue.Call(key: key, weight: weight, excluded: attempts.excluded))
            do {
                return try await hedged(exchange, on: lease)
            } catch let failure as RemoteFailure {
                let decision = attempts.next(
                    after: failure, of: lease.replica, uniform: Double.random(in: 0..<1),
                    takeBudget: { state.withLock { $0.retries.take(at: Self.now()) } })
                switch decision {
                case .giveUp: throw SpecSearchError(failure, from: group.urls[lease.replica])
                case .retry(let pause):
                    state.withLock { $0.statistics.retries += 1 }
                    if pause > 0 { try await Task.sleep(for: Duration(boundedSeconds: pause)) }
                }
            }
        }
    }

    /// A request, and how its answer is read.
    private struct Exchange<Value: Sendable>: Sendable {
        let request: WireRequest
        let key: UInt64
        /// The deadline of one try.
        let seconds: Double
        let read: @Sendable (Data) throws -> Value
    }

    /// Runs a request, and asks another replica too if the answer is late.
    private func hedged<Value: Sendable>(
        _ exchange: Exchange<Value>, on lease: ReplicaSet.Lease
    ) async throws -> Value {
        guard let delay = state.withLock(\.hedges.delay) else { return try await attempt(exchange, on: lease) }
        let second = SecondRequest()
        return try await withThrowingTaskGroup(of: Result<Value, any Error>?.self) { tasks in
            tasks.addTask { await Self.result { try await self.attempt(exchange, on: lease) } }
            tasks.addTask {
                guard (try? await Task.sleep(for: Duration(boundedSeconds: delay))) != nil,
                    let other = self.takeHedge(of: lease, key: exchange.key)
                else { return nil }
                second.isSent.store(true, ordering: .sequentiallyConsistent)
                return await Self.result {
                    let value = try await self.attempt(exchange, on: other)
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

    private func takeHedge(of lease: ReplicaSet.Lease, key: UInt64) -> ReplicaSet.Lease? {
        let now = Self.now()
        return state.withLock { state in
            guard let second = state.queue.admitHedge(of: lease, key: key, at: now) else { return nil }
            guard state.hedges.take(at: now) else {
                // Nobody waits, or the hedge would not have been admitted: nobody is to be woken.
                _ = state.queue.end(second, .cancelled, at: now)
                return nil
            }
            state.statistics.hedges += 1
            return second
        }
    }

    private func attempt<Value: Sendable>(
        _ exchange: Exchange<Value>, on lease: ReplicaSet.Lease
    ) async throws -> Value {
        state.withLock { $0.statistics.requests += 1 }
        let begin = Self.now()
        do {
            let data = try await transport.send(
                exchange.request, to: group.urls[lease.replica],
                headers: headers + [(group.routingHeader, String(exchange.key, radix: 16))], secret: group.apiKey,
                seconds: exchange.seconds, limit: policy.largestAnswer)
            let value = try exchange.read(data)
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

    private func acquire(_ call: CallQueue.Call) async throws -> ReplicaSet.Lease {
        var closedSince: Double?
        while true {
            try Task.checkCancellation()
            let now = Self.now()
            switch state.withLock({ $0.queue.admit(call, at: now) }) {
            case .granted(let lease): return lease
            case .full:
                if let lease = try await wait(call) { return lease }
            case .closed(let until):
                let since = closedSince ?? now
                closedSince = since
                guard now - since < policy.patience else {
                    throw SpecSearchError(
                        .unavailable,
                        "None of \(group.urls.joined(separator: ", ")) answered for \(Int(rounding: policy.patience, in: 0...Int.max)) s.",
                        remedy: "Check that the servers run; `specsearch doctor` asks each of them.")
                }
                let pause = min(max(until - now, 0.005), since + policy.patience - now + 0.005)
                try await Task.sleep(for: Duration(boundedSeconds: pause))
            }
        }
    }

    private func release(
        _ lease: ReplicaSet.Lease, _ outcome: ReplicaSet.Outcome, seconds: Double? = nil, failure: RemoteFailure? = nil
    ) {
        let now = Self.now()
        wake { state in
            let (opened, wakeups) = state.queue.end(
                lease, outcome, at: now, retryAfter: failure?.retryAfter.map { min($0, policy.retry.longestRetryAfter) }
            )
            if opened { state.statistics.breakerOpenings += 1 }
            if let failure { state.statistics.failures[failure.kind.rawValue, default: 0] += 1 }
            if let seconds { state.hedges.answered(after: seconds) }
            return wakeups
        }
    }

    /// Waits for a place; nil where no replica may be asked any more.
    private func wait(_ call: CallQueue.Call) async throws -> ReplicaSet.Lease? {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let now = Self.now()
                wake { state in
                    state.waiters[id] = continuation
                    return state.queue.enqueue(call, as: id, at: now)
                }
                if Task.isCancelled { giveUp(id) }
            }
        } onCancel: {
            giveUp(id)
        }
    }

    /// Changes the queue, and resumes whom it wakes outside of the lock.
    private func wake(_ change: (inout sending State) -> [CallQueue.Wakeup]) {
        let woken = state.withLock { state in
            change(&state).map { (state.waiters.removeValue(forKey: $0.waiter), $0.lease) }
        }
        for (continuation, lease) in woken { continuation?.resume(returning: lease) }
    }

    private func giveUp(_ id: Int) {
        let continuation = state.withLock { state in
            state.queue.remove(id) ? state.waiters.removeValue(forKey: id) : nil
        }
        continuation?.resume(throwing: CancellationError())
    }
}

/// Whether another replica was asked, too.
private final class SecondRequest: Sendable {
    let isSent = Atomic(false)
}
