public import SpecSearch

/// The record of what one variant did on one problem with one seed.
public struct EvaluationRecord: Sendable, Hashable, Codable {
    /// What makes a record unique within a run.
    public struct Key: Sendable, Hashable {
        public var variant: String
        public var problem: String
        public var seed: UInt64

        public init(variant: String, problem: String, seed: UInt64) {
            self.variant = variant
            self.problem = problem
            self.seed = seed
        }
    }

    public var variant: String
    public var problem: String
    public var seed: UInt64
    /// The answer that was graded.
    public var answer: String?
    public var gold: String
    public var verdict: Verdict
    /// Why the search ended; nil where it failed.
    public var end: SearchOutcome.End?
    /// Wall-clock seconds of the search; loading and grading excluded.
    public var seconds: Double
    public var usage: Usage
    /// Seconds by phase of the search; what is left of ``seconds`` is the search itself.
    public var phases: [SearchPhase: Double]
    public var acceptance: SearchOutcome.Acceptance
    public var depths: [SearchOutcome.Depth]
    /// Why the search failed, if it did.
    public var error: String?

    /// The record of a search that came to an end.
    public init(
        variant: String, problem: GradedProblem, seed: UInt64, answer: String?, verdict: Verdict, result: SearchResult
    ) {
        self.variant = variant
        self.problem = problem.problem.id
        self.seed = seed
        self.answer = answer
        gold = problem.answer
        self.verdict = verdict
        end = result.end
        seconds = result.seconds
        usage = result.usage
        phases = result.phases
        acceptance = result.acceptance
        depths = result.depths
    }

    /// The record of a search that failed.
    public init(variant: String, problem: GradedProblem, seed: UInt64, error: any Error) {
        self.variant = variant
        self.problem = problem.problem.id
        self.seed = seed
        gold = problem.answer
        verdict = .failed
        seconds = 0
        usage = Usage()
        phases = [:]
        acceptance = SearchOutcome.Acceptance()
        depths = []
        self.error = "\(error)"
    }

    public var key: Key { Key(variant: variant, problem: problem, seed: seed) }

    /// Whether the answer counts as right: whatever is not right is wrong.
    public var isRight: Bool { verdict == .right }
}

/// The result of grading an answer.
public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    case right, wrong
    /// The grader, or the graded program, ran out of time; counts as wrong.
    case timeout
    /// The search itself failed; counts as wrong, and is tried again when the run is resumed.
    case failed
}
