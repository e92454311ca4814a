package import SpecSearch

/// Runs the forward passes of one model: "evaluate a set of token paths, and keep what follows those that I name".
///
/// ```swift
/// runner.advanceClock()
/// runner.want(node)
/// while try runner.step() != nil {}        // decode steps of at most a batch
/// let logits = try runner.logits(of: node)
/// ```
/// Equal prefixes of all paths, now and earlier, are evaluated once, as long as they are cached. One runner serves all
/// roles that a model plays. Not `Sendable`: it belongs to the engine's queue.
package final class ModelRunner {
    /// What a forward pass gives after a token.
    package struct Outputs: OptionSet, Sendable {
        package let rawValue: UInt8
        package init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The next token's logits.
        package static let logits = Outputs(rawValue: 1)
        /// The state after the last norm, for classifier heads.
        package static let hiddenState = Outputs(rawValue: 2)
    }

    /// What one forward pass did.
    package struct Pass {
        /// How many tokens were in it.
        package var tokens: Int
        /// How long it took.
        package var seconds: Double
        /// How many of the tokens were whose.
        package var owners: [Int32: Int]
    }

    /// What the sequences that are running on it take; the ``Scheduler``'s.
    struct Load {
        var sequences = 0
        var slots = 0
        /// After a preemption, how many sequences may be admitted; nil for as many as fit.
        var admissionsLeft: Int?
        /// The time that it has had, for the choice between models.
        var virtualTime = 0.0
    }

    /// The context that evaluates.
    package let context: LlamaContext
    /// What is cached.
    package var cache: RadixCache
    /// Tokens evaluated so far, repetitions included.
    package private(set) var evaluatedCount = 0
    /// Of those, tokens evaluated again because their outputs were no longer kept.
    package private(set) var repeatedCount = 0
    /// Whether a pass failed, so that the cache must be ``reset()`` before anything else.
    package private(set) var isLost = false
    var load = Load()
    private let logits: LogitsCache
    private let hiddenStates: LogitsCache?
    private var wanted: [Outputs] = []
    private var repetitions: [(node: RadixCache.NodeID, outputs: Outputs, owner: Int32)] = []

    /// A runner that keeps up to `outputBytes` bytes of each kind of output.
    package init(context: LlamaContext, outputBytes: Int = 64 << 20) {
        self.context = context
        cache = RadixCache(slots: context.slotCapacity, sequences: context.sequenceCapacity)
        func store(_ length: Int) -> LogitsCache {
            LogitsCache(rowLength: length, softCapacity: outputBytes / (4 * max(1, length)))
        }
        logits = store(context.vocabularyCount)
        hiddenStates = context.configuration.givesHiddenStates ? store(context.hiddenLength) : nil
    }

    /// Begins a decode step: outputs that were used before it may go, and what was wanted is to be wanted again.
    package func advanceClock() {
        cache.advanceClock()
        logits.advanceClock()
        hiddenStates?.advanceClock()
        repetitions.removeAll(keepingCapacity: true)
    }

    /// Asks that a node's outputs be there after the next passes.
    ///
    /// The root has none.
    ///
    /// - Parameter owner: Who is charged if the node has to be evaluated again.
    package func want(_ node: RadixCache.NodeID, _ outputs: Outputs = .logits, for owner: Int32 = 0) {
        forgetRemoved()
        if has(outputs, of: node) { return }
        if cache.isCached(node) {
            if !repetitions.contains(where: { $0.node == node && $0.outputs.isSuperset(of: outputs) }) {
                repetitions.append((node, outputs, owner))
            }
            return
        }
        mark(node, outputs)
    }

    /// Whether the outputs of all these nodes are there.
    package func has(_ outputs: Outputs = .logits, of nodes: [RadixCache.NodeID]) -> Bool {
        forgetRemoved()
        return nodes.allSatisfy { has(outputs, of: $0) }
    }

    /// The logits after the node, ``LlamaContext/vocabularyCount`` of them, valid until the next decode step.
    ///
    /// - Throws: ``SpecSearchError`` `computeFailed` if they were not asked for.
    package func logits(of node: RadixCache.NodeID) throws(SpecSearchError) -> UnsafePointer<Float> {
        guard let row = logits.row(of: node) else {
            throw SpecSearchError(.computeFailed, "The logits of a token were not kept.")
        }
        return row
    }

    /// The hidden state after the node, ``LlamaContext/hiddenLength`` numbers, valid until the next decode step.
    ///
    /// - Throws: ``SpecSearchError`` `computeFailed` if it was not asked for.
    package func hiddenState(of node: RadixCache.NodeID) throws(SpecSearchError) -> UnsafePointer<Float> {
        guard let row = hiddenStates?.row(of: node) else {
            throw SpecSearchError(.computeFailed, "The hidden state of a token was not kept.")
        }
        return row
    }

    /// One forward pass over what is pending, as much as fits into a batch, or else over what has to be evaluated again.
    ///
    /// - Returns: Nil if there was nothing to do.
    /// - Throws: ``SpecSearchError``: `cacheOverflow` if what is locked leaves too little room. After any other the cache
    ///   is lost.
    package func step() throws(SpecSearchError) -> Pass? {
        if isLost {
            throw SpecSearchError(
                .computeFailed, "An earlier pass of \(context.model.path) failed.", remedy: "Try once more.")
        }
        if let batch = try cache.stage(limit: context.batchCapacity) {
            return try run(batch, owners: cache.owners(of: batch))
        }
        if repetitions.isEmpty { return nil }
        let chosen = repetitions.prefix(context.batchCapacity)
        let batch = try cache.stageRepetition(of: chosen.map(\.node))
        var owners: [Int32: Int] = [:]
        for (node, outputs, owner) in chosen {
            mark(node, outputs)
            owners[owner, default: 0] += 1
        }
        repetitions.removeFirst(chosen.count)
        let pass = try run(batch, owners: owners)
        cache.finishRepetition(batch)
        repeatedCount += batch.nodes.count
        return pass
    }

    /// Evaluates everything pending, in as few passes as the batch size allows.
    ///
    /// - Throws: ``SpecSearchError`` or `CancellationError` between two passes.
    package func evaluate() throws {
        while try step() != nil { try Task.checkCancellation() }
        carryOutActions()
    }

    /// Carries out what the cache decided, such as evictions, without evaluating.
    package func carryOutActions() {
        context.apply(cache.takeActions())
        forgetRemoved()
    }

    /// Drops everything cached below a prompt, and what only it used of the prompt.
    package func drop(prompt: [Token]) {
        let match = cache.match(prompt)
        // The end of the prompt may be tokenised differently before a text. The root is shared with other problems.
        if match.node != RadixCache.root, match.count + 2 >= prompt.count {
            let parent = cache.parent(of: match.node)
            cache.drop(below: match.node)
            cache.drop(leaf: parent, above: RadixCache.root)
        }
        carryOutActions()
    }

    /// Drops everything cached that is not in use.
    package func dropUnused() {
        if cache.lockCount == 0 && cache.pendingCount == 0 {
            reset()
        } else {
            cache.drop(below: RadixCache.root)
            carryOutActions()
        }
    }

    /// Forgets everything.
    ///
    /// Nothing may be locked.
    package func reset() {
        cache.reset()
        logits.removeAll()
        hiddenStates?.removeAll()
        wanted = []
        repetitions = []
        isLost = false
        context.clear()
    }

    // MARK: Workings

    private func has(_ outputs: Outputs, of node: RadixCache.NodeID) -> Bool {
        (!outputs.contains(.logits) || logits.row(of: node) != nil)
            && (!outputs.contains(.hiddenState) || hiddenStates?.row(of: node) != nil)
    }

    private func mark(_ node: RadixCache.NodeID, _ outputs: Outputs) {
        if wanted.count <= Int(node) {
            wanted.append(contentsOf: repeatElement([], count: Int(node) + 64 - wanted.count))
        }
        wanted[Int(node)].formUnion(outputs)
    }

    private func wants(_ node: RadixCache.NodeID) -> Outputs { Int(node) < wanted.count ? wanted[Int(node)] : [] }

    private func run(_ batch: RadixCache.Batch, owners: [Int32: Int]) throws(SpecSearchError) -> Pass {
        let before = context.libraryTime
        carryOutActions()
        do {
            let needsLogits = batch.nodes.contains { wants($0).contains(.logits) }
            try context.decode(batch, needsLogits: needsLogits) { !wants(batch.nodes[$0]).isEmpty }
            for (index, node) in batch.nodes.enumerated() {
                let outputs = wants(node)
                if outputs.isEmpty { continue }
                if outputs.contains(.logits) { logits.store(try context.logits(at: index), for: node) }
                // They come with the logits: what was sampled with this model is scored without a pass.
                hiddenStates?.store(try context.hiddenState(at: index), for: node)
                wanted[Int(node)] = []
            }
        } catch {
            // What the cache holds is unknown now.
            isLost = true
            throw error
        }
        evaluatedCount += batch.nodes.count
        return Pass(
            tokens: batch.nodes.count, seconds: (context.libraryTime - before).inSeconds, owners: owners)
    }

    private func forgetRemoved() {
        for node in cache.takeRemovedNodes() {
            logits.remove(node)
            hiddenStates?.remove(node)
            if Int(node) < wanted.count { wanted[Int(node)] = [] }
        }
    }
}

extension Duration {
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
