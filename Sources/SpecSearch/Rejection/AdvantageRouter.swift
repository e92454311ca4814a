internal import Foundation

/// A small model of whether the target would do better: the probability that what it generates in place of a draft below the
/// threshold outscores the draft.
///
/// Where that is unlikely the draft is kept, and the target not asked. It is logistic in what is known once a draft is scored;
/// `specsearch router` trains one from traces. After Arbitrage (2512.05033), whose router asks the same question.
///
/// As text: its intercept, its weights, and the least advantage, such as `1.5/-2/4/-0.5/0.1@0.3`.
public struct AdvantageRouter: Sendable, Hashable, Codable {
    /// What is known of a draft when it is judged.
    public struct Features: Sendable, Hashable {
        /// The draft's score.
        public var score: Double
        /// How far below the threshold it is.
        public var gap: Double
        /// The mean log-probability of its tokens for the draft model; 0 where the model does not tell.
        public var logProbability: Double
        /// The depth of the node that it follows.
        public var depth: Int

        public init(score: Double, gap: Double, logProbability: Double, depth: Int) {
            self.score = score
            self.gap = gap
            self.logProbability = logProbability
            self.depth = depth
        }

        /// Of a thought with a score, against the score that it had to reach.
        public init(_ thought: Thought, score: Double, bound: Double, depth: Int) {
            self.init(
                score: score, gap: bound - score,
                logProbability: (thought.logProbability ?? 0) / Double(max(1, thought.tokens.count)), depth: depth)
        }

        /// The features in the order of ``AdvantageRouter/weights``; depths count ever less.
        public var vector: [Double] { [score, gap, logProbability, log1p(Double(depth))] }
    }

    public var intercept: Double
    /// One for each of ``Features/vector``.
    public var weights: [Double]
    /// The probability below which a draft is kept.
    public var leastAdvantage: Double

    public init(intercept: Double, weights: [Double], leastAdvantage: Double) {
        self.intercept = intercept
        self.weights = weights
        self.leastAdvantage = leastAdvantage
    }

    /// The probability that the target's thoughts outscore the draft.
    public func advantage(_ features: Features) -> Double {
        let sum = zip(weights, features.vector).reduce(intercept) { $0 + $1.0 * $1.1 }
        return 1 / (1 + exp(-sum))
    }

    /// Whether the draft is kept.
    public func keeps(_ features: Features) -> Bool { advantage(features) < leastAdvantage }
}

extension AdvantageRouter: LosslessStringConvertible {
    public var description: String {
        ([intercept] + weights).map { "\($0)" }.joined(separator: "/") + "@\(leastAdvantage)"
    }

    public init?(_ description: String) {
        let parts = description.split(separator: "@", omittingEmptySubsequences: false)
        let numbers = parts[0].split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
        let count = Features(score: 0, gap: 0, logProbability: 0, depth: 0).vector.count
        guard parts.count == 2, let least = Double(parts[1]), (0...1).contains(least), numbers.count == count + 1,
            numbers.allSatisfy({ $0.map { abs($0) <= 1e9 } ?? false })
        else { return nil }
        let known = numbers.compactMap(\.self)
        self.init(intercept: known[0], weights: Array(known.dropFirst()), leastAdvantage: least)
    }
}
