package import SpecSearch

/// The distributions after the nodes of one model, computed once per node and parameters within a decode step.
package final class DistributionCache {
    private var processor: LogitsProcessor
    private var parameters: [SamplingParameters] = []
    private var slots: [UInt64: Int] = [:]
    private var rows: [UnsafeMutablePointer<Float>] = []
    private var used = 0

    /// A cache of distributions over `count` tokens.
    package init(count: Int) { processor = LogitsProcessor(count: count) }

    deinit { for row in rows { row.deallocate() } }

    /// How many tokens a distribution is over.
    package var count: Int { processor.count }

    /// Forgets the distributions of the last decode step.
    package func begin() {
        slots.removeAll(keepingCapacity: true)
        parameters.removeAll(keepingCapacity: true)
        used = 0
    }

    /// The probabilities of the tokens after `node`, which sum to 1; valid until ``begin()``.
    package func probabilities(
        after node: RadixCache.NodeID, sampling wanted: SamplingParameters, runner: ModelRunner
    ) throws(SpecSearchError) -> UnsafePointer<Float> {
        let place: Int
        if let known = parameters.firstIndex(of: wanted) {
            place = known
        } else {
            place = parameters.count
            parameters.append(wanted)
        }
        let key = UInt64(UInt32(bitPattern: node)) | UInt64(place) << 32
        if let slot = slots[key] { return UnsafePointer(rows[slot]) }
        if used == rows.count { rows.append(.allocate(capacity: processor.count)) }
        let row = rows[used]
        try processor.apply(wanted, to: try runner.logits(of: node), into: row)
        slots[key] = used
        used += 1
        return UnsafePointer(row)
    }

    /// Draws from probabilities, or from weights with another sum.
    ///
    /// - Throws: ``SpecSearchError`` `computeFailed` if no token has any probability.
    package func draw(
        _ probabilities: UnsafePointer<Float>, total: Double = 1, uniform: Double
    ) throws(SpecSearchError) -> Token {
        let token = processor.draw(probabilities, total: total, uniform: uniform)
        guard token >= 0 else {
            throw SpecSearchError(.computeFailed, "The model gives no token any probability.")
        }
        return token
    }
}
