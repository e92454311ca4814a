import SpecSearch

// Evicting and dropping, and the bookkeeping of sequences that goes with it.
extension RadixCache {
    /// Forgets everything: the cache is to be cleared too.
    package mutating func reset() {
        let evicted = evictedCount
        self = RadixCache(slots: slotCapacity, sequences: sequenceCapacity)
        evictedCount = evicted
    }

    /// Evicts the least recently used leaves until at most `slots` are in use, or nothing unlocked is left.
    package mutating func evict(to slots: Int) {
        while slotCount > slots, let leaf = nextVictim() { evict(leaf) }
    }

    /// Drops `top` and everything below it, except locked nodes, pending ones and their prefixes.
    package mutating func drop(below top: NodeID) {
        var stack = [top]
        var order: [NodeID] = []
        while let node = stack.popLast() {
            order.append(node)
            var child = nodes[Int(node)].firstChild
            while child >= 0 {
                stack.append(child)
                child = nodes[Int(child)].nextSibling
            }
        }
        // A leaf goes with all ancestors that become leaves, up to `top`; those are no longer leaves when they come up.
        for node in order.reversed() where isLeafToDrop(node) {
            dropChain(from: node, through: top) { _ in true }
        }
    }

    /// Drops a cached, unlocked leaf and the prefix that only it used, but not `ancestor`.
    package mutating func drop(leaf: NodeID, above ancestor: NodeID) {
        guard leaf != ancestor, isLeafToDrop(leaf) else { return }
        dropChain(from: leaf, through: Self.root, until: ancestor) { _ in true }
    }

    // MARK: Workings

    func isLeafToDrop(_ node: NodeID) -> Bool {
        let entry = nodes[Int(node)]
        return entry.isInUse && entry.isCached && entry.firstChild < 0 && entry.references == 0 && node != Self.root
    }

    /// Drops `leaf` and those of its ancestors, up to and with `top`, that become leaves, are unlocked and that
    /// `allows` allows.
    ///
    /// Ancestors beyond `top` stay.
    mutating func dropChain(
        from leaf: NodeID, through top: NodeID, until stop: NodeID = -1, while allows: (Node) -> Bool
    ) {
        let sequence = nodes[Int(leaf)].sequence
        var node = leaf
        while true {
            let parent = nodes[Int(node)].parent
            unlink(node)
            slotCount -= 1
            let isTop = node == top
            node = parent
            if isTop || node == stop || !isLeafToDrop(node) || !allows(nodes[Int(node)]) { break }
        }
        if node == Self.root || hasCachedChild(node) {
            giveBack(sequence)
        } else {
            nodes[Int(node)].sequence = sequence
            actions.append(.remove(sequence, start: Int(nodes[Int(node)].position) + 1))
        }
    }

    /// Drops a pending node that has no children and no locks, and its prefix likewise.
    mutating func dropPending(from start: NodeID) {
        var node = start
        while node != Self.root {
            let entry = nodes[Int(node)]
            guard !entry.isCached, entry.firstChild < 0, entry.references == 0 else { return }
            if let index = pending.lastIndex(of: node) { pending.remove(at: index) }
            unlink(node)
            node = entry.parent
        }
    }

    /// Puts the pending nodes in the order of their distance from what is cached, so that a batch takes equally much of
    /// each of several long texts, and a short one need not wait.
    mutating func orderPendingByDepth() {
        var depths: [NodeID: Int] = [:]
        for node in pending { depths[node] = (depths[nodes[Int(node)].parent] ?? 0) + 1 }
        pending = pending.enumerated()
            .sorted { (depths[$0.element] ?? 0, $0.offset) < (depths[$1.element] ?? 0, $1.offset) }
            .map(\.element)
    }

    mutating func unlink(_ node: NodeID) {
        let entry = nodes[Int(node)]
        if nodes[Int(entry.parent)].firstChild == node {
            nodes[Int(entry.parent)].firstChild = entry.nextSibling
        } else {
            var sibling = nodes[Int(entry.parent)].firstChild
            while nodes[Int(sibling)].nextSibling != node { sibling = nodes[Int(sibling)].nextSibling }
            nodes[Int(sibling)].nextSibling = entry.nextSibling
        }
        nodes[Int(node)] = Node(isQueued: entry.isQueued)
        freeNodes.append(node)
        removedNodes.append(node)
        queueIfEvictable(entry.parent)
    }

    func hasCachedChild(_ node: NodeID) -> Bool {
        var child = nodes[Int(node)].firstChild
        while child >= 0 {
            if nodes[Int(child)].isCached { return true }
            child = nodes[Int(child)].nextSibling
        }
        return false
    }

