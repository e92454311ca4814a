/// The figures of searches of one kind of problem that their cost depends on; a few searches show them.
public struct SearchWorkload: Sendable, Hashable, Codable {
    /// Depths of a search, the first step included.
    public var steps: Double
    /// How often the longest thought of a depth has so many tokens, its delimiter included; only the ratios matter.
    public var stepTokens: [Int: Double]
    /// The tokens of a prompt.
    public var promptTokens = 0.0
    /// The share of the drafts that reach the threshold.
    public var acceptance: Double
    /// The share of the nodes whose drafts are all kept or all rejected, because they say the same; 0 where drafts are
    /// kept independently of one another.
    public var agreement = 0.6
    /// The probability that the target takes a token of a token-level draft.
    public var tokenAcceptance: Double
    /// Nodes that a depth expands, as a share of the beams: fewer where paths end or their thoughts are the same.
    public var occupancy = 1.0
    /// How the distinct sequences of a node's n samples grow: n to this power, so 1 where samples share nothing, and 0 where
    /// all say the same and the engine evaluates that once.
    public var targetSharing = 1.0
    public var draftSharing = 1.0

    public init(steps: Double, stepTokens: [Int: Double], acceptance: Double, tokenAcceptance: Double) {
        self.steps = steps
        self.stepTokens = stepTokens
        self.acceptance = acceptance
        self.tokenAcceptance = tokenAcceptance
    }

    /// - Throws: ``SpecSearchError`` `badSetting` that names the first figure out of range.
    func validate() throws(SpecSearchError) {
        let shares = [
            ("acceptance", acceptance), ("agreement", agreement), ("token acceptance", tokenAcceptance),
            ("occupancy", occupancy), ("target's sharing exponent", targetSharing),
            ("draft's sharing exponent", draftSharing),
        ]
        for (name, value) in shares where !(0...1).contains(value) {
            throw SpecSearchError(.badSetting, "The \(name) cannot be \(value).", remedy: "It lies in 0 ... 1.")
        }
        guard steps >= 1, steps.isFinite else {
            throw SpecSearchError(.badSetting, "A search cannot have \(steps) steps.", remedy: "It has at least one.")
        }
        guard promptTokens >= 0, promptTokens.isFinite else {
            throw SpecSearchError(
                .badSetting, "A prompt cannot have \(promptTokens) tokens.", remedy: "Give 0 or more.")
        }
        guard !stepTokens.isEmpty,
            stepTokens.allSatisfy({ (1...1 << 16).contains($0.key) && $0.value > 0 && $0.value.isFinite })
        else {
            throw SpecSearchError(
                .badSetting, "The tokens of a step are not known.", remedy: "Give 1 to 65,536 tokens.")
        }
    }

    /// Lengths of steps and their shares, which add up to 1; at most 16, neighbours being merged.
    var lengths: [(tokens: Int, share: Double)] {
        let total = stepTokens.values.reduce(0, +)
        let sorted = stepTokens.sorted { $0.key < $1.key }
        guard sorted.count > 16 else { return sorted.map { ($0.key, $0.value / total) } }
        var merged: [(tokens: Int, share: Double)] = []
        var weight = 0.0
        var sum = 0.0
        for (tokens, count) in sorted {
            weight += count / total
            sum += Double(tokens) * count / total
            if weight >= 1 / 16 || tokens == sorted.last?.key {
                merged.append((Int((sum / weight).rounded()), weight))
                (weight, sum) = (0, 0)
            }
        }
        return merged
    }

    /// The mean tokens of a depth's longest thought.
    public var meanStepTokens: Double { lengths.reduce(0) { $0 + Double($1.tokens) * $1.share } }
}

/// The settings that the cost of a search depends on.
public struct PlanSetting: Sendable, Hashable, Codable {
    public var beams: Int
    public var width: Int
    /// Drafts of a node, as a multiple of the width.
    public var draftFactor: Int
    /// γ, the most tokens that the draft proposes to the target at once; 0 for none.
    public var numSpeculativeTokens: Int
    /// The parts in which a node's drafts are sampled.
    public var draftWaves = 1
    /// What the target generates in place of rejected drafts; `all` is reckoned as `fill`.
    public var correction = SpeculativeThoughtGenerator.Correction.fill

    public init(beams: Int = 2, width: Int = 6, draftFactor: Int = 2, numSpeculativeTokens: Int = 12) {
        self.beams = beams
        self.width = width
        self.draftFactor = draftFactor
        self.numSpeculativeTokens = numSpeculativeTokens
    }

    /// The setting of a search.
    package init(_ configuration: SearchConfiguration, numSpeculativeTokens: Int) {
        let speculation = configuration.speculation
        self.init(
            beams: configuration.beams, width: configuration.width, draftFactor: speculation.draftFactor,
            numSpeculativeTokens: numSpeculativeTokens)
        draftWaves = speculation.draftWaves
        correction = speculation.correction
    }

    /// - Throws: ``SpecSearchError`` `badSetting` that names the first setting out of range.
    func validate() throws(SpecSearchError) {
        let rules: [(String, Int, ClosedRange<Int>)] = [
            ("beams", beams, 1...1 << 16), ("width", width, 1...1024), ("draft factor", draftFactor, 1...64),
            ("number of speculative tokens", numSpeculativeTokens, 0...64), ("number of waves", draftWaves, 1...64),
        ]
        for (name, value, range) in rules where !range.contains(value) {
            throw SpecSearchError(
                .badSetting, "The \(name) cannot be \(value).",
                remedy: "It lies in \(range.lowerBound) ... \(range.upperBound).")
        }
    }
}
