import SpecSearch

/// Times forward passes of one model in a context of its own, for the ``CostModel``.
struct DecodeTimer {
    private let context: LlamaContext

    /// - Parameter slots: The most tokens in the KV cache during a measurement.
    init(model: LlamaModel, threads: Int, flashAttention: Bool, slots: Int) throws(SpecSearchError) {
        var configuration = LlamaContext.Configuration()
        configuration.slots = slots
        configuration.sequences = 64
        configuration.threads = threads
        configuration.flashAttention = flashAttention
        context = try LlamaContext(model: model, configuration: configuration)
    }

    /// Milliseconds of passes that continue so many sequences by one token each: the fastest and the slowest of some.
    ///
    /// - Parameter occupied: The tokens in the cache, half of them the sequences' common prefix, half another text's.
    func milliseconds(
        sequences counts: [Int], occupied: Int, passes: Int
    ) throws(SpecSearchError) -> [ClosedRange<Double>] {
        context.clear()
        defer { context.clear() }
        let prefix = occupied / 2
        for sequence in 0..<2 { try fill(sequence: Int32(sequence), count: prefix) }
        for sequence in 2...max(counts.max() ?? 2, 2) {
            context.apply([.copy(from: 1, to: Int32(sequence), end: prefix)])
        }
        var times: [ClosedRange<Double>] = []
        for count in counts {
            var all: [Double] = []
            for _ in 0..<passes + 1 {
                var batch = RadixCache.Batch()
                for sequence in 1...count {
                    batch.append(token: Token(3 + sequence % 7), position: prefix, sequence: Int32(sequence))
                }
                all.append(try timed(batch))
                context.apply((1...count).map { .remove(Int32($0), start: prefix) })
            }
            // The first has to lay out the work.
            all.removeFirst()
            times.append((all.min() ?? 0)...(all.max() ?? 0))
        }
        return times
    }

    /// Milliseconds of the fastest of some passes over a text of `count` tokens.
    func milliseconds(prefill count: Int, passes: Int) throws(SpecSearchError) -> Double {
        var best = Double.infinity
        for _ in 0..<passes {
            context.clear()
            best = min(best, try timed(Self.text(sequence: 0, count: count, from: 0)))
        }
        context.clear()
        return best
    }

    private func fill(sequence: Int32, count: Int) throws(SpecSearchError) {
        for start in stride(from: 0, to: count, by: context.batchCapacity) {
            let batch = Self.text(
                sequence: sequence, count: min(context.batchCapacity, count - start), from: start)
            try context.decode(batch) { _ in false }
        }
    }

    private static func text(sequence: Int32, count: Int, from start: Int) -> RadixCache.Batch {
        var batch = RadixCache.Batch()
        for place in start..<start + count {
            batch.append(token: Token(3 + place % 7), position: place, sequence: sequence)
        }
        return batch
    }

    private func timed(_ batch: RadixCache.Batch) throws(SpecSearchError) -> Double {
        let before = context.libraryTime
        try context.decode(batch) { _ in true }
        return (context.libraryTime - before) / .milliseconds(1)
    }
}

extension RadixCache.Batch {
    mutating func append(token: Token, position: Int, sequence: RadixCache.SequenceID) {
        nodes.append(-1)
        tokens.append(token)
        positions.append(Int32(position))
        sequences.append(sequence)
        sequenceOffsets.append(sequences.count)
    }
}
