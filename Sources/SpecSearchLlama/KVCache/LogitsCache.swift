/// Rows of logits by node of a ``RadixCache``, so that a token whose successors are drawn again is not evaluated again.
///
/// Rows are kept while there is room; then the longest unused go. Not `Sendable`: it belongs to the engine's queue.
package final class LogitsCache {
    private let rowLength: Int
    private let softCapacity: Int
    private static let rowsPerSlab = 32
    private var slabs: [UnsafeMutablePointer<Float>] = []
    private var freeSlots: [Int32] = []
    private var slotOfNode: [Int32] = []
    private var nodeOfSlot: [Int32] = []
    private var lastUse: [UInt64] = []
    private var clock: UInt64 = 1
    private var hand = 0

    /// A store of rows of `rowLength` numbers that grows beyond `softCapacity` rows only within one decode step.
    package init(rowLength: Int, softCapacity: Int) {
        self.rowLength = rowLength
        self.softCapacity = max(1, softCapacity)
    }

    deinit { for slab in slabs { slab.deallocate() } }

    /// How many rows are kept.
    package var count: Int { nodeOfSlot.count - freeSlots.count }

    /// Advances the LRU clock; rows that are used from now on are safe until the next.
    package func advanceClock() { clock += 1 }

    /// The node's row, if it is kept.
    package func row(of node: RadixCache.NodeID) -> UnsafePointer<Float>? {
        guard Int(node) < slotOfNode.count, slotOfNode[Int(node)] >= 0 else { return nil }
        let slot = Int(slotOfNode[Int(node)])
        lastUse[slot] = clock
        return UnsafePointer(address(slot))
    }

    /// Keeps a copy of a row.
    package func store(_ row: UnsafePointer<Float>, for node: RadixCache.NodeID) {
        if slotOfNode.count <= Int(node) {
            slotOfNode.append(contentsOf: repeatElement(-1, count: Int(node) + 64 - slotOfNode.count))
        }
        var slot = slotOfNode[Int(node)]
        if slot < 0 {
            slot = takeSlot()
            slotOfNode[Int(node)] = slot
            nodeOfSlot[Int(slot)] = node
        }
        lastUse[Int(slot)] = clock
        address(Int(slot)).update(from: row, count: rowLength)
    }

    /// Forgets the node's row.
    package func remove(_ node: RadixCache.NodeID) {
        guard Int(node) < slotOfNode.count, slotOfNode[Int(node)] >= 0 else { return }
        let slot = slotOfNode[Int(node)]
        slotOfNode[Int(node)] = -1
        nodeOfSlot[Int(slot)] = -1
        freeSlots.append(slot)
    }

    /// Forgets all rows.
    package func removeAll() {
        slotOfNode = []
        freeSlots = (0..<Int32(nodeOfSlot.count)).reversed()
        for slot in nodeOfSlot.indices { nodeOfSlot[slot] = -1 }
    }

    private func address(_ slot: Int) -> UnsafeMutablePointer<Float> {
        slabs[slot / Self.rowsPerSlab] + slot % Self.rowsPerSlab * rowLength
    }

    private func takeSlot() -> Int32 {
        if count >= softCapacity {
            // One sweep for a row that this decode step has not used.
            for _ in nodeOfSlot.indices {
                hand = (hand + 1) % nodeOfSlot.count
                let node = nodeOfSlot[hand]
                if node >= 0, lastUse[hand] < clock {
                    slotOfNode[Int(node)] = -1
                    nodeOfSlot[hand] = -1
                    return Int32(hand)
                }
            }
        }
        if let slot = freeSlots.popLast() { return slot }
        let first = nodeOfSlot.count
        slabs.append(.allocate(capacity: Self.rowsPerSlab * rowLength))
        nodeOfSlot.append(contentsOf: repeatElement(-1, count: Self.rowsPerSlab))
        lastUse.append(contentsOf: repeatElement(0, count: Self.rowsPerSlab))
        freeSlots.append(contentsOf: (Int32(first + 1)..<Int32(first + Self.rowsPerSlab)).reversed())
        return Int32(first)
    }
}
