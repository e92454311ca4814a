package import SpecSearch
package import SpecSearchEvaluation

/// The figures of `specsearch plan`.
package struct PlanReport: Encodable {
    /// The speed-ups of a setting, with the acceptance that they hold for.
    package struct Row: Encodable {
        let acceptance: Double
        let setting: PlanSetting
        let specsearchToAR: Double
        /// Nil where the two share no tokens, so that there is no SpS.
        let specsearchToSpS: Double?
        let spsToAR: Double?

        init(_ plan: SearchCostPlan, _ setting: PlanSetting, pairs: Bool, acceptance: Double? = nil) throws {
            var plan = plan
            if let acceptance { plan.workload.acceptance = acceptance }
            self.acceptance = plan.workload.acceptance
            self.setting = setting
            let ar = try plan.seconds(.ar, setting)
            let sps = pairs ? try plan.seconds(.sps, setting) : nil
            let both = try plan.seconds(.specsearch, setting)
            (specsearchToAR, specsearchToSpS, spsToAR) = (ar / both, sps.map { $0 / both }, sps.map { ar / $0 })
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
    package let setting: PlanSetting
    let accounts: [String: SearchCostPlan.Account]
    let acceptances: [Row]
    /// By the number of speculative tokens; empty where draft and target share none.
    package let speculation: [Row]
    /// Fastest first.
    let best: [Best]
    /// The least share of kept drafts from which SpecSearch is the fastest, each method at its best; nil where it never is.
    let paysFrom: Double?
    private(set) var check: [Comparison]?
    /// Whether the draft can propose tokens to the target.
    let pairs: Bool

    private enum CodingKeys: CodingKey {
        case plan, setting, accounts, acceptances, speculation, best, paysFrom, check
    }

    /// The methods that are compared.
    ///
    /// - Parameter pairs: Whether the draft can propose tokens to the target.
    static func methods(pairs: Bool) -> [SearchMethod] { pairs ? [.ar, .sps, .specsearch] : [.ar, .specsearch] }

    var methods: [SearchMethod] { Self.methods(pairs: pairs) }

    static let shares = [0.5, 0.6, 0.7, 0.8, 0.9, 1]

    /// - Parameter pairs: Whether the draft can propose tokens to the target; where not, nothing is said of it.
    /// - Throws: ``SpecSearchError`` `badSetting`, naming what is out of range.
    package init(_ plan: SearchCostPlan, _ setting: PlanSetting, pairs: Bool = true) throws {
        var setting = setting
        if !pairs { setting.numSpeculativeTokens = 0 }
        self.plan = plan
        self.setting = setting
        self.pairs = pairs
        let methods = Self.methods(pairs: pairs)
        accounts = Dictionary(
            uniqueKeysWithValues: try methods.map { ($0.rawValue, try plan.account($0, setting)) })
        acceptances = try Self.shares.flatMap { share in
            try Set([3, 6, 12, setting.width]).sorted().map { width in
                var other = setting
                other.width = width
                return try Row(plan, other, pairs: pairs, acceptance: share)
            }
        }
        let numbers = pairs ? Set([0, 2, 4, 8, 12, 16, setting.numSpeculativeTokens]).sorted() : []
        speculation = try numbers.map { number in
            var other = setting
            other.numSpeculativeTokens = number
            return try Row(plan, other, pairs: pairs)
        }
        func fastest(_ plan: SearchCostPlan, _ method: SearchMethod) throws -> (setting: PlanSetting, seconds: Double) {
            pairs ? try plan.best(method, setting) : try plan.best(method, setting, numSpeculativeTokens: [0])
        }
        // Where two are equal the simpler comes first.
        best = try methods.map { method in
            let found = try fastest(plan, method)
            return Best(method: method, setting: found.setting, seconds: found.seconds)
        }
        .sorted { $0.seconds < $1.seconds }
        let rival = best.filter { $0.method != .specsearch }.map(\.seconds).min() ?? 0
        paysFrom = try (0...20).map { Double($0) / 20 }.first { share in
            var other = plan
            other.workload.acceptance = share
            return try fastest(other, .specsearch).seconds < rival
        }
    }

    /// The variants by which the prediction is checked: a search's settings by each method.
    package func variants(_ configuration: SearchConfiguration) -> [Variant] {
        methods.map { method in
            var configuration = configuration
            configuration.method = method
            return Variant(name: method.rawValue, configuration: configuration)
        }
    }

    /// Takes in what ``variants(_:)`` did.
    package mutating func check(against records: [EvaluationRecord]) {
        let summary = RunSummary(records, variants: methods.map(\.rawValue))
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
