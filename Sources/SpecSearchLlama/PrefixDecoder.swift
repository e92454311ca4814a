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
    private var repetitions: [(node: PrefixTree.NodeID, owner: Int32)] = []
    /// The time that it has had, for the choice between models.
    var virtualTime = 0.0

    /// What one pass did.
    package struct Pass {
        /// How many tokens were in it.
        package var tokens: Int
        /// How long it took.
        package var seconds: Double
        /// How many of the tokens were whose.
        package var owners: [Int32: Int]
    }

    /// A decoder that keeps up to `rowBytes` bytes of logits.
    package init(context: LlamaContext, rowBytes: Int = 64 << 20) {
        self.context = context
        tree = PrefixTree(cells: context.cellCapacity, sequences: context.sequenceCapacity)
        rows = RowStore(
            rowLength: context.rowLength, softCapacity: rowBytes / (4 * max(1, context.rowLength)))
    }

    /// Begins a round: rows that were used before it may go, and what was asked for is asked for again.
    package func tick() {
        tree.tick()
        rows.tick()
        repetitions.removeAll(keepingCapacity: true)
    }

    /// Asks that the node's logits be there after the next passes.
    ///
    /// The root has none.
    ///
    /// - Parameter owner: Who is charged if the node has to be evaluated again.
    package func want(_ node: PrefixTree.NodeID, for owner: Int32 = 0) {
        forgetRemoved()
        if rows.row(of: node) != nil { return }
        if tree.isCached(node) {
            if !repetitions.contains(where: { $0.node == node }) { repetitions.append((node, owner)) }
            return
        }
        markWanted(node)
    }

    /// Whether the logits after all these nodes are there.
    package func hasRows(of nodes: [PrefixTree.NodeID]) -> Bool {
        forgetRemoved()
        return nodes.allSatisfy { rows.row(of: $0) != nil }
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

    /// One pass over what is pending, as much as fits into a batch, or else over what has to be evaluated again.
    ///
    /// - Returns: Nothing if there was nothing to do.
    /// - Throws: ``EngineError``: `contextOverflow` if what is pinned leaves too little room. After any other the cache is
    ///   lost.
    package func pass() throws(EngineError) -> Pass? {
        if isLost {
            throw EngineError(
                .computeFailed, "An earlier pass of \(context.model.path) failed.", remedy: "Try once more.")
        }
        if let batch = try tree.stage(limit: context.batchCapacity) {
            return try pass(batch, owners: tree.owners(of: batch))
        }
        if repetitions.isEmpty { return nil }
        let chosen = repetitions.prefix(context.batchCapacity)
        let batch = try tree.stageRepetition(of: chosen.map(\.node))
        for (node, _) in chosen { markWanted(node) }
        var owners: [Int32: Int] = [:]
        for (_, owner) in chosen { owners[owner, default: 0] += 1 }
        repetitions.removeFirst(chosen.count)
        let pass = try pass(batch, owners: owners)
        tree.finishRepetition(batch)
        repeatedCount += batch.nodes.count
        return pass
    }

    /// Evaluates everything pending, in as few passes as the batch size allows.
    ///
    /// - Throws: ``EngineError`` or `CancellationError` between two passes.
    package func evaluate() throws {
        while try pass() != nil { try Task.checkCancellation() }
        carryOutActions()
    }

    /// Carries out what the tree decided, such as evictions, without evaluating.
    package func carryOutActions() {
        context.apply(tree.takeActions())
        forgetRemoved()
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

    private func pass(_ batch: PrefixTree.Batch, owners: [Int32: Int]) throws(EngineError) -> Pass {
        let before = context.libraryTime
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
        let elapsed = (context.libraryTime - before).components
        return Pass(
            tokens: batch.nodes.count, seconds: Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18,
            owners: owners)
    }

    private func wants(_ node: PrefixTree.NodeID) -> Bool { Int(node) < isWanted.count && isWanted[Int(node)] }

    private func forgetRemoved() {
        for node in tree.takeRemovedNodes() {
            rows.remove(node)
            if Int(node) < isWanted.count { isWanted[Int(node)] = false }
        }
    }
}
