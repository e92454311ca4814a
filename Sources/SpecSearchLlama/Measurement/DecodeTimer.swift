import SpecSearch

/// Times forward passes of one model in a context of its own, for the ``CostModel``.
final class DecodeTimer {
    private let context: LlamaContext
    /// The tokens that are in the cache between measurements.
    private var occupied = 0
    /// The last sequence, for texts that are not kept.
    private static let spare: RadixCache.SequenceID = 63

    /// - Parameter slots: The most tokens in the KV cache during a measurement.
    init(model: LlamaModel, _ choice: CostModel.Choice, slots: Int) throws(SpecSearchError) {
        var configuration = LlamaContext.Configuration()
        configuration.slots = slots
        configuration.sequences = 64
        configuration.threads = choice.threads
        configuration.flashAttention = choice.flashAttention
        configuration.microBatch = choice.microBatch
        context = try LlamaContext(model: model, configuration: configuration)
    }

    /// Milliseconds of passes that continue so many sequences by one token each, ascending.
    ///
    /// - Parameter occupied: The tokens in the cache, half of them the sequences' common prefix, half another text's.
    func milliseconds(
        sequences counts: [Int], occupied: Int, passes: Int
    ) throws(SpecSearchError) -> [[Double]] {
        let prefix = occupied / 2
        if self.occupied != occupied {
            context.clear()
            for sequence in 0..<2 { try fill(sequence: Int32(sequence), count: prefix) }
            for sequence in 2..<Self.spare { context.apply([.copy(from: 1, to: sequence, end: prefix)]) }
            self.occupied = occupied
        }
        var times: [[Double]] = []
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
            times.append(all.sorted())
        }
        return times
    }

    /// Milliseconds of passes over a text of `count` tokens of which only the end's output is read, ascending.
    func milliseconds(prefill count: Int, passes: Int) throws(SpecSearchError) -> [Double] {
        var times: [Double] = []
        for _ in 0..<passes {
            times.append(try timed(Self.text(sequence: Self.spare, count: count, from: 0)) { $0 == count - 1 })
            context.apply([.remove(Self.spare, start: 0)])
        }
        return times.sorted()
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

    private func timed(
        _ batch: RadixCache.Batch, needsOutput: (Int) -> Bool = { _ in true }
    ) throws(SpecSearchError) -> Double {
        let before = context.libraryTime
        try context.decode(batch, needsOutput: needsOutput)
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
