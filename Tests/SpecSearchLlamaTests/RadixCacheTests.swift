import SpecSearch
import SpecSearchLlama
import Testing

/// What llama.cpp does with actions and batches: which cells each sequence has.
private struct CacheModel {
    struct Slot: Hashable {
        var token: Token
        var position: Int
        var path: [Token]
    }
    var slots: [RadixCache.SequenceID: [Slot]] = [:]

    mutating func apply(_ actions: [RadixCache.Action]) {
        for action in actions {
            switch action {
            case .copy(let from, let to, let end):
                #expect(slots[to, default: []].isEmpty, "copy onto a sequence in use")
                slots[to] = slots[from, default: []].filter { $0.position < end }
                #expect(slots[to]?.count == end, "copy of cells that are not there")
            case .remove(let sequence, let start):
                slots[sequence, default: []].removeAll { $0.position >= start }
            }
        }
    }

    /// Adds a batch, checking what llama.cpp checks: positions follow one another, coupled sequences are equal.
    mutating func decode(_ batch: RadixCache.Batch) {
        for index in batch.nodes.indices {
            let sequences = batch.sequences[batch.sequenceOffsets[index]..<batch.sequenceOffsets[index + 1]]
            #expect(!sequences.isEmpty)
            let before = sequences.map { slots[$0, default: []] }
            #expect(Set(before).count == 1, "coupled sequences have diverged")
            let prefix = before.first ?? []
            #expect(prefix.count == Int(batch.positions[index]), "positions do not follow one another")
            let cell = Slot(
                token: batch.tokens[index], position: prefix.count,
                path: (prefix.last?.path ?? []) + [batch.tokens[index]])
            for sequence in sequences { slots[sequence, default: []].append(cell) }
        }
    }

    /// The distinct token paths that have a cell.
    var paths: Set<[Token]> { Set(slots.values.joined().map(\.path)) }
}

@Suite struct RadixCacheTests {
    private func path(_ tree: RadixCache, _ node: RadixCache.NodeID) -> [Token] {
        var tokens: [Token] = []
        var node = node
        while node != RadixCache.root {
            tokens.append(tree.token(of: node))
            node = tree.parent(of: node)
        }
        return tokens.reversed()
    }

    @Test func equalPrefixesAreOneBranch() throws {
        var tree = RadixCache(slots: 64, sequences: 8)
        let ab = tree.insert(path: [1, 2])
        let abc = tree.insert(path: [1, 2, 3])
        let abd = tree.insert(path: [1, 2, 4])
        tree.lock(abc)
        tree.lock(abd)
        #expect(tree.insert(path: [1, 2]) == ab)
        #expect(tree.pendingCount == 4)
        let batch = try #require(try tree.stage(limit: 64))
        #expect(batch.tokens == [1, 2, 3, 4])
        #expect(batch.positions == [0, 1, 2, 2])
        #expect(batch.sequenceOffsets == [0, 2, 4, 5, 6])
        #expect(tree.actions.isEmpty)
        #expect(tree.slotCount == 4 && tree.sequenceCount == 2)
        tree.unlock(abc)
        tree.unlock(abd)
        #expect(tree.isConsistent)
    }

    @Test func aBranchIsACopyUpToItsFork() throws {
        var tree = RadixCache(slots: 64, sequences: 8)
        tree.lock(tree.insert(path: [1, 2, 3]))
        _ = try tree.stage(limit: 64)
        tree.lock(tree.insert(path: [1, 4]))
        _ = try tree.stage(limit: 64)
        #expect(tree.takeActions() == [.copy(from: 0, to: 1, end: 1)])
    }

    @Test func aShortTextNeedNotWaitForALongOne() throws {
        var tree = RadixCache(slots: 64, sequences: 8)
        let long = tree.insert(path: Array(1...20))
        let short = tree.insert(path: [40, 41])
        tree.lock(long)
        tree.lock(short)
        let first = try #require(try tree.stage(limit: 6))
        #expect(first.tokens == [1, 40, 2, 41, 3, 4])
        #expect(tree.isCached(short) && tree.isConsistent)
        while try tree.stage(limit: 6) != nil {}
        #expect(tree.isCached(long) && tree.slotCount == 22)
        #expect(tree.takeActions().isEmpty)
        tree.unlock(long)
        tree.unlock(short)
        #expect(tree.isConsistent)
    }

    @Test func droppingALeafKeepsWhatIsLocked() throws {
        var tree = RadixCache(slots: 64, sequences: 8)
        let stem = tree.insert(path: [1, 2])
        let leaf = tree.insert(path: [3, 4], under: stem)
        tree.lock(stem)
        tree.lock(leaf)
        _ = try tree.stage(limit: 64)
        tree.unlock(leaf)
        tree.drop(below: RadixCache.root)
        #expect(tree.takeActions() == [.remove(0, start: 2)])
        #expect(tree.slotCount == 2)
        tree.unlock(stem)
        tree.drop(below: RadixCache.root)
        #expect(tree.takeActions() == [.remove(0, start: 0)])
        #expect(tree.slotCount == 0 && tree.sequenceCount == 0 && tree.isConsistent)
    }

