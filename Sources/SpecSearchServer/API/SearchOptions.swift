internal import SpecSearch

/// The `specsearch` object of a request: how to search.
struct SearchOptions: Decodable, Sendable {
    var method: SearchMethod?
    var search: SearchKind?
    var beams: Int?
    var width: Int?
    var depth: Int?
    var iterations: Int?
    var treePolicy: TreePolicy?
    var exploration: Double?
    var lookahead: Int?
    var draftFactor: Int?
    var theta: Double?
    var estimator: String?
    var threshold: Double?
    var margin: Double?
    var correction: SpeculativeThoughtGenerator.Correction?
    var answer: AnswerRule?
    var budgetTokens: Int?
    var budgetThoughts: Int?
    var deadlineMilliseconds: Double?
    var returnsTrace: Bool?

    enum CodingKeys: String, CodingKey, CaseIterable {
        case method
        case search = "strategy"
        case beams = "beam_width"
        case width = "expansions"
        case depth = "max_steps"
        case iterations
        case treePolicy = "tree_policy"
        case exploration, lookahead
        case draftFactor = "draft_factor"
        case theta, estimator
        case threshold = "prm_threshold"
        case margin, correction, answer
        case budgetTokens = "budget_tokens"
        case budgetThoughts = "budget_thoughts"
        case deadlineMilliseconds = "deadline_ms"
        case returnsTrace = "return_trace"
    }

    init() {}

    init(from decoder: any Decoder) throws {
        // A misspelt option would be a search other than the one that was asked for, so it is refused.
        let all = try decoder.container(keyedBy: AnyKey.self)
        if let unknown = all.allKeys.map(\.stringValue).sorted().first(where: { CodingKeys(stringValue: $0) == nil }) {
            let known = CodingKeys.allCases.map(\.rawValue).joined(separator: ", ")
            throw APIError.invalid("There is no option \(unknown.shortened): \(known) are known.", param: "specsearch")
        }
        let values = try decoder.container(keyedBy: CodingKeys.self)
        method = try values.decodeIfPresent(SearchMethod.self, forKey: .method)
        search = try values.decodeIfPresent(SearchKind.self, forKey: .search)
        beams = try values.decodeIfPresent(Int.self, forKey: .beams)
        width = try values.decodeIfPresent(Int.self, forKey: .width)
        depth = try values.decodeIfPresent(Int.self, forKey: .depth)
        iterations = try values.decodeIfPresent(Int.self, forKey: .iterations)
        treePolicy = try values.decodeIfPresent(TreePolicy.self, forKey: .treePolicy)
        exploration = try values.decodeIfPresent(Double.self, forKey: .exploration)
        lookahead = try values.decodeIfPresent(Int.self, forKey: .lookahead)
        draftFactor = try values.decodeIfPresent(Int.self, forKey: .draftFactor)
        theta = try values.decodeIfPresent(Double.self, forKey: .theta)
        estimator = try values.decodeIfPresent(String.self, forKey: .estimator)
        threshold = try values.decodeIfPresent(Double.self, forKey: .threshold)
        margin = try values.decodeIfPresent(Double.self, forKey: .margin)
        correction = try values.decodeIfPresent(SpeculativeThoughtGenerator.Correction.self, forKey: .correction)
        answer = try values.decodeIfPresent(AnswerRule.self, forKey: .answer)
        budgetTokens = try values.decodeIfPresent(Int.self, forKey: .budgetTokens)
        budgetThoughts = try values.decodeIfPresent(Int.self, forKey: .budgetThoughts)
        deadlineMilliseconds = try values.decodeIfPresent(Double.self, forKey: .deadlineMilliseconds)
        returnsTrace = try values.decodeIfPresent(Bool.self, forKey: .returnsTrace)
    }

    /// The settings of a search.
    ///
    /// - Throws: ``APIError``, naming the option that is out of range.
    func configuration(
        _ defaults: SearchConfiguration, limits: ServerConfiguration.Limits
    ) throws(APIError) -> SearchConfiguration {
        var result = defaults
        if let method { result.method = method }
        if let search { result.search = search }
        if let treePolicy { result.treePolicy = treePolicy }
        if let answer { result.answerRule = answer }
        if let correction { result.speculation.correction = correction }
        try set(&result.beams, beams, .beams, in: 1...limits.beams)
        try set(&result.speculation.width, width, .width, in: 1...limits.width)
        try set(&result.maximumDepth, depth, .depth, in: 1...limits.depth)
        try set(&result.lookahead, lookahead, .lookahead, in: 0...16)
        try set(&result.speculation.draftFactor, draftFactor, .draftFactor, in: 1...8)
        try set(&result.speculation.rejection.theta, theta, .theta, in: 0...1)
        try set(&result.speculation.rejection.margin, margin, .margin, in: -1...1)
        try set(&result.iterations, iterations, .iterations, in: 1...limits.iterations)
        try set(&result.exploration, exploration, .exploration, in: 0...1000)
        if let estimator {
            guard let estimator = ThresholdEstimator(name: estimator) else {
                throw .invalid(
                    "There is no estimator \(estimator.shortened): \(ThresholdEstimator.names) are known.",
                    param: "specsearch.estimator")
            }
            result.speculation.rejection.estimator = estimator
        }
        if let threshold {
            var value = 0.0
            try set(&value, threshold, .threshold, in: 0...1)
            result.speculation.rejection.estimator = .fixed(value)
        }
        try set(&result.budget.tokens, budgetTokens, .budgetTokens, in: 1...1_000_000_000)
        try set(&result.budget.thoughts, budgetThoughts, .budgetThoughts, in: 1...1_000_000_000)
        var seconds = min(defaults.budget.seconds ?? limits.seconds, limits.seconds)
        if let deadlineMilliseconds {
            try set(
                &seconds, deadlineMilliseconds / 1000, .deadlineMilliseconds, in: 0.001...limits.seconds, scale: 1000)
        }
        result.budget.seconds = seconds
        guard result.lookahead == 0 || result.search != .selfConsistency else {
            throw .invalid("self-consistency has no scores for lookahead.", param: "specsearch.lookahead")
        }
        return result
    }

    private func set<Value: Comparable & Numeric>(
        _ place: inout Value?, _ value: Value?, _ key: CodingKeys, in range: ClosedRange<Value>
    ) throws(APIError) {
        guard var found = value else { return }
        try set(&found, value, key, in: range)
        place = found
    }

    private func set<Value: Comparable & Numeric>(
        _ place: inout Value, _ value: Value?, _ key: CodingKeys, in range: ClosedRange<Value>, scale: Value = 1
    ) throws(APIError) {
        guard let value else { return }
        guard range.contains(value) else {
            throw .invalid(
                "\(key.rawValue) lies in \(range.lowerBound * scale) ... \(range.upperBound * scale) on this server.",
                param: "specsearch.\(key.rawValue)")
        }
        place = value
    }
}

/// A key with any name.
struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension String {
    /// What of a caller's text may stand in an error.
    var shortened: String { "\"" + (count > 60 ? prefix(60) + "…" : self[...]) + "\"" }
}
