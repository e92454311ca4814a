package import SpecSearch

/// The one primitive of the engine: "evaluate a set of token paths, and keep the logits after those that I name".
///
/// Equal prefixes of all paths, now and earlier, are evaluated once, as long as they are cached. Not `Sendable`: it
/// belongs to the engine's queue.
package final class PrefixDecoder {
    /// The context that evaluates.
    package let context: LlamaContext
    /// What is cached.
    package var tree: PrefixTree
    /// Tokens evaluated so far, repetitions included.
    package private(set) var evaluatedCount = 0
    /// Of those, tokens evaluated again because their logits were no longer kept.
    package private(set) var repeatedCount = 0
    /// Whether a pass failed, so that the cache must be ``reset()`` before anything else.
    package private(set) var isLost = false
    private let rows: RowStore
    private var isWanted: [Bool] = []
    private var repetitions: [PrefixTree.NodeID] = []

    /// A decoder that keeps up to `rowBytes` bytes of logits.
    package init(context: LlamaContext, rowBytes: Int = 64 << 20) {
        self.context = context
        tree = PrefixTree(cells: context.cellCapacity, sequences: context.sequenceCapacity)
        rows = RowStore(
            rowLength: context.rowLength, softCapacity: rowBytes / (4 * max(1, context.rowLength)))
    }

    /// Begins a round: rows that were used before it may go.
    package func tick() {
        tree.tick()
        rows.tick()
    }

    /// Asks that the node's logits be there after the next ``evaluate(checkCancellation:)``.
    ///
    /// The root has none.
    package func want(_ node: PrefixTree.NodeID) {
        forgetRemoved()
        if rows.row(of: node) != nil { return }
        if tree.isCached(node) {
            if !repetitions.contains(node) { repetitions.append(node) }
            return
        }
        markWanted(node)
    }

    /// The logits after the node, ``LlamaContext/vocabularyCount`` of them, valid until the next round.
    ///
    /// - Throws: ``EngineError`` `computeFailed` if they were not asked for.
    package func row(of node: PrefixTree.NodeID) throws(EngineError) -> UnsafePointer<Float> {
        guard let row = rows.row(of: node) else {
            throw EngineError(.computeFailed, "The logits of a token were not kept.", remedy: "")
        }
        return row
    }

    /// Evaluates everything pending, in as few passes as the batch size allows.
    ///
    /// - Throws: ``EngineError`` or `CancellationError` between two passes. After a failed pass the cache is empty.
    package func evaluate() throws {
        while tree.pendingCount > 0 || !repetitions.isEmpty {
            try Task.checkCancellation()
            if let batch = try tree.stage(limit: context.batchCapacity) {
                try pass(batch)
            } else {
                let chosen = Array(repetitions.prefix(context.batchCapacity))
                repetitions.removeFirst(chosen.count)
                let batch = try tree.stageRepetition(of: chosen)
                for node in chosen { markWanted(node) }
                try pass(batch)
                tree.finishRepetition(batch)
                repeatedCount += chosen.count
            }
        }
        carryOutActions()
    }

    /// Carries out what the tree decided, such as evictions, without evaluating.
    package func carryOutActions() {
        for action in tree.takeActions() { context.apply(action) }
        forgetRemoved()
    }

    /// Ends a call that failed or was cancelled: forgets what was asked for.
    ///
    /// Unpin what you pinned, too.
    package func abandon() {
        repetitions = []
        for index in isWanted.indices { isWanted[index] = false }
        carryOutActions()
    }

    /// Forgets everything.
    ///
    /// Nothing may be pinned.
    package func reset() {
        tree.reset()
        rows.removeAll()
        isWanted = []
        repetitions = []
        isLost = false
        context.clear()
    }

    private func markWanted(_ node: PrefixTree.NodeID) {
        if isWanted.count <= Int(node) {
            isWanted.append(contentsOf: repeatElement(false, count: Int(node) + 64 - isWanted.count))
        }
        isWanted[Int(node)] = true
    }

    private func pass(_ batch: PrefixTree.Batch) throws {
        carryOutActions()
        do {
            try context.decode(batch) { wants(batch.nodes[$0]) }
            for (index, node) in batch.nodes.enumerated() where wants(node) {
                rows.store(try context.logits(at: index), for: node)
                isWanted[Int(node)] = false
            }
        } catch {
            // What the cache holds is unknown now.
            isLost = true
            throw error
        }
        evaluatedCount += batch.nodes.count
    }

    private func wants(_ node: PrefixTree.NodeID) -> Bool { Int(node) < isWanted.count && isWanted[Int(node)] }

    private func forgetRemoved() {
        for node in tree.takeRemovedNodes() {
            rows.remove(node)
            if Int(node) < isWanted.count { isWanted[Int(node)] = false }
        }
    }
}
