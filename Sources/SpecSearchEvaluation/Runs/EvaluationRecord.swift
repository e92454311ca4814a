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
    /// Why the search failed, or its answer could not be graded.
    public var error: String?

    /// The record of a search that came to an end.
    public init(
        variant: String, problem: GradedProblem, seed: UInt64, grade: EvaluationRun.Grade, result: SearchResult
    ) {
        self.variant = variant
        self.problem = problem.problem.id
        self.seed = seed
        answer = grade.answer
        gold = problem.answer
        verdict = grade.verdict
        error = grade.error
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
        self.error = error.inWords
    }

    /// - Throws: `DecodingError` for times and counts that cannot be, as in records that were edited.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        variant = try values.decode(String.self, forKey: .variant)
        problem = try values.decode(String.self, forKey: .problem)
        seed = try values.decode(UInt64.self, forKey: .seed)
        answer = try values.decodeIfPresent(String.self, forKey: .answer)
        gold = try values.decode(String.self, forKey: .gold)
        verdict = try values.decode(Verdict.self, forKey: .verdict)
        end = try values.decodeIfPresent(SearchOutcome.End.self, forKey: .end)
        seconds = try values.decode(.seconds, in: ModelUsage.plausibleSeconds)
        usage = try values.decode(Usage.self, forKey: .usage)
        phases = try values.decode([SearchPhase: Double].self, forKey: .phases)
        acceptance = try values.decode(SearchOutcome.Acceptance.self, forKey: .acceptance)
        depths = try values.decode([SearchOutcome.Depth].self, forKey: .depths)
        error = try values.decodeIfPresent(String.self, forKey: .error)
        let counts =
            [acceptance.judged, acceptance.unique, acceptance.kept, acceptance.corrections, acceptance.wasted]
            + [acceptance.early]
            + depths.flatMap { depth in
                [depth.depth, depth.keptDrafts, depth.targetThoughts, depth.batches ?? 0]
                    + [depth.judgedDrafts, depth.acceptedDrafts, depth.draftsAboveTarget].map { $0 ?? 0 }
            }
        guard counts.allSatisfy(ModelUsage.plausibleCounts.contains),
            phases.values.allSatisfy(ModelUsage.plausibleSeconds.contains)
        else {
            throw DecodingError.dataCorruptedError(
                forKey: .depths, in: values, debugDescription: "a count or a time cannot be")
        }
    }

    public var key: Key { Key(variant: variant, problem: problem, seed: seed) }

    /// Whether the answer is right.
    public var isRight: Bool { verdict == .right }

    /// Whether there is no verdict: such a record is in no figure, and its search runs again when the run is resumed.
    public var hasFailed: Bool { verdict == .failed }
}

/// The result of grading an answer.
public enum Verdict: String, Sendable, Hashable, Codable, CaseIterable {
    case right, wrong
    /// The graded program ran out of time; counts as wrong.
    case timeout
    /// The search failed, or nobody can say whether its answer is right: neither right nor wrong, left out of all figures
    /// and comparisons, and tried again when the run is resumed.
    case failed
}
