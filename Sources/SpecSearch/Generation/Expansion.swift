/// A search's request for the children of one node.
public struct Expansion: Sendable, Hashable {
    /// The node.
    public var node: NodeID
    /// Names the expansion among those of its depth in the whole search.
    ///
    /// It keys the random numbers, so it must not depend on timing, and no other expansion of that depth may have it.
    /// Beam search gives the node's rank.
    public var identity: Int
    /// N, how many thoughts the search wants, duplicates included.
    public var width: Int
    /// The number of children that the search needs of this very node: 0 where nodes compete for places and another may serve as
    /// well, 1 for a chain, ``width`` where all are used.
    public var needed: Int

    public init(node: NodeID, identity: Int, width: Int, needed: Int = 0) {
        self.node = node
        self.identity = identity
        self.width = width
        self.needed = needed
    }
}

/// A request for the children of several nodes, in one batch: nodes of one depth.
public struct ExpansionBatch: Sendable, Hashable {
    /// The nodes, in the search's order; none once the search is over.
    public var expansions: [Expansion]
    /// The depth of the nodes.
    public var depth: Int
    /// The number of children, over all nodes together, that the search can still use; ``Expansion/needed`` comes on top.
    public var usable: Int
    /// Whether the search looks at scores.
    ///
    /// Where it does not, a generator that needs none itself may leave them out, and steps count as scored 1.
    public var isScored: Bool

    public init(_ expansions: [Expansion] = [], depth: Int = 0, usable: Int = 0, isScored: Bool = true) {
        self.expansions = expansions
        self.depth = depth
        self.usable = usable
        self.isScored = isScored
    }

    /// Thoughts that the search asks for.
    public var thoughts: Int { expansions.reduce(0) { $0 + $1.width } }
}