    @Test func evictingTakesTheLeastRecentlyUsed() throws {
        var tree = RadixCache(slots: 64, sequences: 16)
        let paths: [[Token]] = [[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 6, 7], [1, 8, 9], [10, 11]]
        for path in paths {
            tree.advanceClock()
            tree.lock(tree.insert(path: path))
            _ = try tree.stage(limit: 64)
        }
        for path in paths.dropFirst() { tree.unlock(tree.match(path).node) }
        tree.evict(to: 64)
        #expect(tree.slotCount == 11)
        tree.evict(to: 8)
        #expect(tree.match([1, 2, 3, 5]).count == 3 && tree.match([1, 2, 6]).count == 2)
        #expect(tree.match([1, 8, 9]).count == 3 && tree.match([10, 11]).count == 2)
        // What is locked stays.
        tree.evict(to: 0)
        #expect(tree.slotCount == 4 && tree.match([1, 2, 3, 4]).count == 4 && tree.isConsistent)
        tree.unlock(tree.match([1, 2, 3, 4]).node)
        tree.evict(to: 0)
        #expect(tree.slotCount == 0 && tree.isConsistent)
    }

    @Test(arguments: 0..<10) func theHeapEvictsInTheOrderOfAScan(seed: UInt64) throws {
        var random = PhiloxGenerator(seed: seed)
        var tree = RadixCache(slots: 400, sequences: 100)
        var locked: [RadixCache.NodeID] = []
        for round in 0..<200 {
            if round % 3 > 0 { tree.advanceClock() }
            let tokens = (0..<Int.random(in: 1...5, using: &random)).map { _ in
                Token.random(in: 0..<3, using: &random)
            }
            let node = tree.insert(path: tokens)
            tree.lock(node)
            locked.append(node)
            _ = try tree.stage(limit: 64)
            if Bool.random(using: &random), let some = locked.indices.randomElement(using: &random) {
                tree.unlock(locked.remove(at: some))
            }
            if round % 10 == 9, let expected = tree.scannedVictim {
                _ = tree.takeRemovedNodes()
                tree.evict(to: tree.slotCount - 1)
                #expect(tree.takeRemovedNodes().first == expected)
                #expect(tree.isConsistent)
            }
        }
        for node in locked { tree.unlock(node) }
        while let expected = tree.scannedVictim {
            _ = tree.takeRemovedNodes()
            tree.evict(to: tree.slotCount - 1)
            #expect(tree.takeRemovedNodes().first == expected)
        }
        #expect(tree.slotCount == 0)
    }

    @Test func theLongestUnusedLeafIsEvictedFirst() throws {
        var tree = RadixCache(slots: 6, sequences: 8)
        for path: [Token] in [[1, 2, 3], [1, 4, 5]] {
            tree.advanceClock()
            let node = tree.insert(path: path)
            tree.lock(node)
            _ = try tree.stage(limit: 8)
            tree.unlock(node)
        }
        tree.advanceClock()
        let node = tree.insert(path: [6, 7])
        tree.lock(node)
        _ = try tree.stage(limit: 8)
        #expect(tree.match([1, 2, 3]).count == 1)
        #expect(tree.match([1, 4, 5]).count == 3)
        #expect(tree.evictedCount == 2)
        #expect(tree.isConsistent)
    }

    @Test func whatIsLockedIsNotEvictedButRefused() throws {
        var tree = RadixCache(slots: 4, sequences: 2)
        tree.lock(tree.insert(path: [1, 2, 3]))
        _ = try tree.stage(limit: 8)
        let node = tree.insert(path: [1, 4, 5])
        tree.lock(node)
        #expect { try tree.stage(limit: 8) } throws: { ($0 as? SpecSearchError)?.code == .cacheOverflow }
        tree.unlock(node)
        #expect(tree.pendingCount == 0 && tree.slotCount == 3 && tree.isConsistent)
    }

    @Test(arguments: 0..<20) func anyHistoryAgreesWithANaiveModel(seed: UInt64) throws {
        var random = PhiloxGenerator(seed: seed)
        var tree = RadixCache(slots: 40, sequences: 9)
        var cache = CacheModel()
        var locked: [RadixCache.NodeID] = []
        for _ in 0..<400 {
            tree.advanceClock()
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let tokens = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    Token.random(in: 0..<3, using: &random)
                }
                let node = tree.insert(path: tokens)
                tree.lock(node)
                locked.append(node)
            case 4..<7:
                if !locked.isEmpty { tree.unlock(locked.remove(at: Int.random(in: locked.indices, using: &random))) }
            case 7:
                tree.evict(to: Int.random(in: 0...40, using: &random))
            case 8:
                if let node = locked.randomElement(using: &random), tree.isCached(node) {
                    if let batch = try? tree.stageRepetition(of: [node]) {
                        cache.apply(tree.takeActions())
                        cache.decode(batch)
                        tree.finishRepetition(batch)
                    }
                }
            default:
                tree.drop(below: RadixCache.root)
            }
            do {
                while let batch = try tree.stage(limit: Int.random(in: 1...7, using: &random)) {
                    cache.apply(tree.takeActions())
                    cache.decode(batch)
                }
            } catch {
                // Too much is locked: let go of what is pending.
                for node in locked { tree.unlock(node) }
                locked = []
            }
            cache.apply(tree.takeActions())
            #expect(tree.isConsistent)
            #expect(cache.paths.count == tree.slotCount)
            for path in cache.paths { #expect(tree.match(path).count == path.count) }
            for node in locked { #expect(cache.paths.contains(self.path(tree, node))) }
        }
        for node in locked { tree.unlock(node) }
        tree.drop(below: RadixCache.root)
        cache.apply(tree.takeActions())
        #expect(cache.paths.isEmpty && tree.slotCount == 0 && tree.sequenceCount == 0 && tree.lockCount == 0)
    }
}
