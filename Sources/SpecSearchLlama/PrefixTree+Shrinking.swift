package import SpecSearch

// Dropping branches, and the bookkeeping of sequences that goes with it.
extension PrefixTree {
    /// Forgets everything: the cache is to be cleared too.
    package mutating func reset() {
        let evicted = evictedCount
        self = PrefixTree(cells: cellCapacity, sequences: sequenceCapacity)
        evictedCount = evicted
    }

    /// Drops the unpinned branches below `root` that are neither a prefix nor a continuation of one of `paths`.
    ///
    /// - Parameters:
    ///   - root: A node, such as the end of a problem's prompt.
    ///   - paths: Token paths from `root` on.
    package mutating func retain(_ paths: [some Collection<Token>], below root: NodeID) {
        var kept = Set<NodeID>([root])
        var whole = Set<NodeID>()
        for path in paths {
            var node = root
            var count = 0
            for token in path {
                guard let next = child(of: node, token: token) else { break }
                node = next
                kept.insert(node)
                count += 1
            }
            if count == path.count { whole.insert(node) }
        }
        for node in kept where !whole.contains(node) {
            var child = nodes[Int(node)].firstChild
            while child >= 0 {
                let next = nodes[Int(child)].nextSibling
                if !kept.contains(child) { drop(below: child) }
                child = next
            }
        }
    }

    /// Drops `top` and everything below it, except pinned nodes, pending ones and their prefixes.
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

    /// Drops a cached, unpinned leaf and the prefix that only it used, but not `ancestor`.
    package mutating func drop(leaf: NodeID, above ancestor: NodeID) {
        guard leaf != ancestor, isLeafToDrop(leaf) else { return }
        dropChain(from: leaf, through: Self.root, until: ancestor) { _ in true }
    }

    // MARK: Workings

    func isLeafToDrop(_ node: NodeID) -> Bool {
        let entry = nodes[Int(node)]
        return entry.isInUse && entry.isCached && entry.firstChild < 0 && entry.pins == 0 && node != Self.root
    }

    /// Drops `leaf` and those of its ancestors, up to and with `top`, that become leaves, are unpinned and that
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
            cellCount -= 1
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

    /// Drops a pending node that has no children and no pins, and its prefix likewise.
    mutating func dropPending(from start: NodeID) {
        var node = start
        while node != Self.root {
            let entry = nodes[Int(node)]
            guard !entry.isCached, entry.firstChild < 0, entry.pins == 0 else { return }
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
        nodes[Int(node)] = Node()
        freeNodes.append(node)
        removedNodes.append(node)
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

    mutating func makeRoom(cells: Int, sequences: Int) throws(EngineError) {
        while cellCapacity - cellCount < cells || freeSequences.count < sequences {
            var oldest: NodeID = -1
            var oldestUse = UInt64.max
            for id in nodes.indices where isLeafToDrop(Int32(id)) && nodes[id].lastUse < oldestUse {
                oldest = Int32(id)
                oldestUse = nodes[id].lastUse
            }
            guard oldest >= 0 else {
                throw EngineError(
                    .contextOverflow,
                    "The request needs \(cells) more tokens and \(sequences) more branches of the model's cache, and "
                        + "\(cellCapacity - cellCount) and \(freeSequences.count) can be had.",
                    remedy: "Raise the cache size, or search with fewer or shorter thoughts.")
            }
            let before = cellCount
            dropChain(from: oldest, through: Self.root) { $0.lastUse <= oldestUse }
            evictedCount += before - cellCount
        }
    }

    /// Whether the bookkeeping holds: every cached leaf is the tip of one sequence of its own, no other node is, and the
    /// counts are right.
    package var isConsistent: Bool {
        var tips = Set<SequenceID>()
        var cells = 0
        var pins = 0
        for (index, node) in nodes.enumerated() where node.isInUse {
            pins += Int(node.pins)
            if index == 0 { continue }
            guard nodes[Int(node.parent)].isInUse, node.position == nodes[Int(node.parent)].position + 1 else {
                return false
            }
            if node.isCached {
                cells += 1
                guard nodes[Int(node.parent)].isCached else { return false }
                let isLeaf = !hasCachedChild(Int32(index))
                guard isLeaf == (node.sequence >= 0) else { return false }
                if isLeaf && !tips.insert(node.sequence).inserted { return false }
            } else if node.sequence >= 0 || !pending.contains(Int32(index)) {
                return false
            }
        }
        return cells == cellCount && pins == pinCount && tips.count == sequenceCount
            && tips.isDisjoint(with: freeSequences)
    }
}
