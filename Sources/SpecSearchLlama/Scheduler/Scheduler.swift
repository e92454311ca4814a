import SpecSearch

/// Decides which sequences run, and forms the decode steps of one engine from whatever is ready (continuous batching, as
/// in Orca: Yu and others, OSDI 2022): all calls that wait for a model are in its next forward pass, whichever search
/// they serve; between two passes the finished leave and new ones join.
///
/// ```swift
/// let request = scheduler.makeRequest(on: [runner], demands: demands, cancellation: nil)
/// defer { scheduler.leave(request) }
/// for sequence in try await scheduler.schedule(request) { … }    // insert and lock its path
/// try await scheduler.step(nodes, on: runner, for: request)      // its logits are there now
/// scheduler.finish(sequence, of: request)                        // unlock it before
/// ```
/// - Admission: a waiting sequence starts when a sequence id and the slots of its path are free, the oldest request's
///   first; one that is alone on a model always starts.
/// - Preemption: sequences grow. Where a KV cache turns out too small for all that run, the youngest request gives up its
///   youngest sequences, which begin again when others have finished. Random numbers are counter-based, so they come out
///   the same. Only a single sequence that does not fit is an error.
/// - Of several models that are waited for, the one that has had the least time is next, so cheap passes do not wait for
///   expensive ones, and nobody starves.
/// - A cancelled call leaves before the next pass.
/// - A call that has the models to itself runs its passes itself: nothing is handed over between tasks.
///
/// Not `Sendable`: it belongs to the engine's queue.
package final class Scheduler {
    /// Thrown to a request that is to give up sequences: see ``preempt(_:)``.
    package struct Preemption: Error {}

    /// A request that waits for what follows some nodes.
    private struct Waiter {
        let request: Request
        let runner: ModelRunner
        let nodes: [RadixCache.NodeID]
        let outputs: ModelRunner.Outputs
        let continuation: CheckedContinuation<Void, any Error>
    }

    private var waiters: [Waiter] = []
    /// All requests, oldest first.
    private var requests: [Request] = []
    /// Those without a running sequence, oldest first.
    private var waitingForRoom: [(request: Request, continuation: CheckedContinuation<Void, any Error>)] = []
    private var count = 0
    private var virtualTime = 0.0
    /// How many sequences were preempted so far.
    package private(set) var preemptions = 0
    private let othersAreReady: (() -> Bool)?

    /// - Parameter othersAreReady: Whether other calls have something to do before the next pass, where ``runNext()`` is
    ///   called whenever none has; nil where it never is, and each request's passes are its own.
    package init(othersAreReady: (() -> Bool)? = nil) { self.othersAreReady = othersAreReady }

    /// A request for one call, whose sequences all wait; end it with ``leave(_:)``.
    package func makeRequest(
        on runners: [ModelRunner], demands: [Request.Demand], cancellation: Request.Cancellation?
    ) -> Request {
        count += 1
        let request = Request(order: count, runners: runners, demands: demands, cancellation: cancellation)
        requests.append(request)
        request.takeOver()
        return request
    }

    // MARK: Admission

    /// Admits waiting sequences of a request as far as there is room; waits for it where the request has nothing running.
    ///
    /// - Returns: The sequences that are to start, in order.
    /// - Throws: `CancellationError`.
    package func schedule(_ request: Request) async throws -> [Int] {
        if request.waiting.isEmpty { return [] }
        var started: [Int] = []
        while true {
            try Task.checkCancellation()
            while hasRoom(for: request), let sequence = request.start() { started.append(sequence) }
            if !started.isEmpty || !request.running.isEmpty || request.waiting.isEmpty { break }
            try await withCheckedThrowingContinuation { continuation in
                let place = waitingForRoom.firstIndex { $0.request.order > request.order } ?? waitingForRoom.endIndex
                waitingForRoom.insert((request, continuation), at: place)
            }
        }
        request.takeOver()
        // Whoever waited for this request to be served.
        if request.waiting.isEmpty { wake() }
        return started
    }

    /// Whether the request's next waiting sequence may start.
    private func hasRoom(for request: Request) -> Bool {
        guard let demand = request.nextDemand else { return false }
        for runner in request.runners where runner.load.sequences > 0 {
            guard runner.load.sequences < runner.cache.sequenceCapacity - 1,
                runner.load.slots + demand <= runner.cache.slotCapacity, runner.load.admissionsLeft ?? 1 > 0
            else { return false }
        }
        if requests.count == 1 { return true }
        return !requests.contains { other in
            other.order < request.order && !other.waiting.isEmpty
                && other.runners.contains { runner in request.runners.contains { $0 === runner } }
        }
    }

    /// Notes that a sequence is at its end and unlocked.
    package func finish(_ sequence: Int, of request: Request) {
        request.stop(sequence)
        makeRoom(request.runners, admissions: 2)
        wake()
    }

    /// Gives up a request's youngest sequences, which wait again from now on.
    ///
    /// - Returns: The sequences, which the caller is to unlock and to begin again when they are scheduled.
    package func preempt(_ request: Request) -> [Int] {
        var victims: [Int] = []
        for _ in 0..<max(1, request.running.count / 8) {
            if let victim = request.preemptYoungest() { victims.append(victim) }
        }
        preemptions += victims.count
        for runner in request.runners { runner.load.admissionsLeft = 0 }
        makeRoom(request.runners, admissions: 0)
        return victims
    }

    /// Ends a request; everything of it is unlocked.
    package func leave(_ request: Request) {
        while let last = request.running.last { request.stop(last.sequence) }
        requests.removeAll { $0 === request }
        makeRoom(request.runners, admissions: 2)
        for runner in request.runners { runner.carryOutActions() }
        wake()
    }

    /// After a preemption two are admitted for one that left, so that what had to wait is taken in again bit by bit.
    private func makeRoom(_ runners: [ModelRunner], admissions: Int) {
        for runner in runners {
            if runner.load.sequences == 0 {
                runner.load.admissionsLeft = nil
            } else if let left = runner.load.admissionsLeft {
                runner.load.admissionsLeft = left + admissions
            }
        }
    }

    /// Wakes those requests that may start something now.
    private func wake() {
        if waitingForRoom.isEmpty { return }
        let ready = waitingForRoom.filter { hasRoom(for: $0.request) }
        waitingForRoom.removeAll { hasRoom(for: $0.request) }
        for entry in ready { entry.continuation.resume() }
    }

    // MARK: Decode steps

    /// Waits until the outputs of all these nodes are there; they are until the request waits again.
    ///
    /// - Throws: ``Preemption``, ``SpecSearchError``, or `CancellationError`.
    package func step(
        _ nodes: [RadixCache.NodeID], _ outputs: ModelRunner.Outputs = .logits, on runner: ModelRunner,
        for request: Request
    ) async throws {
        try Task.checkCancellation()
        if runner.has(outputs, of: nodes) { return }
        runner.advanceClock()
        while !isShared {
            for node in nodes { runner.want(node, outputs, for: Int32(truncatingIfNeeded: request.order)) }
            do throws(SpecSearchError) {
                guard let pass = try runner.step() else { return }
                charge(pass, on: runner, to: [request])
            } catch {
                guard error.code == .cacheOverflow, request.running.count > 1 else { throw error }
                throw Preemption()
            }
            try Task.checkCancellation()
        }
        if !waiters.contains(where: { $0.runner === runner }) {
            // Time that passed without anybody waiting is not saved up.
            runner.load.virtualTime = max(runner.load.virtualTime, virtualTime)
        }
        try await withCheckedThrowingContinuation { continuation in
            waiters.append(
                Waiter(request: request, runner: runner, nodes: nodes, outputs: outputs, continuation: continuation))
        }
        request.takeOver()
    }

    /// Whether somebody else may want to be in the next pass.
    private var isShared: Bool {
        guard let othersAreReady else { return false }
        return requests.count > 1 || othersAreReady()
    }

    /// Runs one forward pass, or tells requests what has become of them.
    ///
    /// - Returns: Whether there was anything to do.
    package func runNext() -> Bool {
        if waiters.isEmpty { return false }
        if endCancelled() { return true }
        guard let runner = waiters.min(by: { $0.runner.load.virtualTime < $1.runner.load.virtualTime })?.runner else {
            return false
        }
        do {
            runner.advanceClock()
            for waiter in waiters where waiter.runner === runner {
                for node in waiter.nodes {
                    runner.want(node, waiter.outputs, for: Int32(truncatingIfNeeded: waiter.request.order))
                }
            }
            if let pass = try runner.step() {
                charge(pass, on: runner, to: requests)
                runner.load.virtualTime += pass.seconds
                virtualTime = runner.load.virtualTime
            }
            resume { $0.runner === runner && runner.has($0.outputs, of: $0.nodes) ? .success(()) : nil }
        } catch {
            if error.code == .cacheOverflow, let victim = victim(on: runner) {
                resume { $0.request === victim ? .failure(Preemption()) : nil }
            } else {
                resume { $0.runner === runner ? .failure(error) : nil }
            }
        }
        return true
    }

    private func charge(_ pass: ModelRunner.Pass, on runner: ModelRunner, to requests: [Request]) {
        for (owner, tokens) in pass.owners {
            requests.first { Int32(truncatingIfNeeded: $0.order) == owner }?.charge(tokens, of: pass, on: runner)
        }
    }

    /// The youngest request with a running sequence, unless that is the only sequence.
    private func victim(on runner: ModelRunner) -> Request? {
        guard runner.load.sequences > 1 else { return nil }
        return requests.last { request in
            !request.running.isEmpty && request.runners.contains { $0 === runner }
                && waiters.contains { $0.request === request }
        }
    }

    private func endCancelled() -> Bool {
        let before = waiters.count + waitingForRoom.count
        resume { $0.request.cancellation?.isCancelled == true ? .failure(CancellationError()) : nil }
        for entry in waitingForRoom where entry.request.cancellation?.isCancelled == true {
            entry.continuation.resume(throwing: CancellationError())
        }
        waitingForRoom.removeAll { $0.request.cancellation?.isCancelled == true }
        return waiters.count + waitingForRoom.count < before
    }

    /// Resumes those waiters for which there is a result.
    private func resume(_ result: (Waiter) -> Result<Void, any Error>?) {
        var left: [Waiter] = []
        for waiter in waiters {
            if let result = result(waiter) {
                waiter.continuation.resume(with: result)
            } else {
                left.append(waiter)
            }
        }
        waiters = left
    }
}
