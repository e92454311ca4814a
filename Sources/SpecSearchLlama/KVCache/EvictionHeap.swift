/// A binary min-heap of nodes by their last use, the first to be evicted on top.
///
/// Entries are never removed from the middle: who pops one checks whether it still holds (lazy deletion).
struct EvictionHeap: Sendable {
    struct Entry: Sendable, Comparable {
        var lastUse: UInt64
        var node: RadixCache.NodeID

        static func < (left: Entry, right: Entry) -> Bool {
            left.lastUse < right.lastUse || left.lastUse == right.lastUse && left.node < right.node
        }
    }

    /// The children of entry `i` are `2i + 1` and `2i + 2`, and not smaller.
    private var entries: [Entry] = []

    /// Adds an entry.
    ///
    /// - Complexity: O(log n).
    mutating func push(_ entry: Entry) {
        entries.append(entry)
        var place = entries.count - 1
        while place > 0, entries[place] < entries[(place - 1) / 2] {
            entries.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    /// Takes out the smallest entry.
    ///
    /// - Complexity: O(log n).
    mutating func popMinimum() -> Entry? {
        guard let minimum = entries.first else { return nil }
        let last = entries.removeLast()
        guard !entries.isEmpty else { return minimum }
        entries[0] = last
        var place = 0
        while true {
            var least = place
            for child in (2 * place + 1)...(2 * place + 2)
            where child < entries.count && entries[child] < entries[least] {
                least = child
            }
            if least == place { return minimum }
            entries.swapAt(place, least)
            place = least
        }
    }
}
