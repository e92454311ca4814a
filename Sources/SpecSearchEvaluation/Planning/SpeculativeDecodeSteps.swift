internal import Foundation

/// The rounds in which some thoughts of equal length are written together with token-level speculation: in each the draft
/// proposes a block to every thought that is not at its end, and one pass of the target decides all of them.
///
/// The target takes each proposal with the same probability, independently (Leviathan and others 2023, section 3.1), and
/// the lanes do not depend on one another.
package struct SpeculativeRounds {
    package struct Round {
        /// The probability that the round takes place: that the slowest lane needs it.
        package var probability: Double
        /// The share of the lanes that take part, if it does.
        package var active: Double
        /// The mean tokens that are proposed to each of them.
        package var proposals: Double
    }

    package let rounds: [Round]

    /// The expected number of rounds.
    package var count: Double { rounds.reduce(0) { $0 + $1.probability } }

    /// - Parameters:
    ///   - length: The tokens of a thought.
    ///   - draftLength: The most tokens of a block.
    ///   - lanes: How many thoughts are written; a mean, so not always whole.
    package init(length: Int, draftLength: Int, acceptance: Double, lanes: Double) {
        // How likely a lane has written so many tokens; the likelihoods of those at their end are dropped.
        var places = [Double](repeating: 0, count: length)
        places[0] = 1
        var low = 0
        var rounds: [Round] = []
        while true {
            let left = places[low...].reduce(0, +)
            // The lanes' slowest is behind with 1 - (1 - left)^lanes, which is 0 in floating point for tiny shares.
            let probability = left >= 1 ? 1 : -expm1(lanes * log1p(-left))
            if probability < 1e-6 { break }
            var proposals = 0.0
            var next = [Double](repeating: 0, count: length)
            for place in low..<length where places[place] > 0 {
                let block = min(draftLength, length - place)
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
            rounds.append(
                Round(probability: probability, active: min(1, left / probability), proposals: proposals / left))
            places = next
            for place in low..<length where places[place] < 1e-12 { places[place] = 0 }
            guard let first = places[low...].firstIndex(where: { $0 > 0 }) else { break }
            low = first
        }
        self.rounds = rounds
    }
}

extension SearchWorkload {
    /// The expected rounds in which the thoughts of a depth are written with token-level speculation.
    package func rounds(lanes: Double, draftLength: Int) -> Double {
        lengths.reduce(0) { sum, length in
            sum + length.share
                * SpeculativeRounds(
                    length: length.tokens, draftLength: draftLength, acceptance: tokenAcceptance, lanes: lanes
                ).count
        }
    }

    /// Sets ``tokenAcceptance`` so that the model has as many rounds as were counted.
    ///
    /// The share of accepted proposals is lower than what matters for the number of rounds, since some tokens of a text
    /// are hard for all lanes at once.
    ///
    /// - Parameters:
    ///   - rounds: The target's passes of a depth.
    ///   - lanes: The thoughts that were written at once.
    public mutating func fitTokenAcceptance(rounds counted: Double, lanes: Double, draftLength: Int) {
        var (low, high) = (0.0, 1.0)
        for _ in 0..<24 {
            tokenAcceptance = (low + high) / 2
            if rounds(lanes: lanes, draftLength: draftLength) > counted {
                low = tokenAcceptance
            } else {
                high = tokenAcceptance
            }
        }
    }
}
