public import SpecSearch

extension LlamaEngine {
    /// What one model's cache holds.
    public struct CacheState: Sendable, Hashable, Codable {
        /// Tokens in the cache.
        public var cells = 0
        /// Branches in the cache.
        public var branches = 0
        /// Prefixes that a call is using; 0 between calls.
        public var pins = 0
        /// Tokens that wait for evaluation; 0 between calls.
        public var pending = 0
        /// Tokens evaluated since loading.
        public var evaluated = 0
        /// Of those, tokens evaluated again because their logits were no longer kept.
        public var repeated = 0
        /// Tokens that left the cache for want of room.
        public var evicted = 0
    }

    /// The time of passes through one model at one batch size, by llama.cpp alone.
    public struct DecodeBenchmark: Sendable, Hashable, Codable {
        /// The model.
        public var role: ModelRole
        /// How many branches were continued by one token each.
        public var batchSize: Int
        /// The fastest pass, in milliseconds.
        public var fastest: Double
        /// The median pass, in milliseconds.
        public var median: Double
        /// Tokens per second at the median.
        public var tokensPerSecond: Double { Double(batchSize) / median * 1000 }
    }

    /// The passes of one model at one batch size.
    public struct PassStatistics: Sendable, Hashable, Codable {
        /// The model.
        public var role: ModelRole
        /// Tokens a pass.
        public var batchSize: Int
        /// How many passes there were.
        public var passes: Int
        /// Seconds inside them, together.
        public var seconds: Double
    }

    /// All passes since the models were loaded, benchmarks included.
    public func passStatistics() -> [PassStatistics] {
        runtimes.flatMap { runtime in
            runtime.decoder.context.passes.map { size, passes in
                let time = passes.time.components
                return PassStatistics(
                    role: runtime.role, batchSize: size, passes: passes.count,
                    seconds: Double(time.seconds) + Double(time.attoseconds) * 1e-18)
            }
        }
    }

    /// What each model's cache holds.
    public func cacheStates() -> [ModelRole: CacheState] {
        var states: [ModelRole: CacheState] = [:]
        for runtime in runtimes {
            let decoder = runtime.decoder
            var state = CacheState()
            state.cells = decoder.tree.cellCount
            state.branches = decoder.tree.sequenceCount
            state.pins = decoder.tree.pinCount
            state.pending = decoder.tree.pendingCount
            state.evaluated = decoder.evaluatedCount
            state.repeated = decoder.repeatedCount
            state.evicted = decoder.tree.evictedCount
            states[runtime.role] = state
        }
        return states
    }

    /// Measures passes of each model, without the engine's own work: `batchSizes[i]` branches of one shared prefix, each
    /// continued by one token per pass.
    ///
    /// - Parameters:
    ///   - prefixLength: The tokens of the shared prefix.
    ///   - passes: Timed passes per batch size; two more warm up.
    /// - Throws: ``EngineError``, or `CancellationError`. The caches are empty afterwards.
    public func benchmarkDecode(
        batchSizes: [Int] = [1, 6, 12, 24], prefixLength: Int = 128, passes: Int = 16
    ) throws -> [DecodeBenchmark] {
        reset()
        defer { reset() }
        var results: [DecodeBenchmark] = []
        for runtime in runtimes {
            let context = runtime.decoder.context
            for size in batchSizes {
                guard size > 0, size <= context.sequenceCapacity, prefixLength > 0,
                    prefixLength + size * (passes + 2) <= context.cellCapacity, passes > 0
                else {
                    throw EngineError(
                        .badSetting,
                        "A benchmark of \(size) branches and \(passes) passes does not fit into the cache.",
                        remedy: "Use smaller batches or fewer passes, or a larger cache.")
                }
                let times = try context.benchmark(batchSize: size, prefixLength: prefixLength, passes: passes)
                results.append(
                    DecodeBenchmark(
                        role: runtime.role, batchSize: size, fastest: times.first ?? 0,
                        median: times[times.count / 2]))
            }
        }
        return results
    }
}

extension LlamaContext {
    /// The times of passes in milliseconds, ascending.
    func benchmark(batchSize: Int, prefixLength: Int, passes: Int) throws -> [Double] {
        clear()
        var start = 0
        while start < prefixLength {
            let end = min(prefixLength, start + batchCapacity)
            var batch = PrefixTree.Batch()
            for position in start..<end {
                batch.append(token: 3 + Token(position % 7), position: position, sequence: 0)
            }
            try decode(batch) { _ in false }
            start = end
        }
        for sequence in 1..<max(2, batchSize) where batchSize > 1 {
            apply(.copy(from: 0, to: Int32(sequence), end: prefixLength))
        }
        var times: [Double] = []
        for pass in 0..<passes + 2 {
            try Task.checkCancellation()
            var batch = PrefixTree.Batch()
            for sequence in 0..<batchSize {
                batch.append(
                    token: 3 + Token((sequence + pass) % 7), position: prefixLength + pass, sequence: Int32(sequence))
            }
            let before = decodeTime
            try decode(batch) { _ in true }
            let elapsed = (decodeTime - before).components
            if pass >= 2 { times.append(Double(elapsed.seconds) * 1000 + Double(elapsed.attoseconds) * 1e-15) }
        }
        clear()
        return times.sorted()
    }
}

extension PrefixTree.Batch {
    fileprivate mutating func append(token: Token, position: Int, sequence: PrefixTree.SequenceID) {
        nodes.append(-1)
        tokens.append(token)
        positions.append(Int32(position))
        sequences.append(sequence)
        sequenceOffsets.append(sequences.count)
    }
}

extension LlamaEngine {
    /// The version of llama.cpp that is linked.
    public static var libraryVersion: String { LlamaLibrary.version }
}
