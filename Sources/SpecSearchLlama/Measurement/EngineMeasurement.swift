public import SpecSearch

/// What benchmarks ask of an engine: forward passes, caches, and passes done again without the engine around them.
///
/// ```swift
/// let before = await engine.measurement.passes()
/// …
/// let curve = try await engine.measurement.decodeTimes(batchSizes: [1, 6, 12])
/// ```
/// A model that plays several roles is reported under the first of draft, target, reward model.
public struct EngineMeasurement: Sendable {
    let engine: LlamaEngine

    /// The forward passes of one model at one batch size, of one kind.
    public struct Passes: Sendable, Hashable, Codable {
        /// The model.
        public var role: ModelRole
        /// Tokens a pass.
        public var batchSize: Int
        /// Whether they read a text, and less than half of their outputs were needed.
        public var isPrefill: Bool
        /// How many passes there were.
        public var count: Int
        /// Seconds inside them, together.
        public var seconds: Double
    }

    /// The time of forward passes through one model at one batch size, by llama.cpp alone.
    public struct DecodeTime: Sendable, Hashable, Codable {
        /// The model.
        public var role: ModelRole
        /// How many sequences were continued by one token each.
        public var batchSize: Int
        /// The fastest pass, in milliseconds.
        public var fastest: Double
        /// The median pass, in milliseconds.
        public var median: Double
        /// Tokens per second at the median.
        public var tokensPerSecond: Double { Double(batchSize) / median * 1000 }
    }

    /// All passes since the models were loaded, ``decodeTimes(batchSizes:prefixLength:passes:)`` included.
    public func passes() async -> [Passes] {
        var sums: [Passes: Passes] = [:]
        for worker in engine.pool.workers {
            for part in await worker.passes() {
                var none = part
                (none.count, none.seconds) = (0, 0)
                sums[none, default: none].add(part)
            }
        }
        return Array(sums.values)
    }

    /// Measures passes of each model, without the engine's own work: `batchSizes[i]` sequences of one shared prefix, each
    /// continued by one token a pass.
    ///
    /// - Parameters:
    ///   - prefixLength: The tokens of the shared prefix.
    ///   - passes: Timed passes for each batch size; two more warm up.
    /// - Throws: ``SpecSearchError``, or `CancellationError`. The caches are empty afterwards; use no model meanwhile.
    public func decodeTimes(
        batchSizes: [Int] = [1, 6, 12, 24], prefixLength: Int = 128, passes: Int = 16
    ) async throws -> [DecodeTime] {
        try await engine.pool.workers[0].decodeTimes(
            batchSizes: batchSizes, prefixLength: prefixLength, passes: passes)
    }

    /// How many tokens a model has to evaluate for some paths, each common prefix once: prompts included, and without the
    /// last token of a path unless something is read there.
    public func distinctTokens(of paths: [ReasoningPath], for role: ModelRole) async throws -> Int {
        try await engine.pool.workers[0].distinctTokens(of: paths, for: role)
    }

    /// Empties the caches, and notes every pass from now on; for one problem at a time.
    public func beginRecording() async {
        await engine.reset()
        await engine.pool.workers[0].beginRecording()
    }

    /// Does every pass since ``beginRecording()`` again, in contexts of their own.
    ///
    /// - Returns: The seconds of each model's passes, bare.
    public func replayRecording() async throws -> [ModelRole: Double] {
        try await engine.pool.workers[0].replayRecording()
    }
}

extension EngineMeasurement.Passes {
    fileprivate mutating func add(_ other: Self) {
        count += other.count
        seconds += other.seconds
    }
}

extension LlamaEngine {
    /// What benchmarks ask.
    public var measurement: EngineMeasurement { EngineMeasurement(engine: self) }

    /// The version of llama.cpp that is linked.
    public static var libraryVersion: String { LlamaLibrary.version }
}

extension EngineWorker {
    func passes() -> [EngineMeasurement.Passes] {
        zip(roles, runners).flatMap { roles, runner in
            runner.context.passes.map { kind, passes in
                EngineMeasurement.Passes(
                    role: roles[0], batchSize: kind.tokens, isPrefill: kind.isPrefill, count: passes.count,
                    seconds: passes.time.inSeconds)
            }
        }
    }

    func distinctTokens(of paths: [ReasoningPath], for role: ModelRole) throws -> Int {
        var cache = RadixCache(slots: 1, sequences: 1)
        for path in paths {
            let tokens = try self.tokens(of: path, for: role)
            let isLastNeeded = role == .rewardModel && scorer?.readsLastToken == true
            _ = cache.insert(path: isLastNeeded ? tokens[...] : tokens.dropLast())
        }
        return cache.pendingCount
    }

    func decodeTimes(
        batchSizes: [Int], prefixLength: Int, passes: Int
    ) throws -> [EngineMeasurement.DecodeTime] {
        reset()
        defer { reset() }
        var results: [EngineMeasurement.DecodeTime] = []
        for (roles, runner) in zip(roles, runners) {
            let context = runner.context
            for size in batchSizes {
                guard size > 0, size <= context.sequenceCapacity, prefixLength > 0,
                    prefixLength + size * (passes + 2) <= context.slotCapacity, passes > 0
                else {
                    throw SpecSearchError(
                        .badSetting,
                        "A benchmark of \(size) sequences and \(passes) passes does not fit into the cache.",
                        remedy: "Use smaller batches or fewer passes, or a larger cache.")
                }
                let times = try context.decodeTimes(batchSize: size, prefixLength: prefixLength, passes: passes)
                results.append(
                    EngineMeasurement.DecodeTime(
                        role: roles[0], batchSize: size, fastest: times.first ?? 0, median: times[times.count / 2]))
            }
        }
        return results
    }

    func beginRecording() { for runner in runners { runner.context.recording = DecodeRecording() } }

    func replayRecording() throws -> [ModelRole: Double] {
        var seconds: [ModelRole: Double] = [:]
        for (place, runner) in runners.enumerated() {
            let own = runner.context
            guard let recording = own.recording, !recording.entries.isEmpty else { continue }
            own.recording = nil
            let bare =
                try replayContexts[place]
                ?? LlamaContext(model: own.model, configuration: own.configuration, adapters: own.adapters)
            replayContexts[place] = bare
            seconds[roles[place][0]] = try recording.replay(in: bare)
        }
        return seconds
    }
}

extension LlamaContext {
    /// The times of passes in milliseconds, ascending.
    func decodeTimes(batchSize: Int, prefixLength: Int, passes: Int) throws -> [Double] {
        clear()
        for start in stride(from: 0, to: prefixLength, by: batchCapacity) {
            var batch = RadixCache.Batch()
            for position in start..<min(prefixLength, start + batchCapacity) {
                batch.append(token: 3 + Token(position % 7), position: position, sequence: 0)
            }
            try decode(batch) { _ in false }
        }
        apply((1..<max(1, batchSize)).map { .copy(from: 0, to: Int32($0), end: prefixLength) })
        var times: [Double] = []
        for pass in 0..<passes + 2 {
            try Task.checkCancellation()
            var batch = RadixCache.Batch()
            for sequence in 0..<batchSize {
                batch.append(
                    token: 3 + Token((sequence + pass) % 7), position: prefixLength + pass, sequence: Int32(sequence))
            }
            let before = libraryTime
            try decode(batch) { _ in true }
            if pass >= 2 { times.append((libraryTime - before).inSeconds * 1000) }
        }
        clear()
        return times.sorted()
    }
}
