import SpecSearch

/// Forms the passes through the models of one engine from whatever sequences are ready (continuous batching, as in Orca,
/// Yu and others, OSDI 2022): all calls that wait for logits of a model are in its next pass, whichever search they
/// serve; between two passes the finished leave and new ones join.
///
/// - Of several models that are waited for, the one that has had the least time is next, so cheap passes do not wait for
///   dear ones, and nobody starves.
/// - Where a cache is too small for all groups, the youngest gives way: it frees its branches and begins again when
///   another group has left. Random numbers are counter-based, so it writes the same.
/// - A cancelled call leaves before the next pass.
/// - A call that has the models to itself runs its passes itself: nothing is handed over between tasks.
///
/// Not `Sendable`: it belongs to the engine's queue.
package final class BatchScheduler {
    /// A group that waits for the logits after some nodes.
    private struct Waiter {
        let group: SequenceGroup
        let decoder: PrefixDecoder
        let nodes: [PrefixTree.NodeID]
        let continuation: CheckedContinuation<Void, any Error>
    }

    /// Thrown to a group that is to begin again, when there is room.
    private struct Preemption: Error {}

    private var waiters: [Waiter] = []
    /// The groups that have branches, oldest first.
    private var groups: [SequenceGroup] = []
    private var waitingForRoom: [(group: SequenceGroup, continuation: CheckedContinuation<Void, any Error>)] = []
    private var count = 0
    private var virtualTime = 0.0
    /// How often a group had to give way, so far.
    package private(set) var preemptions = 0
    private let othersAreReady: (() -> Bool)?

    /// - Parameter othersAreReady: Whether other calls have something to do before the next pass, where ``round()`` is
    ///   called whenever none has; nil where it never is, and each group's passes are its own.
    package init(othersAreReady: (() -> Bool)? = nil) { self.othersAreReady = othersAreReady }

    /// A group for one call.
    package func makeGroup(
        on decoders: [PrefixDecoder], cancellation: SequenceGroup.Cancellation?
    ) -> SequenceGroup {
        count += 1
        return SequenceGroup(order: count, decoders: decoders, cancellation: cancellation)
    }

    /// Does a group's work, once more from the beginning whenever it has to give way; `work` frees all its branches
    /// when it ends, however it ends.
    package func perform<Value>(_ group: SequenceGroup, _ work: () async throws -> Value) async throws -> Value {
        var isAdmitted = waitingForRoom.isEmpty
        while true {
            if !isAdmitted { try await room(for: group) }
            groups.insert(group, at: groups.firstIndex { $0.order > group.order } ?? groups.endIndex)
            group.takeOver()
            do {
                let value = try await work()
                leave(group)
                admit()
                return value
            } catch is Preemption {
                leave(group)
                preemptions += 1
                isAdmitted = false
            } catch {
                leave(group)
                admit()
                throw error
            }
        }
    }

    /// Waits until the logits after all these nodes are there; they are until the group waits again.
    ///
    /// - Throws: ``EngineError``, or `CancellationError`.
    package func evaluate(
        _ nodes: [PrefixTree.NodeID], on decoder: PrefixDecoder, for group: SequenceGroup
    ) async throws {
        try Task.checkCancellation()
        if decoder.hasRows(of: nodes) { return }
        decoder.tick()
        while !isShared {
            for node in nodes { decoder.want(node, for: Int32(truncatingIfNeeded: group.order)) }
            guard let pass = try decoder.pass() else { return }
            charge(pass, on: decoder, to: [group])
            try Task.checkCancellation()
        }
        if !waiters.contains(where: { $0.decoder === decoder }) {
            // Time that passed without anybody waiting is not saved up.
            decoder.virtualTime = max(decoder.virtualTime, virtualTime)
        }
        try await withCheckedThrowingContinuation { continuation in
            waiters.append(Waiter(group: group, decoder: decoder, nodes: nodes, continuation: continuation))
        }
        group.takeOver()
    }

    /// Whether somebody else may want to be in the next pass.
    private var isShared: Bool {
        guard let othersAreReady else { return false }
        return groups.count > 1 || !waitingForRoom.isEmpty || othersAreReady()
    }

    /// Runs one pass, or tells groups what has become of them.
    ///
    /// - Returns: Whether there was anything to do.
    package func round() -> Bool {
        if waiters.isEmpty { return false }
        if endCancelled() { return true }
        guard let decoder = waiters.min(by: { $0.decoder.virtualTime < $1.decoder.virtualTime })?.decoder else {
            return false
        }
        do {
            decoder.tick()
            for waiter in waiters where waiter.decoder === decoder {
                for node in waiter.nodes { decoder.want(node, for: Int32(truncatingIfNeeded: waiter.group.order)) }
            }
            if let pass = try decoder.pass() {
                charge(pass, on: decoder, to: groups)
                decoder.virtualTime += pass.seconds
                virtualTime = decoder.virtualTime
            }
            resume { $0.decoder === decoder && decoder.hasRows(of: $0.nodes) ? .success(()) : nil }
        } catch {
            if error.code == .contextOverflow, let victim = victim(on: decoder) {
                resume { $0.group === victim ? .failure(Preemption()) : nil }
            } else {
                resume { $0.decoder === decoder ? .failure(error) : nil }
            }
        }
        return true
    }

    private func charge(_ pass: PrefixDecoder.Pass, on decoder: PrefixDecoder, to groups: [SequenceGroup]) {
        for (owner, tokens) in pass.owners {
            groups.first { Int32(truncatingIfNeeded: $0.order) == owner }?.charge(tokens, of: pass, on: decoder)
        }
    }

    /// Who gives way: the youngest, unless it is alone.
    private func victim(on decoder: PrefixDecoder) -> SequenceGroup? {
        let candidates = groups.filter { group in group.decoders.contains { $0 === decoder } }
        return candidates.count > 1 ? candidates.last : nil
    }

    private func endCancelled() -> Bool {
        let before = waiters.count + waitingForRoom.count
        resume { $0.group.cancellation?.isCancelled == true ? .failure(CancellationError()) : nil }
        for entry in waitingForRoom where entry.group.cancellation?.isCancelled == true {
            entry.continuation.resume(throwing: CancellationError())
        }
        waitingForRoom.removeAll { $0.group.cancellation?.isCancelled == true }
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

    private func room(for group: SequenceGroup) async throws {
        // Nobody else has branches: there is as much room as there will ever be.
        if groups.isEmpty && waitingForRoom.isEmpty { return }
        try await withCheckedThrowingContinuation { continuation in
            let place = waitingForRoom.firstIndex { $0.group.order > group.order } ?? waitingForRoom.endIndex
            waitingForRoom.insert((group, continuation), at: place)
        }
    }

    private func leave(_ group: SequenceGroup) {
        groups.removeAll { $0 === group }
        for decoder in group.decoders { decoder.carryOutActions() }
    }

    private func admit() {
        // Two for one, so that what had to wait is taken in again bit by bit.
        for _ in 0..<min(2, waitingForRoom.count) { waitingForRoom.removeFirst().continuation.resume() }
    }
}
