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
        /// Searches: problems times seeds, failed ones included.
        public var problems: Int
        /// The share of right answers among the searches that did not fail; nil where all did.
        public var accuracy: Double?
        /// Wilson's 95 % interval, nil without such searches.
        public var accuracyInterval: [Double]?
        /// Wall-clock seconds over all searches.
        public var seconds: Double
        public var tokens: Tokens
        /// The share of judged draft thoughts that were kept; nil for methods without drafts.
        public var acceptance: Double?
        /// The share of the target's thoughts in place of drafts that score no higher than a rejected one; nil without such
        /// thoughts.
        public var wasted: Double?
        /// The share of token-level proposals that were accepted; nil without token-level speculation.
        public var tokenAcceptance: Double?
        /// Seconds by phase, over all searches.
        public var phases: [String: Double]
        /// Seconds inside forward passes by model, over all searches.
        public var modelSeconds: [String: Double]
        /// Programs that ran out of time; they count as wrong.
        public var timeouts: Int
        /// Searches that failed; they are in no other figure.
        public var failures: Int

        /// Searches that did not fail.
        public var finished: Int { problems - failures }

        enum CodingKeys: String, CodingKey {
            case method, problems, accuracy
            case accuracyInterval = "accuracy_interval"
            case seconds, tokens, acceptance, wasted
            case tokenAcceptance = "token_acceptance"
            case phases
            case modelSeconds = "model_seconds"
            case timeouts, failures
        }
    }

    /// A search that failed, by name.
    public struct Failure: Sendable, Encodable {
        /// The variant's name.
        public var method: String
        public var problem: String
        public var seed: UInt64
        public var error: String
    }

    /// One variant against another, on the searches that neither failed in.
    public struct Comparison: Sendable, Encodable {
        public var method: String
        public var baseline: String
        /// Σ seconds of the baseline ÷ Σ seconds of the method.
        public var speedup: Double
        /// A 95 % paired bootstrap interval, nil for fewer than two problems.
        public var speedupInterval: [Double]?
        /// The geometric mean of the problems' speed-ups, and its 95 % paired bootstrap interval.
        public var geometricSpeedup: Double
        public var geometricSpeedupInterval: [Double]?
        /// Accuracy of the method minus the baseline's.
        public var accuracyDifference: Double
        /// Its 95 % interval: Tango's score interval for one seed, a bootstrap over problems for several.
        public var accuracyInterval: [Double]?
        /// Searches whose answer only one of the two had right.
        public var onlyMethodRight: Int
        public var onlyBaselineRight: Int
        /// The two-sided p value of McNemar's exact test; nil for several seeds.
        public var mcNemar: Double?
        public var nonInferiority: NonInferiority?
        /// How many problems it takes to show equal accuracy within the margin, with a power of 80 %.
        public var problemsNeeded: Int?

        enum CodingKeys: String, CodingKey {
            case method, baseline, speedup
            case speedupInterval = "speedup_interval"
            case geometricSpeedup = "geometric_speedup"
            case geometricSpeedupInterval = "geometric_speedup_interval"
            case accuracyDifference = "accuracy_difference"
            case accuracyInterval = "accuracy_interval"
            case onlyMethodRight = "only_method_right"
            case onlyBaselineRight = "only_baseline_right"
            case mcNemar = "mcnemar_p"
            case nonInferiority = "non_inferiority"
            case problemsNeeded = "problems_needed"
        }
    }

    public var methods: [Method]
    public var comparisons: [Comparison]
    /// Searches that failed, in the order of the records.
    public var failed: [Failure]

    /// The figures of some records.
    ///
    /// - Parameters:
    ///   - variants: The variants' names, in the order of the tables.
    ///   - comparing: Which are compared.
    ///   - margin: The loss of accuracy that counts as none, as a share.
    public init(
        _ records: [EvaluationRecord], variants: [String], comparing plan: ComparisonPlan = .all, margin: Double = 0.01
    ) {
        let byVariant = Dictionary(grouping: records, by: \.variant)
        methods = variants.map { Self.row($0, byVariant[$0] ?? []) }
        failed = records.filter(\.hasFailed).map {
            Failure(method: $0.variant, problem: $0.problem, seed: $0.seed, error: $0.error ?? "unknown")
        }
        comparisons = []
        for (index, variant) in variants.enumerated() {
            for baseline in plan.baselines(of: index, in: variants) {
                let pairs = Self.pairs(byVariant[variant] ?? [], byVariant[baseline] ?? [])
                guard let comparison = Comparison(variant, baseline, pairs, margin) else { continue }
                comparisons.append(comparison)
            }
        }
    }

    /// The figures of a run's records.
    public init(_ records: [EvaluationRecord], _ manifest: RunManifest) {
        self.init(
            records, variants: manifest.variants.map(\.name), comparing: manifest.comparisons, margin: manifest.margin)
    }

    fileprivate typealias Pair = (mine: EvaluationRecord, theirs: EvaluationRecord)

    /// The searches that two variants both did without failing, in the order of the records.
    private static func pairs(_ mine: [EvaluationRecord], _ theirs: [EvaluationRecord]) -> [Pair] {
        struct Item: Hashable {
            var problem: String
            var seed: UInt64
        }
        let others = Dictionary(
            theirs.filter { !$0.hasFailed }.map { (Item(problem: $0.problem, seed: $0.seed), $0) },
            uniquingKeysWith: { $1 })
        return mine.filter { !$0.hasFailed }.compactMap { record in
            others[Item(problem: record.problem, seed: record.seed)].map { (record, $0) }
        }
    }

    private static func row(_ variant: String, _ all: [EvaluationRecord]) -> Method {
        let records = all.filter { !$0.hasFailed }
        var usage = Usage()
        var phases: [String: Double] = [:]
        for record in records {
            usage += record.usage
            for (phase, seconds) in record.phases { phases[phase.rawValue, default: 0] += seconds }
            phases["search", default: 0] += max(0, record.seconds - record.phases.values.reduce(0, +))
        }
        let right = Proportion(successes: records.count { $0.isRight }, count: records.count)
        let judged = records.reduce(0) { $0 + $1.acceptance.judged }
        let kept = records.reduce(0) { $0 + $1.acceptance.kept }
        let corrections = records.reduce(0) { $0 + $1.acceptance.corrections }
        let wasted = records.reduce(0) { $0 + $1.acceptance.wasted }
        let target = usage[.target]
        return Method(
            method: variant, problems: all.count,
            accuracy: right.share, accuracyInterval: records.isEmpty ? nil : right.wilson().bounds,
            seconds: records.reduce(0) { $0 + $1.seconds },
            tokens: Tokens(
                draft: usage[.draft].evaluatedTokens, target: target.evaluatedTokens,
                prm: usage[.rewardModel].evaluatedTokens),
            acceptance: judged > 0 ? Double(kept) / Double(judged) : nil,
            wasted: corrections > 0 ? Double(wasted) / Double(corrections) : nil,
            tokenAcceptance: target.proposedTokens > 0
                ? Double(target.acceptedTokens) / Double(target.proposedTokens) : nil,
            phases: phases,
            modelSeconds: Dictionary(
                uniqueKeysWithValues: ModelRole.allCases.map { ($0.rawValue, usage[$0].seconds) }),
            timeouts: records.count { $0.verdict == .timeout }, failures: all.count - records.count)
    }
}

