public import SpecSearch

/// What one method did on one problem.
public struct BenchmarkRecord: Sendable {
    public var problemID: String
    public var isRight: Bool
    /// Wall-clock seconds of the search, model loading and grading excluded.
    public var seconds: Double
    public var usage: Usage
    /// Draft thoughts that the reward model judged, and those it kept; zero for methods without drafts.
    public var judgedDrafts: Int
    public var acceptedDrafts: Int
    /// Seconds by phase of the search.
    public var phases: [String: Double]

    public init(
        problemID: String, isRight: Bool, seconds: Double, usage: Usage, judgedDrafts: Int, acceptedDrafts: Int,
        phases: [String: Double]
    ) {
        self.problemID = problemID
        self.isRight = isRight
        self.seconds = seconds
        self.usage = usage
        self.judgedDrafts = judgedDrafts
        self.acceptedDrafts = acceptedDrafts
        self.phases = phases
    }
}

/// The figures of a benchmark: methods side by side on the same problems, with paired intervals.
///
/// Encodes as `{"methods": [...], "comparisons": [...]}`; the names of the fields are the command's interface.
public struct BenchmarkReport: Sendable, Encodable {
    /// Tokens evaluated, by model.
    public struct Tokens: Sendable, Encodable {
        public var draft: Int
        public var target: Int
        public var prm: Int
    }

    /// One method's row.
    public struct Method: Sendable, Encodable {
        public var method: String
        public var problems: Int
        /// The share of right answers.
        public var accuracy: Double
        /// Wall-clock seconds over all problems.
        public var seconds: Double
        /// Tokens evaluated over all problems.
        public var tokens: Tokens
        /// The share of judged draft thoughts that were kept; nil for methods without drafts.
        public var acceptance: Double?
        /// The share of token-level proposals that were accepted; nil without token-level speculation.
        public var tokenAcceptance: Double?
        /// Seconds by phase, over all problems.
        public var phases: [String: Double]
        /// Seconds inside forward passes by model, over all problems.
        public var modelSeconds: [String: Double]

        enum CodingKeys: String, CodingKey {
            case method, problems, accuracy, seconds, tokens, acceptance
            case tokenAcceptance = "token_acceptance"
            case phases
            case modelSeconds = "model_seconds"
        }
    }

    /// One method against another.
    public struct Comparison: Sendable, Encodable {
        public var method: String
        public var baseline: String
        /// Σ seconds of the baseline ÷ Σ seconds of the method.
        public var speedup: Double
        /// A 95 % paired bootstrap interval, nil for fewer than two problems.
        public var speedupInterval: [Double]?
        /// Accuracy of the method minus the baseline's.
        public var accuracyDifference: Double
        /// A 95 % paired bootstrap interval, nil for fewer than two problems.
        public var accuracyInterval: [Double]?

        enum CodingKeys: String, CodingKey {
            case method, baseline, speedup
            case speedupInterval = "speedup_interval"
            case accuracyDifference = "accuracy_difference"
            case accuracyInterval = "accuracy_interval"
        }
    }

    public var methods: [Method]
    public var comparisons: [Comparison]

    /// The figures of methods that all ran on the same problems, in the same order.
    ///
    /// Every method is compared with every one named before it.
    public init(records: [(method: String, records: [BenchmarkRecord])], bootstrap: PairedBootstrap = PairedBootstrap())
    {
        methods = records.map { Self.row($0.method, $0.records) }
        comparisons = []
        for (index, candidate) in records.enumerated() {
            for baseline in records[..<index] {
                comparisons.append(
                    Self.comparison(
                        candidate.method, candidate.records, baseline.method, baseline.records, bootstrap))
            }
        }
    }

    private static func row(_ method: String, _ records: [BenchmarkRecord]) -> Method {
        var usage = Usage()
        var phases: [String: Double] = [:]
        for record in records {
            usage += record.usage
            phases.merge(record.phases, uniquingKeysWith: +)
        }
        let judged = records.reduce(0) { $0 + $1.judgedDrafts }
        let accepted = records.reduce(0) { $0 + $1.acceptedDrafts }
        let target = usage[.target]
        return Method(
            method: method, problems: records.count,
            accuracy: records.isEmpty ? 0 : Double(records.count { $0.isRight }) / Double(records.count),
            seconds: records.reduce(0) { $0 + $1.seconds },
            tokens: Tokens(
                draft: usage[.draft].evaluatedTokens, target: target.evaluatedTokens,
                prm: usage[.rewardModel].evaluatedTokens),
            acceptance: judged > 0 ? Double(accepted) / Double(judged) : nil,
            tokenAcceptance: target.proposedTokens > 0
                ? Double(target.acceptedTokens) / Double(target.proposedTokens) : nil,
            phases: phases,
            modelSeconds: Dictionary(
                uniqueKeysWithValues: ModelRole.allCases.map { ($0.rawValue, usage[$0].seconds) }))
    }

    private static func comparison(
        _ method: String, _ candidate: [BenchmarkRecord], _ baselineName: String, _ baseline: [BenchmarkRecord],
        _ bootstrap: PairedBootstrap
    ) -> Comparison {
        let mine = candidate.map(\.seconds)
        let theirs = baseline.map(\.seconds)
        let right = candidate.map { $0.isRight ? 1.0 : 0.0 }
        let theirRight = baseline.map { $0.isRight ? 1.0 : 0.0 }
        let count = Double(max(candidate.count, 1))
        return Comparison(
            method: method, baseline: baselineName, speedup: theirs.reduce(0, +) / mine.reduce(0, +),
            speedupInterval: bootstrap.ratioOfSums(theirs, mine).map { [$0.lower, $0.upper] },
            accuracyDifference: (right.reduce(0, +) - theirRight.reduce(0, +)) / count,
            accuracyInterval: bootstrap.meanDifference(right, theirRight).map { [$0.lower, $0.upper] })
    }
}
