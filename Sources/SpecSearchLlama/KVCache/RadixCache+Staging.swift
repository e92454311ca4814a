package import SpecSearch

// Handing out what is to be evaluated.
extension RadixCache {
    /// Hands out up to `limit` pending nodes for one forward pass, which count as cached from now on, after making room for them.
    ///
    /// - Returns: Nothing where nothing is pending. Take ``takeActions()`` and carry them out before the pass.
    /// - Throws: ``SpecSearchError`` `cacheOverflow` if what is locked leaves too little room; nothing has changed then
    ///   but evictions.
    package mutating func stage(limit: Int) throws(SpecSearchError) -> Batch? {
        guard !pending.isEmpty, limit > 0 else { return nil }
        if pending.count > limit { orderPendingByDepth() }
        let chosen = Array(pending.prefix(limit))
        for (index, node) in chosen.enumerated() { nodes[Int(node)].stage = Int32(index) }
        var hasStagedChild = [Bool](repeating: false, count: chosen.count)
        for node in chosen {
            let parentStage = nodes[Int(nodes[Int(node)].parent)].stage
            if parentStage >= 0 { hasStagedChild[Int(parentStage)] = true }
        }
        let leaves = chosen.indices.filter { !hasStagedChild[$0] }.map { chosen[$0] }
        // A tip hands its sequence on to the first of its new leaves.
        var tips: [NodeID] = []
        for node in chosen {
            let parent = nodes[Int(node)].parent
            if nodes[Int(parent)].sequence >= 0, parent != tips.last, !tips.contains(parent) { tips.append(parent) }
        }
        do {
            try makeRoom(slots: chosen.count, sequences: leaves.count - tips.count)
        } catch {
            for node in chosen { nodes[Int(node)].stage = -1 }
            throw error
        }

        // Each leaf gets a sequence; its staged ancestors are in it too.
        var counts = [Int](repeating: 0, count: chosen.count)
        var leafSequences: [SequenceID] = []
        leafSequences.reserveCapacity(leaves.count)
        var carriers: [NodeID: SequenceID] = [:]
        for leaf in leaves {
            var top = leaf
            while true {
                counts[Int(nodes[Int(top)].stage)] += 1
                let parent = nodes[Int(top)].parent
                if nodes[Int(parent)].stage < 0 { break }
                top = parent
            }
            let anchor = nodes[Int(top)].parent
            let sequence: SequenceID
            if anchor == Self.root {
                sequence = takeSequence()
            } else if nodes[Int(anchor)].sequence >= 0 {
                sequence = nodes[Int(anchor)].sequence
                nodes[Int(anchor)].sequence = -1
                carriers[anchor] = sequence
            } else {
                let carrier = carrier(of: anchor, moved: carriers)
                carriers[anchor] = carrier
                sequence = takeSequence()
                actions.append(.copy(from: carrier, to: sequence, end: Int(nodes[Int(anchor)].position) + 1))
            }
            nodes[Int(leaf)].sequence = sequence
            leafSequences.append(sequence)
        }

        var batch = Batch()
        batch.nodes = chosen
        batch.tokens = chosen.map { nodes[Int($0)].token }
        batch.positions = chosen.map { nodes[Int($0)].position }
        batch.sequenceOffsets.reserveCapacity(chosen.count + 1)
        var total = 0
        for count in counts {
            total += count
            batch.sequenceOffsets.append(total)
        }
        batch.sequences = [SequenceID](repeating: -1, count: total)
        var cursors = batch.sequenceOffsets
        for (leaf, sequence) in zip(leaves, leafSequences) {
            var node = leaf
            while nodes[Int(node)].stage >= 0 {
                let stage = Int(nodes[Int(node)].stage)
                batch.sequences[cursors[stage]] = sequence
                cursors[stage] += 1
                node = nodes[Int(node)].parent
            }
        }
        for node in chosen {
            nodes[Int(node)].stage = -1
            nodes[Int(node)].isCached = true
            nodes[Int(node)].lastUse = clock
        }
        for leaf in leaves { queueIfEvictable(leaf) }
        pending.removeFirst(chosen.count)
        slotCount += chosen.count
        return batch
    }

    /// How many of a batch's nodes are whose.
    package func owners(of batch: Batch) -> [Int32: Int] {
        // Mostly runs of one.
        var owners: [Int32: Int] = [:]
        var run: (owner: Int32, count: Int) = (owner, 0)
        for node in batch.nodes {
            let owner = nodes[Int(node)].owner
            if owner != run.owner {
                owners[run.owner, default: 0] += run.count
                run = (owner, 0)
            }
            run.count += 1
        }
        owners[run.owner, default: 0] += run.count
        return owners
    }

    /// Prepares the repeated evaluation of cached tokens whose logits are needed again, each in a sequence of its own.
    ///
    /// Call ``finishRepetition(_:)`` after the pass.
    package mutating func stageRepetition(of repeated: [NodeID]) throws(SpecSearchError) -> Batch {
        for node in repeated { lock(node) }
        defer { for node in repeated { unlock(node) } }
        try makeRoom(slots: repeated.count, sequences: repeated.count)
        var batch = Batch()
        for node in repeated {
            let sequence = takeSequence()
            let position = nodes[Int(node)].position
            if position > 0 {
                actions.append(.copy(from: carrier(of: node), to: sequence, end: Int(position)))
            }
            batch.nodes.append(node)
            batch.tokens.append(nodes[Int(node)].token)
            batch.positions.append(position)
            batch.sequences.append(sequence)
            batch.sequenceOffsets.append(batch.sequences.count)
        }
        return batch
    }

    /// Frees what ``stageRepetition(of:)`` took.
    package mutating func finishRepetition(_ batch: Batch) {
        for sequence in batch.sequences { giveBack(sequence) }
    }

    /// The actions that were decided, in order, which are the caller's now.
    package mutating func takeActions() -> [Action] {
        if actions.isEmpty { return [] }
        defer { actions = [] }
        return actions
    }

    /// The nodes that are gone since the last call.
    package mutating func takeRemovedNodes() -> [NodeID] {
        if removedNodes.isEmpty { return [] }
        defer { removedNodes = [] }
        return removedNodes
    }
}