extension RunSummary.Comparison {
    fileprivate init?(_ method: String, _ baseline: String, _ pairs: [RunSummary.Pair], _ margin: Double) {
        let figures = PairedComparison(
            problems: pairs.map(\.mine.problem), seconds: (pairs.map(\.mine.seconds), pairs.map(\.theirs.seconds)),
            isRight: (pairs.map(\.mine.isRight), pairs.map(\.theirs.isRight)), margin: margin)
        guard let figures else { return nil }
        self.method = method
        self.baseline = baseline
        speedup = figures.speedup.value
        speedupInterval = figures.speedup.interval?.bounds
        geometricSpeedup = figures.geometricSpeedup.value
        geometricSpeedupInterval = figures.geometricSpeedup.interval?.bounds
        accuracyDifference = figures.accuracyDifference.value
        accuracyInterval = figures.accuracyDifference.interval?.bounds
        onlyMethodRight = figures.outcomes.methodOnly
        onlyBaselineRight = figures.outcomes.baselineOnly
        mcNemar = figures.mcNemarExact
        nonInferiority = figures.nonInferiority
        problemsNeeded = NonInferiority.problemsNeeded(margin: margin, discordance: figures.outcomes.discordance)
    }
}

extension Interval {
    /// Lower and upper bound.
    fileprivate var bounds: [Double] { [lower, upper] }
}
