internal import Synchronization

/// The door of a server: a few searches run and a few more wait, in the order of arrival; the others are refused at once.
package final class Admission: Sendable {
    /// The permission of one search to run, or to wait for it; it ends with its last reference.
    package final class Ticket: Sendable {
        fileprivate let id: Int
        fileprivate let caller: String
        private let admission: Admission
        private let work = Mutex<(task: (@Sendable () -> Void)?, isStopped: Bool)>((nil, false))

        fileprivate init(id: Int, caller: String, admission: Admission) {
            self.id = id
            self.caller = caller
            self.admission = admission
        }

        deinit { admission.leave(id, caller) }

        /// Waits until the search may run.
        ///
        /// - Throws: `CancellationError`, or ``APIError`` when the server stops.
        package func turn() async throws {
            do {
                try await admission.wait(for: id)
            } catch {
                // It is the server that ended the wait.
                throw isStopped ? APIError.stopping : error
            }
            if isStopped { throw APIError.stopping }
        }

        /// Whether the server has stopped the search.
        package var isStopped: Bool { work.withLock { $0.isStopped } }

        /// Says how to stop the search.
        func onStop(_ stop: @escaping @Sendable () -> Void) {
            let isStopped = work.withLock { state in
                state.task = stop
                return state.isStopped
            }
            if isStopped { stop() }
        }

        fileprivate func stop() {
            let task = work.withLock { state in
                state.isStopped = true
                return state.task
            }
            task?()
        }
    }

    private struct Waiter {
        var id: Int
        var continuation: CheckedContinuation<Void, any Error>?
    }

    private struct State {
        var nextID = 0
        var running: Set<Int> = []
        var queue: [Waiter] = []
        var callers: [String: Int] = [:]
        var tickets: [Int: WeakTicket] = [:]
        var isDraining = false
        var isStopped = false
        /// A moving average of how long searches take.
        var seconds = 1.0

        var occupied: Int { running.count + queue.count }
    }

    private struct WeakTicket { weak var ticket: Ticket? }

    private let limits: ServerConfiguration.Limits
    private let state = Mutex(State())

    package init(_ limits: ServerConfiguration.Limits) {
        self.limits = limits
    }

    package var running: Int { state.withLock { $0.running.count } }
    package var queued: Int { state.withLock { $0.queue.count } }
    package var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Takes a place.
    ///
    /// - Throws: ``APIError``: 503 while the server stops, 429 where there is no place.
    package func enter(_ caller: String) throws(APIError) -> Ticket {
        let (id, refusal) = state.withLock { state -> (Int, APIError?) in
            if let refusal = self.refusal(caller, state) { return (0, refusal) }
            state.nextID += 1
            if isFree(state) {
                state.running.insert(state.nextID)
            } else {
                state.queue.append(Waiter(id: state.nextID))
            }
            state.callers[caller, default: 0] += 1
            return (state.nextID, nil)
        }
        if let refusal { throw refusal }
        let ticket = Ticket(id: id, caller: caller, admission: self)
        state.withLock { $0.tickets[id] = WeakTicket(ticket: ticket) }
        return ticket
    }

    /// Refuses a search that would have no place now, before anything is done for it.
    ///
    /// - Throws: As ``enter(_:)``.
    package func check(_ caller: String) throws(APIError) {
        if let refusal = state.withLock({ self.refusal(caller, $0) }) { throw refusal }
    }

    private func isFree(_ state: borrowing State) -> Bool {
        state.running.count < limits.runningSearches && state.queue.isEmpty
    }

    private func refusal(_ caller: String, _ state: borrowing State) -> APIError? {
        if state.isDraining { return .stopping }
        if let most = limits.searchesPerKey, state.callers[caller, default: 0] >= most {
            return .tooMany("This key has \(most) searches already.", after: state.seconds)
        }
        guard isFree(state) || state.queue.count < limits.queuedSearches else {
            let wait = state.seconds * Double(state.occupied) / Double(limits.runningSearches)
            return .tooMany("The server is busy: \(state.occupied) searches run or wait.", after: wait)
        }
        return nil
    }

    /// Notes how long a search took, for `Retry-After`.
    package func note(seconds: Double) {
        state.withLock { $0.seconds = 0.8 * $0.seconds + 0.2 * seconds }
    }

    private func wait(for id: Int) async throws {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let resume = state.withLock { state -> Bool in
                    guard !state.running.contains(id), let place = state.queue.firstIndex(where: { $0.id == id })
                    else { return true }
                    state.queue[place].continuation = continuation
                    return false
                }
                if Task.isCancelled { cancel(id) }
                if resume { continuation.resume() }
            }
        } onCancel: {
            cancel(id)
        }
        try Task.checkCancellation()
    }

    private func cancel(_ id: Int) {
        let continuation = state.withLock { state -> CheckedContinuation<Void, any Error>? in
            guard let place = state.queue.firstIndex(where: { $0.id == id }) else { return nil }
            defer { state.queue[place].continuation = nil }
            return state.queue[place].continuation
        }
        continuation?.resume(throwing: CancellationError())
    }

    private func leave(_ id: Int, _ caller: String) {
        let next = state.withLock { state in
            state.running.remove(id)
            state.queue.removeAll { $0.id == id }
            state.tickets[id] = nil
            let left = state.callers[caller, default: 1] - 1
            state.callers[caller] = left > 0 ? left : nil
            var next: [CheckedContinuation<Void, any Error>] = []
            while state.running.count < limits.runningSearches, !state.queue.isEmpty {
                let waiter = state.queue.removeFirst()
                state.running.insert(waiter.id)
                if let continuation = waiter.continuation { next.append(continuation) }
            }
            return next
        }
        for continuation in next { continuation.resume() }
    }

    // MARK: Stopping

    /// Refuses newcomers from now on.
    package func drain() {
        state.withLock { $0.isDraining = true }
    }

    /// Stops every search.
    package func stopAll() {
        let (tickets, waiters) = state.withLock { state in
            state.isStopped = true
            return (state.tickets.values.compactMap(\.ticket), state.queue.map(\.id))
        }
        for ticket in tickets { ticket.stop() }
        for id in waiters { cancel(id) }
    }

    /// Waits until every search is stopped, for so many seconds at most, or until it is cancelled.
    package func isStopped(within seconds: Double) async {
        let end = ContinuousClock.now + .seconds(seconds)
        while !state.withLock(\.isStopped), .now < end,
            (try? await Task.sleep(for: min(.milliseconds(20), end - .now))) != nil
        {}
    }

    /// Waits until no search runs or waits, or until it is cancelled.
    package func becomesIdle() async {
        while state.withLock({ $0.occupied > 0 }), (try? await Task.sleep(for: .milliseconds(20))) != nil {}
    }
}
