import SpecSearch
import SpecSearchLlama
import Testing

/// What llama.cpp does with actions and batches: which cells each sequence has.
private struct CacheModel {
    struct Cell: Hashable {
        var token: Token
        var position: Int
        var path: [Token]
    }
    var cells: [PrefixTree.SequenceID: [Cell]] = [:]

    mutating func apply(_ actions: [PrefixTree.Action]) {
        for action in actions {
            switch action {
            case .copy(let from, let to, let end):
                #expect(cells[to, default: []].isEmpty, "copy onto a sequence in use")
                cells[to] = cells[from, default: []].filter { $0.position < end }
                #expect(cells[to]?.count == end, "copy of cells that are not there")
            case .remove(let sequence, let start):
                cells[sequence, default: []].removeAll { $0.position >= start }
            }
        }
    }

    /// Adds a batch, checking what llama.cpp checks: positions follow one another, coupled sequences are equal.
    mutating func decode(_ batch: PrefixTree.Batch) {
        for index in batch.nodes.indices {
            let sequences = batch.sequences[batch.sequenceOffsets[index]..<batch.sequenceOffsets[index + 1]]
            #expect(!sequences.isEmpty)
            let before = sequences.map { cells[$0, default: []] }
            #expect(Set(before).count == 1, "coupled sequences have diverged")
            let prefix = before.first ?? []
            #expect(prefix.count == Int(batch.positions[index]), "positions do not follow one another")
            let cell = Cell(
                token: batch.tokens[index], position: prefix.count,
                path: (prefix.last?.path ?? []) + [batch.tokens[index]])
            for sequence in sequences { cells[sequence, default: []].append(cell) }
        }
    }

    /// The distinct token paths that have a cell.
    var paths: Set<[Token]> { Set(cells.values.joined().map(\.path)) }
}

@Suite struct PrefixTreeTests {
    private func path(_ tree: PrefixTree, _ node: PrefixTree.NodeID) -> [Token] {
        var tokens: [Token] = []
        var node = node
        while node != PrefixTree.root {
            tokens.append(tree.token(of: node))
            node = tree.parent(of: node)
        }
        return tokens.reversed()
    }

    @Test func equalPrefixesAreOneBranch() throws {
        var tree = PrefixTree(cells: 64, sequences: 8)
        let ab = tree.insert(path: [1, 2])
        let abc = tree.insert(path: [1, 2, 3])
        let abd = tree.insert(path: [1, 2, 4])
        tree.pin(abc)
        tree.pin(abd)
        #expect(tree.insert(path: [1, 2]) == ab)
        #expect(tree.pendingCount == 4)
        let batch = try #require(try tree.stage(limit: 64))
        #expect(batch.tokens == [1, 2, 3, 4])
        #expect(batch.positions == [0, 1, 2, 2])
        #expect(batch.sequenceOffsets == [0, 2, 4, 5, 6])
        #expect(tree.actions.isEmpty)
        #expect(tree.cellCount == 4 && tree.sequenceCount == 2)
        tree.unpin(abc)
        tree.unpin(abd)
        #expect(tree.isConsistent)
    }

    @Test func aBranchIsACopyUpToItsFork() throws {
        var tree = PrefixTree(cells: 64, sequences: 8)
        tree.pin(tree.insert(path: [1, 2, 3]))
        _ = try tree.stage(limit: 64)
        tree.pin(tree.insert(path: [1, 4]))
        _ = try tree.stage(limit: 64)
        #expect(tree.takeActions() == [.copy(from: 0, to: 1, end: 1)])
    }

    @Test func aShortTextNeedNotWaitForALongOne() throws {
        var tree = PrefixTree(cells: 64, sequences: 8)
        let long = tree.insert(path: Array(1...20))
        let short = tree.insert(path: [40, 41])
        tree.pin(long)
        tree.pin(short)
        let first = try #require(try tree.stage(limit: 6))
        #expect(first.tokens == [1, 40, 2, 41, 3, 4])
        #expect(tree.isCached(short) && tree.isConsistent)
        while try tree.stage(limit: 6) != nil {}
        #expect(tree.isCached(long) && tree.cellCount == 22)
        #expect(tree.takeActions().isEmpty)
        tree.unpin(long)
        tree.unpin(short)
        #expect(tree.isConsistent)
    }

    @Test func droppingALeafKeepsWhatIsPinned() throws {
        var tree = PrefixTree(cells: 64, sequences: 8)
        let stem = tree.insert(path: [1, 2])
        let leaf = tree.insert(path: [3, 4], under: stem)
        tree.pin(stem)
        tree.pin(leaf)
        _ = try tree.stage(limit: 64)
        tree.unpin(leaf)
        tree.drop(below: PrefixTree.root)
        #expect(tree.takeActions() == [.remove(0, start: 2)])
        #expect(tree.cellCount == 2)
        tree.unpin(stem)
        tree.drop(below: PrefixTree.root)
        #expect(tree.takeActions() == [.remove(0, start: 0)])
        #expect(tree.cellCount == 0 && tree.sequenceCount == 0 && tree.isConsistent)
    }

