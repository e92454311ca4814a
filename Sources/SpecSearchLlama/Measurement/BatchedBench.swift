public import SpecSearch

extension EngineMeasurement {
    /// Seconds by llama.cpp alone.
    public struct BatchedTime: Sendable, Hashable, Codable {
        /// Of the prompt.
        public var prefill = 0.0
        /// Of each decode step.
        public var steps: [Double] = []

        public init() {}
    }

    /// What llama.cpp's own `llama-batched-bench` does with a shared prompt, through the same library.
    ///
    /// Reads a prompt, then continues so many sequences by one token a step, with the logits of each, and samples nothing;
    /// with the threads and flash attention of this engine, in a cache as large as that needs.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` where the engine has no such model, or sizes are not positive.
    public func batchedTimes(
        _ role: ModelRole, prompt: Int, sequences: Int, steps: Int
    ) async throws -> BatchedTime {
        try await engine.pool.workers[0].batchedTimes(role, prompt: prompt, sequences: sequences, steps: steps)
    }
}

extension EngineWorker {
    func batchedTimes(
        _ role: ModelRole, prompt: Int, sequences: Int, steps: Int
    ) throws -> EngineMeasurement.BatchedTime {
        guard let place = roles.firstIndex(where: { $0.contains(role) }), prompt > 0, (1...256).contains(sequences),
            steps > 0
        else {
            throw SpecSearchError(
                .badSetting, "The engine has no \(role.rawValue) to measure at \(sequences) sequences.",
                remedy: "Name one in the model set; sizes are positive, sequences at most 256.")
        }
        var configuration = runners[place].context.configuration
        configuration.slots = prompt + sequences * steps
        configuration.sequences = sequences
        let context: LlamaContext
        if let known = batchedContexts[place], known.configuration == configuration {
            context = known
        } else {
            let own = runners[place].context
            context = try LlamaContext(model: own.model, configuration: configuration, adapters: own.adapters)
            batchedContexts[place] = context
        }
        context.clear()
        var times = EngineMeasurement.BatchedTime()
        func time(_ batch: RadixCache.Batch, needsOutput: (Int) -> Bool) throws -> Double {
            let start = ContinuousClock.now
            try context.decode(batch, needsOutput: needsOutput)
            return (ContinuousClock.now - start).inSeconds
        }
        for start in stride(from: 0, to: prompt, by: context.batchCapacity) {
            var batch = RadixCache.Batch()
            for position in start..<min(prompt, start + context.batchCapacity) {
                batch.append(token: 3 + Token(position % 97), position: position, sequence: 0)
            }
            times.prefill += try time(batch) { start + $0 == prompt - 1 }
        }
        context.apply((1..<max(1, sequences)).map { .copy(from: 0, to: Int32($0), end: prompt) })
        for step in 0..<steps {
            try Task.checkCancellation()
            var batch = RadixCache.Batch()
            for sequence in 0..<sequences {
                batch.append(
                    token: 3 + Token((sequence * 7 + step) % 97), position: prompt + step, sequence: Int32(sequence))
            }
            times.steps.append(try time(batch) { _ in true })
        }
        return times
    }
}