    /// A sequence that covers a cached node: that of any leaf below it, or of a former leaf in `moved`, whose sequence
    /// went on to a node that is being staged.
    func carrier(of start: NodeID, moved: [NodeID: SequenceID] = [:]) -> SequenceID {
        var node = start
        while nodes[Int(node)].sequence < 0 {
            if let sequence = moved[node] { return sequence }
            var child = nodes[Int(node)].firstChild
            while child >= 0, !nodes[Int(child)].isCached {
                child = nodes[Int(child)].nextSibling
            }
            precondition(child >= 0, "a cached node without a sequence")
            node = child
        }
        return nodes[Int(node)].sequence
    }

    mutating func takeSequence() -> SequenceID {
        guard let sequence = freeSequences.popLast() else { preconditionFailure("no sequence after making room") }
        return sequence
    }

    mutating func giveBack(_ sequence: SequenceID) {
        actions.append(.remove(sequence, start: 0))
        freeSequences.append(sequence)
    }

    mutating func makeRoom(slots: Int, sequences: Int) throws(SpecSearchError) {
        while slotCapacity - slotCount < slots || freeSequences.count < sequences {
            guard let leaf = nextVictim() else {
                throw SpecSearchError(
                    .cacheOverflow,
                    "The model's KV cache of \(slotCapacity) tokens and \(sequenceCapacity) sequences is too small: "
                        + "\(slots) more tokens and \(sequences) more sequences are needed, and "
                        + "\(slotCapacity - slotCount) and \(freeSequences.count) can be had.",
                    remedy: "Raise cacheTokens or cacheSequences, or search with fewer or shorter thoughts.")
            }
            evict(leaf)
        }
    }

    /// Evicts a leaf, and the prefix that only it used and that was not used later.
    private mutating func evict(_ leaf: NodeID) {
        let before = slotCount
        let lastUse = nodes[Int(leaf)].lastUse
        dropChain(from: leaf, through: Self.root) { $0.lastUse <= lastUse }
        evictedCount += before - slotCount
    }

    /// Takes the least recently used evictable leaf out of the heap; of equals, that with the smallest id.
    ///
    /// - Complexity: Amortised O(log n).
    private mutating func nextVictim() -> NodeID? {
        while let entry = evictable.popMinimum() {
            nodes[Int(entry.node)].isQueued = false
            guard isLeafToDrop(entry.node) else { continue }
            let lastUse = nodes[Int(entry.node)].lastUse
            if lastUse == entry.lastUse { return entry.node }
            // It was used after it was queued.
            queueIfEvictable(entry.node)
        }
        return nil
    }

    /// Notes a node that became an unlocked leaf.
    ///
    /// Each id has at most one entry in the heap, whose key is at most the node's own.
    mutating func queueIfEvictable(_ node: NodeID) {
        guard !nodes[Int(node)].isQueued, isLeafToDrop(node) else { return }
        nodes[Int(node)].isQueued = true
        evictable.push(EvictionHeap.Entry(lastUse: nodes[Int(node)].lastUse, node: node))
    }

    /// The next victim as a scan over all nodes finds it, for tests of the heap.
    package var scannedVictim: NodeID? {
        nodes.indices.map(Int32.init).filter(isLeafToDrop)
            .min { (nodes[Int($0)].lastUse, $0) < (nodes[Int($1)].lastUse, $1) }
    }

    /// Whether the bookkeeping holds: every cached leaf is the tip of one sequence of its own, no other node is, and the
    /// counts are right.
    package var isConsistent: Bool {
        var tips = Set<SequenceID>()
        var slots = 0
        var references = 0
        for (index, node) in nodes.enumerated() where node.isInUse {
            references += Int(node.references)
            if index == 0 { continue }
            guard nodes[Int(node.parent)].isInUse, node.position == nodes[Int(node.parent)].position + 1 else {
                return false
            }
            if node.isCached {
                slots += 1
                guard nodes[Int(node.parent)].isCached else { return false }
                let isLeaf = !hasCachedChild(Int32(index))
                guard isLeaf == (node.sequence >= 0) else { return false }
                if isLeaf && !tips.insert(node.sequence).inserted { return false }
            } else if node.sequence >= 0 || !pending.contains(Int32(index)) {
                return false
            }
        }
        return slots == slotCount && references == lockCount && tips.count == sequenceCount
            && tips.isDisjoint(with: freeSequences)
            && nodes.indices.allSatisfy { !isLeafToDrop(Int32($0)) || nodes[$0].isQueued }
    }
}
