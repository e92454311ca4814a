/// A model that can be asked how good the last step of a path is, in points: SpecReason asks its large model.
///
/// An engine conforms where it can put the question after a path and read the probabilities of the digits as next token.
public protocol StepGrader: SearchResource {
    /// The probabilities of the grades 0 … 9 for the last step of each path; they need not sum to 1.
    ///
    /// - Throws: ``EngineError``, or `CancellationError`.
    func grade(_ paths: [ReasoningPath]) async throws -> StepGrades
}

/// What a grader answers.
public struct StepGrades: Sendable {
    /// Ten weights for each path, of the grades 0 … 9.
    public var weights: [[Double]]
    /// What it cost.
    public var usage: Usage

    public init(weights: [[Double]], usage: Usage = Usage()) {
        self.weights = weights
        self.usage = usage
    }
}

/// A grader as evaluator: the score is the grade's share of 9 points.
///
/// With ``ThresholdEstimator/graded`` this is SpecReason's rule (Pan et al., 2025) inside any search.
public struct GradingEvaluator: ThoughtEvaluator, WrappingResource {
    /// How the probabilities of grades become one.
    public enum Reading: String, Sendable, Hashable, Codable, CaseIterable {
        /// The most likely grade; the lower one on a tie.
        case greedy
        /// The mean of the grades under their probabilities.
        case expected
    }

    private let grader: any StepGrader
    /// How grades are read.
    public let reading: Reading
    public let defaultAggregation: ScoreAggregation

    public init(_ grader: any StepGrader, reading: Reading = .expected, aggregation: ScoreAggregation = .last) {
        self.grader = grader
        self.reading = reading
        defaultAggregation = aggregation
    }

    public var wrapped: any SearchResource { grader }

    public func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        let grades = try await grader.grade(paths)
        return StepScores(scores: try grades.weights.map(score), usage: grades.usage)
    }

    private func score(_ weights: [Double]) throws -> Double {
        let sum = weights.reduce(0, +)
        guard weights.count == 10, weights.allSatisfy({ $0 >= 0 }), sum > 0, sum.isFinite else {
            throw EngineError(
                .badScore, "The judge gave no grade from 0 to 9.", remedy: "Does its prompt end where a digit follows?")
        }
        switch reading {
        case .greedy:
            let best = weights.max() ?? 0
            return Double(weights.firstIndex(of: best) ?? 0) / 9
        case .expected:
            return min(1, weights.enumerated().reduce(0) { $0 + Double($1.offset) * $1.element } / sum / 9)
        }
    }
}
