package import SpecSearch

/// Which token paths one model has in its cache, as a tree of tokens over llama.cpp's sequences.
///
/// A node is one token after one prefix, and one cell of the cache once it is evaluated. Every evaluated leaf is the tip
/// of one sequence, which covers the cells from the root to it; a cell belongs to the sequences of all leaves below it.
/// The tree decides and answers ``Action``s; it makes no call to llama.cpp, so it is tested alone.
///
/// Nodes that are new are *pending* until ``stage(limit:)`` hands them out for evaluation. A pinned node, its prefix
/// and everything pending stay; unpinned leaves are evicted, the longest unused first, when cells or sequences are
/// needed.
package struct PrefixTree: Sendable {
    /// Names a node; reused after the node is gone.
    package typealias NodeID = Int32
    /// Names a sequence of llama.cpp.
    package typealias SequenceID = Int32

    /// What to do with the cache, in order.
    package enum Action: Sendable, Hashable {
        /// Let `to` cover the cells of `from` at positions `0 ..< end`.
        case copy(from: SequenceID, to: SequenceID, end: Int)
        /// Take the cells at positions `start...` from a sequence.
        case remove(SequenceID, start: Int)
    }

    /// Tokens to evaluate in one pass, parents before children.
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
        var pins: Int32 = 0
        /// The sequence whose tip this is; -1 if it is none's.
        var sequence: SequenceID = -1
        /// The place in the batch that is being staged; -1 outside of staging.
        var stage: Int32 = -1
        var isCached = false
        var isInUse = false
        var lastUse: UInt64 = 0
        var owner: Int32 = 0
    }

    /// The empty prefix.
    package static let root: NodeID = 0

    /// How many tokens the cache holds at most.
    package let cellCapacity: Int
    /// How many sequences there are.
    package let sequenceCapacity: Int
    /// How many tokens are in the cache.
    package internal(set) var cellCount = 0
    /// The sum of all pins.
    package private(set) var pinCount = 0
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
    private var clock: UInt64 = 1
    /// Whose the nodes are that are made from now on.
    package var owner: Int32 = 0

    /// An empty tree for a cache of `cells` tokens and sequences `0 ..< sequences`.
    package init(cells: Int, sequences: Int) {
        cellCapacity = cells
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
    /// Pin it (or a descendant) to keep it.
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
            position: nodes[Int(parent)].position + 1, isInUse: true, lastUse: clock, owner: owner)
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

    /// Keeps the node and its prefix until as many ``unpin(_:)``.
    package mutating func pin(_ node: NodeID) {
        nodes[Int(node)].pins += 1
        pinCount += 1
    }

    /// Takes back one ``pin(_:)``; a pending node that nobody needs any more is dropped, with its pending prefix.
    package mutating func unpin(_ node: NodeID) {
        precondition(nodes[Int(node)].pins > 0, "unpin without pin")
        nodes[Int(node)].pins -= 1
        pinCount -= 1
        dropPending(from: node)
    }

    /// Starts a new round: what is used from now on counts as used later than before.
    package mutating func tick() { clock += 1 }

    // MARK: Evaluating

    /// Hands out up to `limit` pending nodes for one pass, which count as cached from now on, after making room for them.
    ///
    /// - Returns: Nothing where nothing is pending. Take ``takeActions()`` and carry them out before the pass.
    /// - Throws: ``EngineError`` `contextOverflow` if what is pinned leaves too little room; nothing has changed then
    ///   but evictions.
    package mutating func stage(limit: Int) throws(EngineError) -> Batch? {
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
            try makeRoom(cells: chosen.count, sequences: leaves.count - tips.count)
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
        pending.removeFirst(chosen.count)
        cellCount += chosen.count
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
    package mutating func stageRepetition(of repeated: [NodeID]) throws(EngineError) -> Batch {
        for node in repeated { pin(node) }
        defer { for node in repeated { unpin(node) } }
        try makeRoom(cells: repeated.count, sequences: repeated.count)
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
