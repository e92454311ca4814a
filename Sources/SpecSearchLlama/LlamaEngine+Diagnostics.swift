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
        /// How often a call had to give way to another for want of room, and began again.
        public var preempted = 0
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
    public func passStatistics() async -> [PassStatistics] {
        var sums: [ModelRole: [Int: PassStatistics]] = [:]
        for worker in workers {
            for part in await worker.passStatistics() {
                sums[part.role, default: [:]][
                    part.batchSize,
                    default: PassStatistics(role: part.role, batchSize: part.batchSize, passes: 0, seconds: 0)
                ] += part
            }
        }
        return sums.values.flatMap(\.values)
    }

    /// From now on times in passes are of the processor, not of the clock on the wall; for engines of one thread a pass.
    public func measureProcessorTime() async {
        for worker in workers { await worker.measureProcessorTime() }
    }

    /// How many tokens a model has to evaluate for some paths, each common prefix once: prompts included, and without the
    /// last token of a path unless its logits are needed.
    public func distinctTokens(of paths: [ReasoningPath], for role: ModelRole) async throws -> Int {
        try await workers[0].distinctTokens(of: paths, for: role)
    }

    /// Changes the most tokens that the draft proposes at once, for measurements, while no call is under way.
    package func setDraftLength(_ length: Int) async { for worker in workers { await worker.setDraftLength(length) } }

    /// What each model's caches hold.
    public func cacheStates() async -> [ModelRole: CacheState] {
        var states: [ModelRole: CacheState] = [:]
        for worker in workers {
            for (role, state) in await worker.cacheStates() { states[role, default: CacheState()] += state }
        }
        return states
    }

    /// Measures passes of each model, without the engine's own work: `batchSizes[i]` branches of one shared prefix, each
    /// continued by one token per pass.
    ///
    /// - Parameters:
    ///   - prefixLength: The tokens of the shared prefix.
    ///   - passes: Timed passes per batch size; two more warm up.
    /// - Throws: ``EngineError``, or `CancellationError`. The caches are empty afterwards; use no model meanwhile.
    public func benchmarkDecode(
        batchSizes: [Int] = [1, 6, 12, 24], prefixLength: Int = 128, passes: Int = 16
    ) async throws -> [DecodeBenchmark] {
        try await workers[0].benchmarkDecode(batchSizes: batchSizes, prefixLength: prefixLength, passes: passes)
    }
}

extension LlamaEngine.PassStatistics {
    fileprivate static func += (left: inout Self, right: Self) {
        left.passes += right.passes
        left.seconds += right.seconds
    }
}

extension LlamaEngine.CacheState {
    fileprivate static func += (left: inout Self, right: Self) {
        left.cells += right.cells
        left.branches += right.branches
        left.pins += right.pins
        left.pending += right.pending
        left.evaluated += right.evaluated
        left.repeated += right.repeated
        left.evicted += right.evicted
        left.preempted += right.preempted
    }
}

extension EngineWorker {
    func passStatistics() -> [LlamaEngine.PassStatistics] {
        runtimes.flatMap { runtime in
            runtime.decoder.context.passes.map { size, passes in
                let time = passes.time.components
                return LlamaEngine.PassStatistics(
                    role: runtime.role, batchSize: size, passes: passes.count,
                    seconds: Double(time.seconds) + Double(time.attoseconds) * 1e-18)
            }
        }
    }

    func measureProcessorTime() {
        for runtime in runtimes { runtime.decoder.context.measuresProcessorTime = true }
    }

    func distinctTokens(of paths: [ReasoningPath], for role: ModelRole) throws -> Int {
        var tree = PrefixTree(cells: 1, sequences: 1)
        for path in paths {
            let tokens = try self.tokens(of: path, for: role)
            let isLastNeeded = role == .rewardModel && scorer.description.kind != .likelihood
            _ = tree.insert(path: isLastNeeded ? tokens[...] : tokens.dropLast())
        }
        return tree.pendingCount
    }

    func cacheStates() -> [ModelRole: LlamaEngine.CacheState] {
        var states: [ModelRole: LlamaEngine.CacheState] = [:]
        for runtime in runtimes {
            let decoder = runtime.decoder
            var state = LlamaEngine.CacheState()
            state.cells = decoder.tree.cellCount
            state.branches = decoder.tree.sequenceCount
            state.pins = decoder.tree.pinCount
            state.pending = decoder.tree.pendingCount
            state.evaluated = decoder.evaluatedCount
            state.repeated = decoder.repeatedCount
            state.evicted = decoder.tree.evictedCount
            state.preempted = preemptions
            states[runtime.role] = state
        }
        return states
    }

    func benchmarkDecode(
        batchSizes: [Int], prefixLength: Int, passes: Int
    ) throws -> [LlamaEngine.DecodeBenchmark] {
        reset()
        defer { reset() }
        var results: [LlamaEngine.DecodeBenchmark] = []
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
                    LlamaEngine.DecodeBenchmark(
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
        apply((1..<max(1, batchSize)).map { .copy(from: 0, to: Int32($0), end: prefixLength) })
        var times: [Double] = []
        for pass in 0..<passes + 2 {
            try Task.checkCancellation()
            var batch = PrefixTree.Batch()
            for sequence in 0..<batchSize {
                batch.append(
                    token: 3 + Token((sequence + pass) % 7), position: prefixLength + pass, sequence: Int32(sequence))
            }
            let before = libraryTime
            try decode(batch) { _ in true }
            let elapsed = (libraryTime - before).components
            if pass >= 2 { times.append(Double(elapsed.seconds) * 1000 + Double(elapsed.attoseconds) * 1e-15) }
        }
        clear()
        return times.sorted()
    }
}

extension LlamaEngine {
    /// The version of llama.cpp that is linked.
    public static var libraryVersion: String { LlamaLibrary.version }
}