    @Test func retainKeepsPrefixesAndContinuations() throws {
        var tree = PrefixTree(cells: 64, sequences: 16)
        let paths: [[Token]] = [[1, 2, 3, 4], [1, 2, 3, 5], [1, 2, 6, 7], [1, 8, 9], [10, 11]]
        for path in paths { tree.pin(tree.insert(path: path)) }
        _ = try tree.stage(limit: 64)
        for path in paths { tree.unpin(tree.match(path).node) }
        tree.retain([[2, 3], [2, 6, 7, 12]], below: tree.match([1]).node)
        #expect(tree.match([1, 2, 3, 4]).count == 4)
        #expect(tree.match([1, 2, 3, 5]).count == 4)
        #expect(tree.match([1, 2, 6, 7]).count == 4)
        #expect(tree.match([1, 8, 9]).count == 1)
        #expect(tree.match([10, 11]).count == 2)
        tree.retain([[2, 3, 4, 13]], below: tree.match([1]).node)
        #expect(tree.match([1, 2, 3, 4]).count == 4)
        #expect(tree.match([1, 2, 3, 5]).count == 3)
        #expect(tree.match([1, 2, 6]).count == 2)
        #expect(tree.isConsistent)
    }

    @Test func theLongestUnusedLeafIsEvictedFirst() throws {
        var tree = PrefixTree(cells: 6, sequences: 8)
        for path: [Token] in [[1, 2, 3], [1, 4, 5]] {
            tree.tick()
            let node = tree.insert(path: path)
            tree.pin(node)
            _ = try tree.stage(limit: 8)
            tree.unpin(node)
        }
        tree.tick()
        let node = tree.insert(path: [6, 7])
        tree.pin(node)
        _ = try tree.stage(limit: 8)
        #expect(tree.match([1, 2, 3]).count == 1)
        #expect(tree.match([1, 4, 5]).count == 3)
        #expect(tree.evictedCount == 2)
        #expect(tree.isConsistent)
    }

    @Test func whatIsPinnedIsNotEvictedButRefused() throws {
        var tree = PrefixTree(cells: 4, sequences: 2)
        tree.pin(tree.insert(path: [1, 2, 3]))
        _ = try tree.stage(limit: 8)
        let node = tree.insert(path: [1, 4, 5])
        tree.pin(node)
        #expect { try tree.stage(limit: 8) } throws: { ($0 as? EngineError)?.code == .contextOverflow }
        tree.unpin(node)
        #expect(tree.pendingCount == 0 && tree.cellCount == 3 && tree.isConsistent)
    }

    @Test(arguments: 0..<20) func anyHistoryAgreesWithANaiveModel(seed: UInt64) throws {
        var random = PhiloxGenerator(seed: seed)
        var tree = PrefixTree(cells: 40, sequences: 9)
        var cache = CacheModel()
        var pinned: [PrefixTree.NodeID] = []
        for _ in 0..<400 {
            tree.tick()
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<4:
                let tokens = (0..<Int.random(in: 1...6, using: &random)).map { _ in
                    Token.random(in: 0..<3, using: &random)
                }
                let node = tree.insert(path: tokens)
                tree.pin(node)
                pinned.append(node)
            case 4..<7:
                if !pinned.isEmpty { tree.unpin(pinned.remove(at: Int.random(in: pinned.indices, using: &random))) }
            case 7:
                if tree.pendingCount == 0 {
                    tree.retain([[Token.random(in: 0..<3, using: &random)]], below: PrefixTree.root)
                }
            case 8:
                if let node = pinned.randomElement(using: &random), tree.isCached(node) {
                    if let batch = try? tree.stageRepetition(of: [node]) {
                        cache.apply(tree.takeActions())
                        cache.decode(batch)
                        tree.finishRepetition(batch)
                    }
                }
            default:
                tree.drop(below: PrefixTree.root)
            }
            do {
                while let batch = try tree.stage(limit: Int.random(in: 1...7, using: &random)) {
                    cache.apply(tree.takeActions())
                    cache.decode(batch)
                }
            } catch {
                // Too much is pinned: let go of what is pending.
                for node in pinned { tree.unpin(node) }
                pinned = []
            }
            cache.apply(tree.takeActions())
            #expect(tree.isConsistent)
            #expect(cache.paths.count == tree.cellCount)
            for path in cache.paths { #expect(tree.match(path).count == path.count) }
            for node in pinned { #expect(cache.paths.contains(self.path(tree, node))) }
        }
        for node in pinned { tree.unpin(node) }
        tree.drop(below: PrefixTree.root)
        cache.apply(tree.takeActions())
        #expect(cache.paths.isEmpty && tree.cellCount == 0 && tree.sequenceCount == 0 && tree.pinCount == 0)
    }
}
