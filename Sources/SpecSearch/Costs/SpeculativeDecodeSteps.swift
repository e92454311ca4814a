internal import Foundation

/// The decode steps in which some thoughts of equal length are generated together with token-level speculation: in each the draft
/// proposes a block to every thought that is not at its end, and one pass of the target decides all of them.
///
/// The target takes each proposal with the same probability, independently (Leviathan and others 2023, section 3.1), and
/// the sequences do not depend on one another.
package struct SpeculativeDecodeSteps {
    package struct Step {
        /// The probability that the step takes place: that the slowest sequence needs it.
        package var probability: Double
        /// The share of the sequences that take part, if it does.
        package var active: Double
        /// The mean tokens that are proposed to each of them.
        package var proposals: Double
    }

    package let steps: [Step]

    /// The expected number of steps.
    package var count: Double { steps.reduce(0) { $0 + $1.probability } }

    /// - Parameters:
    ///   - length: The tokens of a thought.
    ///   - numSpeculativeTokens: The most tokens of a block.
    ///   - sequences: How many thoughts are generated; a mean, so not always whole.
    package init(length: Int, numSpeculativeTokens: Int, acceptance: Double, sequences: Double) {
        // How likely a sequence has generated so many tokens; the likelihoods of those at their end are dropped.
        var places = [Double](repeating: 0, count: length)
        places[0] = 1
        var low = 0
        var steps: [Step] = []
        while true {
            let left = places[low...].reduce(0, +)
            // The sequences' slowest is behind with 1 - (1 - left)^sequences, which is 0 in floating point for tiny shares.
            let probability = left >= 1 ? 1 : -expm1(sequences * log1p(-left))
            if probability < 1e-6 { break }
            var proposals = 0.0
            var next = [Double](repeating: 0, count: length)
            for place in low..<length where places[place] > 0 {
                let block = min(numSpeculativeTokens, length - place)
                proposals += places[place] * Double(block)
                var reached = places[place]
                for accepted in 0..<block {
                    // The token after the accepted ones is the target's own.
                    let end = place + accepted + 1
                    if end < length { next[end] += reached * (1 - acceptance) }
                    reached *= acceptance
                }
                if place + block + 1 < length { next[place + block + 1] += reached }
            }
            steps.append(
                Step(probability: probability, active: min(1, left / probability), proposals: proposals / left))
            places = next
            for place in low..<length where places[place] < 1e-12 { places[place] = 0 }
            guard let first = places[low...].firstIndex(where: { $0 > 0 }) else { break }
            low = first
        }
        self.steps = steps
    }
}

extension SearchWorkload {
    /// The expected decode steps in which the thoughts of a depth are generated with token-level speculation.
    package func decodeSteps(sequences: Double, numSpeculativeTokens: Int) -> Double {
        lengths.reduce(0) { sum, length in
            sum + length.share
                * SpeculativeDecodeSteps(
                    length: length.tokens, numSpeculativeTokens: numSpeculativeTokens, acceptance: tokenAcceptance,
                    sequences: sequences
                ).count
        }
    }

    /// Sets ``tokenAcceptance`` so that the model has as many decode steps as were counted.
    ///
    /// The share of accepted proposals is lower than what matters for the number of steps, since some tokens of a text
    /// are hard for all sequences at once.
    ///
    /// - Parameters:
    ///   - counted: The target's passes of a depth.
    ///   - sequences: The thoughts that were generated at once.
    public mutating func fitTokenAcceptance(decodeSteps counted: Double, sequences: Double, numSpeculativeTokens: Int) {
        var (low, high) = (0.0, 1.0)
        for _ in 0..<24 {
            tokenAcceptance = (low + high) / 2
            if decodeSteps(sequences: sequences, numSpeculativeTokens: numSpeculativeTokens) > counted {
                low = tokenAcceptance
            } else {
                high = tokenAcceptance
            }
        }
    }
}
