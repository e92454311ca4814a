import CKernels
package import SpecSearch

/// Logits to the distribution that a token is drawn from: temperature, top-k, top-p, min-p, in single precision.
///
/// ```swift
/// var processor = LogitsProcessor(count: vocabularyCount)
/// try processor.apply(sampling, to: logits, into: probabilities)
/// let token = processor.draw(probabilities, uniform: key.uniform(position: 0, purpose: .token))
/// ```
/// The same processing of the draft's and of the target's logits is what makes token-level speculation lossless.
package struct LogitsProcessor {
    /// How many logits take part: the vocabulary that the models of a search share.
    package let count: Int
    private var candidates: [Candidate] = []

    private struct Candidate {
        var token: Int32
        var weight: Float
    }

    /// A processor of the first `count` logits.
    package init(count: Int) { self.count = count }

    /// Writes the probabilities of the tokens.
    ///
    /// - Parameters:
    ///   - logits: At least ``count`` numbers.
    ///   - probabilities: Room for ``count`` numbers, which sum to 1.
    /// - Throws: ``SpecSearchError`` `computeFailed` if the logits are not finite.
    package mutating func apply(
        _ parameters: SamplingParameters, to logits: UnsafePointer<Float>,
        into probabilities: UnsafeMutablePointer<Float>
    ) throws(SpecSearchError) {
        let best = Int(specsearch_argmax(logits, Int32(count)))
        guard logits[best].isFinite else {
            throw SpecSearchError(
                .computeFailed, "The model gave logits that are not finite.",
                remedy: "The model file may be damaged: check its checksum.")
        }
        if parameters.temperature <= 0 {
            probabilities.update(repeating: 0, count: count)
            probabilities[best] = 1
            return
        }
        let scale = Float(1 / parameters.temperature)
        var total = specsearch_exponentials(logits, probabilities, Int32(count), logits[best], scale)
        guard total.isFinite, total > 0 else {
            throw SpecSearchError(
                .computeFailed, "The model gave logits that are not finite.",
                remedy: "The model file may be damaged: check its checksum.")
        }
        if parameters.topK > 0 && parameters.topK < count || parameters.topP < 1 || parameters.minP > 0 {
            total = filter(parameters, weights: probabilities, total: total)
        }
        specsearch_scale(probabilities, Int32(count), Float(1 / total))
    }

    /// Sets the weights of dropped tokens to 0; the largest weight is 1.
    ///
    /// Returns the sum of those that stay.
    private mutating func filter(
        _ parameters: SamplingParameters, weights: UnsafeMutablePointer<Float>, total: Double
    ) -> Double {
        let k = parameters.topK > 0 ? min(parameters.topK, count) : count
        // Only tokens above a floor can stay; lower it until all that can stay are candidates.
        var floor: Float = k < count || parameters.topP < 1 ? 1 / 64 : 0
        if parameters.topP >= 1 && k == count { floor = Float(parameters.minP) }
        while true {
            candidates.removeAll(keepingCapacity: true)
            var mass = 0.0
            for token in 0..<count where weights[token] >= floor && weights[token] > 0 {
                candidates.append(Candidate(token: Int32(token), weight: weights[token]))
                mass += Double(weights[token])
            }
            // With k < count, top-p is of the k best alone, and no more than k candidates are ever needed.
            if candidates.count >= k || k == count && mass >= parameters.topP * total || floor < 1e-30 { break }
            if k == count && parameters.topP >= 1 { break }
            floor = floor < 1e-28 ? 0 : floor / 64
        }
        candidates.sort { $0.weight > $1.weight || $0.weight == $1.weight && $0.token < $1.token }
        if candidates.count > k { candidates.removeLast(candidates.count - k) }
        let reference = k < count ? candidates.reduce(0.0) { $0 + Double($1.weight) } : total
        var kept = 0.0
        var size = 0
        for candidate in candidates {
            if parameters.topP < 1 && size > 0 && kept >= parameters.topP * reference { break }
            if size > 0 && Double(candidate.weight) < parameters.minP * Double(candidates[0].weight) { break }
            kept += Double(candidate.weight)
            size += 1
        }
        weights.update(repeating: 0, count: count)
        for candidate in candidates.prefix(size) { weights[Int(candidate.token)] = candidate.weight }
        return kept
    }

    /// Draws a token by the inverse of the cumulative distribution.
    ///
    /// - Parameters:
    ///   - probabilities: ``count`` weights with the sum `total`.
    ///   - uniform: A number in 0 ..< 1.
    package func draw(_ probabilities: UnsafePointer<Float>, total: Double = 1, uniform: Double) -> Token {
        specsearch_inverse_cdf(probabilities, Int32(count), uniform * total)
    }
}
