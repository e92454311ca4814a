/// A way to make the score of a path from those of its steps.
public enum ScoreAggregation: String, Sendable, Hashable, Codable, CaseIterable {
    /// The last step's score.
    case last
    /// The worst step's score.
    case min
    /// The arithmetic mean of the steps' scores.
    case mean
    /// The product of the steps' scores.
    case product

    /// The score of a path with these step scores, in order; 0 steps score 1.
    public func callAsFunction(_ scores: [Double]) -> Double {
        guard let last = scores.last else { return 1 }
        switch self {
        case .last: return last
        case .min: return scores.reduce(last, Swift.min)
        case .mean: return scores.reduce(0, +) / Double(scores.count)
        case .product: return scores.reduce(1, *)
        }
    }
}
