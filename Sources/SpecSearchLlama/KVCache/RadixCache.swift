package import SpecSearch

/// Which token paths one model has in its KV cache, as a radix tree of tokens over llama.cpp's sequences.
///
/// ```swift
/// var cache = RadixCache(slots: 4096, sequences: 64)
/// let node = cache.insert(path: tokens)                 // matches what is there, and adds the rest
/// cache.lock(node)
/// while let batch = try cache.stage(limit: 512) { … }   // carry out takeActions(), then evaluate the batch
/// cache.unlock(node)                                    // may be evicted from now on
/// ```
/// A node is one token after one prefix, and one slot of the KV cache once it is evaluated. Every evaluated leaf is the
/// tip of one sequence, which covers the slots from the root to it; a slot belongs to the sequences of all leaves below.
/// The cache is a state machine: it decides and answers ``Action``s and makes no call to llama.cpp, so it is tested alone.
///
/// Nodes that are new are *pending* until ``stage(limit:)`` hands them out for evaluation. A locked node, its prefix and
/// everything pending stay. Unlocked leaves are evicted, the least recently used first, when slots or sequences are
/// needed; a heap finds the next in O(log n).
///
/// Compare SGLang's RadixAttention (Zheng and others, 2024): edges here are single tokens, since a fork inside a thought
/// is the common case.
package struct RadixCache: Sendable {
    /// Names a node; reused after the node is gone.
    package typealias NodeID = Int32
    /// Names a sequence of llama.cpp.
    package typealias SequenceID = Int32

    /// What to do with the KV cache, in order.
    package enum Action: Sendable, Hashable {
        /// Let `to` cover the slots of `from` at positions `0 ..< end`.
        case copy(from: SequenceID, to: SequenceID, end: Int)
        /// Take the slots at positions `start...` from a sequence.
        case remove(SequenceID, start: Int)
    }

    /// Tokens to evaluate in one forward pass, parents before children.
    package struct Batch: Sendable {
        /// The nodes, in order.
        package var nodes: [NodeID] = []
        /// Their tokens.
        package var tokens: [Token] = []
        /// Their positions.
        package var positions: [Int32] = []
        /// Node `i` belongs to the sequences `sequences[sequenceOffsets[i] ..< sequenceOffsets[i + 1]]`.
        package var sequenceOffsets: [Int] = [0]
        /// All nodes' sequences.
        package var sequences: [SequenceID] = []
    }

    struct Node: Sendable {
        var token: Token = -1
        var parent: NodeID = -1
        var firstChild: NodeID = -1
        var nextSibling: NodeID = -1
        var position: Int32 = -1
        /// How many locks it has.
        var references: Int32 = 0
        /// The sequence whose tip this is; -1 if it is none's.
        var sequence: SequenceID = -1
        /// The place in the batch that is being staged; -1 outside of staging.
        var stage: Int32 = -1
        var isCached = false
        var isInUse = false
        /// Whether the eviction heap has an entry of this id.
        var isQueued = false
        var lastUse: UInt64 = 0
        var owner: Int32 = 0
    }

    /// The empty prefix.
    package static let root: NodeID = 0

    /// How many tokens the KV cache holds at most.
    package let slotCapacity: Int
    /// How many sequences there are.
    package let sequenceCapacity: Int
    /// How many tokens are in the KV cache.
    package internal(set) var slotCount = 0
    /// The sum of all reference counts.
    package private(set) var lockCount = 0
    /// How many tokens were evicted for want of room, so far.
    package internal(set) var evictedCount = 0
    /// Actions that were decided and not yet taken out.
    package internal(set) var actions: [Action] = []
    /// Nodes that are gone and not yet taken out; their ids may already name new nodes.
    package internal(set) var removedNodes: [NodeID] = []

    var nodes: [Node]
    var freeNodes: [NodeID] = []
    var freeSequences: [SequenceID]
    var pending: [NodeID] = []
    var evictable = EvictionHeap()
    private(set) var clock: UInt64 = 1
    /// Whose the nodes are that are made from now on.
    package var owner: Int32 = 0

    /// An empty tree for a KV cache of `slots` tokens and sequences `0 ..< sequences`.
    package init(slots: Int, sequences: Int) {
        slotCapacity = slots
        sequenceCapacity = sequences
        var root = Node()
        root.isCached = true
        root.isInUse = true
        nodes = [root]
        freeSequences = (0..<Int32(sequences)).reversed()
    }

    // MARK: Looking

    /// How many sequences are in use.
    package var sequenceCount: Int { sequenceCapacity - freeSequences.count }
    /// How many nodes wait for evaluation.
    package var pendingCount: Int { pending.count }
    /// Whether the node's token is in the cache (or was handed out for evaluation).
    package func isCached(_ node: NodeID) -> Bool { nodes[Int(node)].isCached }
    /// The node's token.
    package func token(of node: NodeID) -> Token { nodes[Int(node)].token }
    /// The node's parent; -1 for the root.
    package func parent(of node: NodeID) -> NodeID { nodes[Int(node)].parent }
    /// The position of the node's token, from 0; -1 for the root.
    package func position(of node: NodeID) -> Int { Int(nodes[Int(node)].position) }
    /// An upper bound of the ids in use.
    package var nodeIDLimit: Int { nodes.count }

    /// The child of `node` with `token`, if there is one, pending or not.
    package func child(of node: NodeID, token: Token) -> NodeID? {
        var child = nodes[Int(node)].firstChild
        while child >= 0 {
            if nodes[Int(child)].token == token { return child }
            child = nodes[Int(child)].nextSibling
        }
        return nil
    }

    /// The deepest node along `tokens`, and how many of them it covers.
    package func match(_ tokens: some Sequence<Token>) -> (node: NodeID, count: Int) {
        var node = Self.root
        var count = 0
        for token in tokens {
            guard let next = child(of: node, token: token) else { break }
            node = next
            count += 1
        }
        return (node, count)
    }

    // MARK: Growing

    /// The child of `parent` with `token`, new and pending if it was not there.
    ///
    /// Lock it (or a descendant) to keep it.
    ///
    /// - Parameter isShared: Whether an equal node that is there will do; if not, there will be two of them.
    package mutating func insert(_ token: Token, under parent: NodeID, isShared: Bool = true) -> NodeID {
        if isShared, let child = child(of: parent, token: token) {
            nodes[Int(child)].lastUse = clock
            return child
        }
        let id: NodeID
        if let free = freeNodes.popLast() {
            id = free
        } else {
            id = Int32(nodes.count)
            nodes.append(Node())
        }
        nodes[Int(id)] = Node(
            token: token, parent: parent, nextSibling: nodes[Int(parent)].firstChild,
            position: nodes[Int(parent)].position + 1, isInUse: true, isQueued: nodes[Int(id)].isQueued,
            lastUse: clock, owner: owner)
        nodes[Int(parent)].firstChild = id
        pending.append(id)
        return id
    }

    /// The node of a whole path, made where it was not there.
    package mutating func insert(path tokens: some Sequence<Token>, under parent: NodeID = root) -> NodeID {
        var node = parent
        for token in tokens { node = insert(token, under: node) }
        return node
    }

    // MARK: Locking

    /// Keeps the node and its prefix until as many ``unlock(_:)``.
    package mutating func lock(_ node: NodeID) {
        nodes[Int(node)].references += 1
        lockCount += 1
    }

    /// Takes back one ``lock(_:)``; a pending node that nobody needs any more is dropped, with its pending prefix.
    package mutating func unlock(_ node: NodeID) {
        precondition(nodes[Int(node)].references > 0, "unlock without lock")
        nodes[Int(node)].references -= 1
        lockCount -= 1
        if nodes[Int(node)].references > 0 { return }
        if nodes[Int(node)].isCached { queueIfEvictable(node) } else { dropPending(from: node) }
    }

    /// Moves one lock from a node to a descendant.
    package mutating func moveLock(from node: NodeID, to child: NodeID) {
        lock(child)
        unlock(node)
    }

    /// Advances the LRU clock: what is used from now on counts as used later than before.
    package mutating func advanceClock() { clock += 1 }
}
