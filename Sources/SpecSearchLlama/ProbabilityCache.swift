package import SpecSearch

/// The warped probabilities of one decoder's rows, computed once per node and parameters within a round.
package final class ProbabilityCache {
    private var warp: TokenWarp
    private var parameters: [SamplingParameters] = []
    private var slots: [UInt64: Int] = [:]
    private var rows: [UnsafeMutablePointer<Float>] = []
    private var used = 0

    /// A cache of rows of `count` probabilities.
    package init(count: Int) { warp = TokenWarp(count: count) }

    deinit { for row in rows { row.deallocate() } }

    /// How many probabilities a row has.
    package var count: Int { warp.count }

    /// Forgets the rows of the last round.
    package func begin() {
        slots.removeAll(keepingCapacity: true)
        parameters.removeAll(keepingCapacity: true)
        used = 0
    }

    /// The probabilities of the tokens after `node`, which sum to 1; valid until ``begin()``.
    package func probabilities(
        after node: PrefixTree.NodeID, parameters wanted: SamplingParameters, decoder: PrefixDecoder
    ) throws(EngineError) -> UnsafePointer<Float> {
        let place: Int
        if let known = parameters.firstIndex(of: wanted) {
            place = known
        } else {
            place = parameters.count
            parameters.append(wanted)
        }
        let key = UInt64(UInt32(bitPattern: node)) | UInt64(place) << 32
        if let slot = slots[key] { return UnsafePointer(rows[slot]) }
        if used == rows.count { rows.append(.allocate(capacity: warp.count)) }
        let row = rows[used]
        try warp.apply(wanted, to: try decoder.row(of: node), into: row)
        slots[key] = used
        used += 1
        return UnsafePointer(row)
    }

    /// Draws from probabilities, or from weights with another sum.
    ///
    /// - Throws: ``EngineError`` `computeFailed` if no token has any probability.
    package func draw(
        _ probabilities: UnsafePointer<Float>, total: Double = 1, uniform: Double
    ) throws(EngineError) -> Token {
        let token = warp.draw(probabilities, total: total, uniform: uniform)
        guard token >= 0 else {
            throw EngineError(.computeFailed, "The model gives no token any probability.", remedy: "")
        }
        return token
    }
}
