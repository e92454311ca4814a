/// Who writes the thoughts of a search.
public enum SearchMethod: String, Sendable, Hashable, Codable, CaseIterable {
    /// Drafts by the small model, corrections by the large one, which speculates on tokens too.
    case specsearch
    /// The large model alone, with token-level speculation.
    case sps
    /// The large model alone, autoregressive.
    case ar
    /// The small model alone.
    case draft
}

/// Everything that decides a search, but for the models.
public struct SearchConfiguration: Sendable, Hashable, Codable {
    public var method = SearchMethod.specsearch
    /// Paths that are followed side by side.
    public var beams = 2
    /// The most steps of a path.
    public var maximumDepth = 50
    /// Whether a finished path gives its beam slot back (off, as in OpenR: it keeps the slot).
    public var keepBeamFull = false
    /// Width, draft factor, rejection and correction; AR, SpS and draft use only the width.
    public var speculation = SpeculativeThoughtGenerator.Configuration()
    /// How step scores rank paths; nil takes the reward model's own way.
    public var aggregation: ScoreAggregation?
    public var sampling = SamplingParameters()
    /// The seed of all random numbers.
    public var seed: UInt64 = 0
    /// What the search may cost.
    public var budget = SearchBudget()
    /// The text before an answer; what follows it, up to the end of the line, is the answer.
    public var answerPrefix: String?

    public init() {}
}

/// What a search may cost; it then ends with the best so far.
public struct SearchBudget: Sendable, Hashable, Codable {
    /// Wall-clock seconds; a search ends within one forward pass of it.
    public var seconds: Double?
    /// Tokens evaluated by all models together, looked at after each depth.
    public var tokens: Int?

    public init(seconds: Double? = nil, tokens: Int? = nil) {
        self.seconds = seconds
        self.tokens = tokens
    }
}

/// The models of a search.
public struct SearchModels: Sendable {
    /// The small model; not needed by AR and SpS.
    public var draft: (any ThoughtSampler)?
    /// The large model; one that speculates on tokens makes AR into SpS; not needed by the method `draft`.
    public var target: (any ThoughtSampler)?
    /// The process reward model.
    public var evaluator: any ThoughtEvaluator

    public init(draft: (any ThoughtSampler)?, target: (any ThoughtSampler)?, evaluator: any ThoughtEvaluator) {
        self.draft = draft
        self.target = target
        self.evaluator = evaluator
    }
}
