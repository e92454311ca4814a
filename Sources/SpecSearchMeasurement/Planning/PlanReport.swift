package import SpecSearch
package import SpecSearchEvaluation

/// The figures of `specsearch plan`.
package struct PlanReport: Encodable {
    /// The speed-ups of a setting, with the acceptance that they hold for.
    package struct Row: Encodable {
        let acceptance: Double
        let setting: PlanSetting
        let specsearchToAR: Double
        let specsearchToSpS: Double
        let spsToAR: Double

        init(_ plan: SearchCostPlan, _ setting: PlanSetting, acceptance: Double? = nil) throws {
            var plan = plan
            if let acceptance { plan.workload.acceptance = acceptance }
            self.acceptance = plan.workload.acceptance
            self.setting = setting
            let ar = try plan.seconds(.ar, setting)
            let sps = try plan.seconds(.sps, setting)
            let both = try plan.seconds(.specsearch, setting)
            (specsearchToAR, specsearchToSpS, spsToAR) = (ar / both, sps / both, ar / sps)
        }
    }

    /// A method at its fastest, with the beams and width that were asked for.
    package struct Best: Encodable {
        let method: SearchMethod
        let setting: PlanSetting
        let seconds: Double
    }

    /// A predicted speed-up against a measured one.
    package struct Comparison: Encodable {
        let method: String
        let baseline: String
        let predicted: Double
        let measured: Double
        let measuredInterval: [Double]?
        /// How far the prediction is off, as a share of what was measured.
        let error: Double
    }

    let plan: SearchCostPlan
    let setting: PlanSetting
    let accounts: [String: SearchCostPlan.Account]
    let acceptances: [Row]
    /// By the number of speculative tokens.
    let speculation: [Row]
    /// Fastest first.
    let best: [Best]
    /// The least share of kept drafts from which SpecSearch is the fastest, each method at its best; nil where it never is.
    let paysFrom: Double?
    private(set) var check: [Comparison]?

    static let methods = [SearchMethod.ar, .sps, .specsearch]
    static let shares = [0.5, 0.6, 0.7, 0.8, 0.9, 1]

    /// - Throws: ``SpecSearchError`` `badSetting`, naming what is out of range.
    package init(_ plan: SearchCostPlan, _ setting: PlanSetting) throws {
        self.plan = plan
        self.setting = setting
        accounts = Dictionary(
            uniqueKeysWithValues: try Self.methods.map { ($0.rawValue, try plan.account($0, setting)) })
        acceptances = try Self.shares.flatMap { share in
            try Set([3, 6, 12, setting.width]).sorted().map { width in
                var other = setting
                other.width = width
                return try Row(plan, other, acceptance: share)
            }
        }
        speculation = try Set([0, 2, 4, 8, 12, 16, setting.numSpeculativeTokens]).sorted().map { number in
            var other = setting
            other.numSpeculativeTokens = number
            return try Row(plan, other)
        }
        // Where two are equal the simpler comes first.
        best = try Self.methods.map { method in
            let found = try plan.best(method, setting)
            return Best(method: method, setting: found.setting, seconds: found.seconds)
        }
        .sorted { $0.seconds < $1.seconds }
        let rival = best.filter { $0.method != .specsearch }.map(\.seconds).min() ?? 0
        paysFrom = try (0...20).map { Double($0) / 20 }.first { share in
            var other = plan
            other.workload.acceptance = share
            return try other.best(.specsearch, setting).seconds < rival
        }
    }

    /// The variants by which the prediction is checked: a search's settings by each method.
    package static func variants(_ configuration: SearchConfiguration) -> [Variant] {
        methods.map { method in
            var configuration = configuration
            configuration.method = method
            return Variant(name: method.rawValue, configuration: configuration)
        }
    }

    /// Takes in what ``variants(_:)`` did.
    package mutating func check(against records: [EvaluationRecord]) {
        let summary = RunSummary(records, variants: Self.methods.map(\.rawValue))
        check = summary.comparisons.compactMap { comparison in
            guard let mine = accounts[comparison.method], let theirs = accounts[comparison.baseline] else { return nil }
            let predicted = theirs.total / mine.total
            return Comparison(
                method: comparison.method, baseline: comparison.baseline, predicted: predicted,
                measured: comparison.speedup, measuredInterval: comparison.speedupInterval,
                error: predicted / comparison.speedup - 1)
        }
    }
}
