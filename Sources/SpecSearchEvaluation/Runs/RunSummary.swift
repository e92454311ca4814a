internal import SpecSearch

/// The figures of a run: variants side by side on the same problems, with paired intervals.
///
/// Encodes as `{"methods": [...], "comparisons": [...]}`; the names of the fields are the commands' interface.
public struct RunSummary: Sendable, Encodable {
    /// Tokens evaluated, by model.
    public struct Tokens: Sendable, Encodable {
        public var draft: Int
        public var target: Int
        public var prm: Int
    }

    /// One variant's row.
    public struct Method: Sendable, Encodable {
        /// The variant's name.
        public var method: String
        /// Searches: problems times seeds.
        public var problems: Int
        /// The share of right answers.
        public var accuracy: Double
        /// Wall-clock seconds over all searches.
        public var seconds: Double
        public var tokens: Tokens
        /// The share of judged draft thoughts that were kept; nil for methods without drafts.
        public var acceptance: Double?
        /// The share of token-level proposals that were accepted; nil without token-level speculation.
        public var tokenAcceptance: Double?
        /// Seconds by phase, over all searches.
        public var phases: [String: Double]
        /// Seconds inside forward passes by model, over all searches.
        public var modelSeconds: [String: Double]
        /// Answers whose grading, and searches that failed; both count as wrong.
        public var timeouts: Int
        public var failures: Int

        enum CodingKeys: String, CodingKey {
            case method, problems, accuracy, seconds, tokens, acceptance
            case tokenAcceptance = "token_acceptance"
            case phases
            case modelSeconds = "model_seconds"
            case timeouts, failures
        }
    }

    /// One variant against another, on the searches that both finished.
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

    /// The figures of some records.
    ///
    /// - Parameters:
    ///   - variants: The variants' names, in the order of the tables.
    ///   - baselines: The variants that the others are compared with; nil compares each with all before it.
    public init(
        _ records: [EvaluationRecord], variants: [String], baselines: [String]? = nil,
        bootstrap: PairedBootstrap = PairedBootstrap()
    ) {
        let byVariant = Dictionary(grouping: records, by: \.variant)
        methods = variants.map { Self.row($0, byVariant[$0] ?? []) }
        comparisons = []
        for (index, variant) in variants.enumerated() {
            for baseline in baselines ?? Array(variants[..<index]) where baseline != variant {
                let pairs = Self.pairs(byVariant[variant] ?? [], byVariant[baseline] ?? [])
                guard !pairs.isEmpty else { continue }
                comparisons.append(Self.comparison(variant, baseline, pairs, bootstrap))
            }
        }
    }

    private typealias Pair = (mine: EvaluationRecord, theirs: EvaluationRecord)

    /// The searches that two variants both did, in the order of the records.
    private static func pairs(_ mine: [EvaluationRecord], _ theirs: [EvaluationRecord]) -> [Pair] {
        struct Item: Hashable {
            var problem: String
            var seed: UInt64
        }
        let others = Dictionary(
            theirs.map { (Item(problem: $0.problem, seed: $0.seed), $0) }, uniquingKeysWith: { $1 })
        return mine.compactMap { record in
            others[Item(problem: record.problem, seed: record.seed)].map { (record, $0) }
        }
    }

    private static func row(_ variant: String, _ records: [EvaluationRecord]) -> Method {
        var usage = Usage()
        var phases: [String: Double] = [:]
        for record in records {
            usage += record.usage
            for (phase, seconds) in record.phases { phases[phase.rawValue, default: 0] += seconds }
            phases["search", default: 0] += max(0, record.seconds - record.phases.values.reduce(0, +))
        }
        let judged = records.reduce(0) { $0 + $1.acceptance.judged }
        let kept = records.reduce(0) { $0 + $1.acceptance.kept }
        let target = usage[.target]
        return Method(
            method: variant, problems: records.count,
            accuracy: records.isEmpty ? 0 : Double(records.count { $0.isRight }) / Double(records.count),
            seconds: records.reduce(0) { $0 + $1.seconds },
            tokens: Tokens(
                draft: usage[.draft].evaluatedTokens, target: target.evaluatedTokens,
                prm: usage[.rewardModel].evaluatedTokens),
            acceptance: judged > 0 ? Double(kept) / Double(judged) : nil,
            tokenAcceptance: target.proposedTokens > 0
                ? Double(target.acceptedTokens) / Double(target.proposedTokens) : nil,
            phases: phases,
            modelSeconds: Dictionary(
                uniqueKeysWithValues: ModelRole.allCases.map { ($0.rawValue, usage[$0].seconds) }),
            timeouts: records.count { $0.verdict == .timeout }, failures: records.count { $0.verdict == .failed })
    }

    private static func comparison(
        _ variant: String, _ baseline: String, _ pairs: [Pair], _ bootstrap: PairedBootstrap
    ) -> Comparison {
        let mine = pairs.map(\.mine.seconds)
        let theirs = pairs.map(\.theirs.seconds)
        let right = pairs.map { $0.mine.isRight ? 1.0 : 0.0 }
        let theirRight = pairs.map { $0.theirs.isRight ? 1.0 : 0.0 }
        return Comparison(
            method: variant, baseline: baseline, speedup: theirs.reduce(0, +) / mine.reduce(0, +),
            speedupInterval: bootstrap.ratioOfSums(theirs, mine).map { [$0.lower, $0.upper] },
            accuracyDifference: (right.reduce(0, +) - theirRight.reduce(0, +)) / Double(pairs.count),
            accuracyInterval: bootstrap.meanDifference(right, theirRight).map { [$0.lower, $0.upper] })
    }
}
