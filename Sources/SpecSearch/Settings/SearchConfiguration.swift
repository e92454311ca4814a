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
    /// Which search runs.
    public var search = SearchKind.beam
    /// Paths that are followed side by side: a beam's slots, and DVTS's subtrees; best-of-N follows beams × width
    /// chains, and REBASE shares out as many thoughts a depth.
    public var beams = 2
    /// The most steps of a path.
    public var maximumDepth = 50
    /// Whether a finished path gives its beam slot back (off, as in OpenR: it keeps the slot).
    public var keepBeamFull = false
    /// Iterations of Monte Carlo tree search; nil takes 32, and the paper's 4 in OpenR's way.
    public var iterations: Int?
    /// How Monte Carlo tree search selects.
    public var treePolicy = TreePolicy.puct
    /// The exploration constant c; nil takes 1.25 for PUCT and √2 for UCT.
    public var exploration: Double?
    /// The softmax temperature of REBASE.
    public var balanceTemperature = 0.2
    /// Greedy steps that are written beyond every new thought only to score it better (lookahead).
    public var lookahead = 0
    /// How the answer is chosen among the finished paths; nil takes the majority for self-consistency and the best path
    /// elsewhere.
    public var answerRule: AnswerRule?
    /// Width, draft factor, rejection and correction; AR, SpS and draft use only the width.
    public var speculation = SpeculativeThoughtGenerator.Configuration()
    /// How step scores rank paths; nil takes the reward model's own way.
    public var aggregation: ScoreAggregation?
    /// Who scores steps; whoever puts a search's models together goes by it.
    public var judge = StepJudge.rewardModel
    public var sampling = SamplingParameters()
    /// The seed of all random numbers.
    public var seed: UInt64 = 0
    /// What the search may cost.
    public var budget = SearchBudget()
    /// The text before an answer; what follows it, up to the end of the line, is the answer.
    public var answerPrefix: String?

    public init() {}

    /// Settings that are missing, as they are in traces of earlier versions, have their defaults.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        method = try values.decode(SearchMethod.self, forKey: .method)
        search = try values.decodeIfPresent(SearchKind.self, forKey: .search) ?? search
        beams = try values.decode(Int.self, forKey: .beams)
        maximumDepth = try values.decode(Int.self, forKey: .maximumDepth)
        keepBeamFull = try values.decode(Bool.self, forKey: .keepBeamFull)
        iterations = try values.decodeIfPresent(Int.self, forKey: .iterations)
        treePolicy = try values.decodeIfPresent(TreePolicy.self, forKey: .treePolicy) ?? treePolicy
        exploration = try values.decodeIfPresent(Double.self, forKey: .exploration)
        balanceTemperature =
            try values.decodeIfPresent(Double.self, forKey: .balanceTemperature) ?? balanceTemperature
        lookahead = try values.decodeIfPresent(Int.self, forKey: .lookahead) ?? lookahead
        answerRule = try values.decodeIfPresent(AnswerRule.self, forKey: .answerRule)
        speculation = try values.decode(SpeculativeThoughtGenerator.Configuration.self, forKey: .speculation)
        aggregation = try values.decodeIfPresent(ScoreAggregation.self, forKey: .aggregation)
        judge = try values.decodeIfPresent(StepJudge.self, forKey: .judge) ?? judge
        sampling = try values.decode(SamplingParameters.self, forKey: .sampling)
        seed = try values.decode(UInt64.self, forKey: .seed)
        budget = try values.decode(SearchBudget.self, forKey: .budget)
        answerPrefix = try values.decodeIfPresent(String.self, forKey: .answerPrefix)
    }
}

/// How Monte Carlo tree search goes down its tree.
public enum TreePolicy: String, Sendable, Hashable, Codable, CaseIterable {
    case puct, uct
}

/// What a search may cost; it then ends with the best so far.
public struct SearchBudget: Sendable, Hashable, Codable {
    /// Wall-clock seconds; a search ends within one forward pass of it.
    public var seconds: Double?
    /// Tokens evaluated by all models together, looked at before each batch of expansions.
    public var tokens: Int?
    /// Thoughts that the search asks for; a batch that would exceed it is not begun.
    ///
    /// It counts the widths of expansions, so drafts and their corrections do not count twice, and every method searches
    /// as much.
    public var thoughts: Int?

    public init(seconds: Double? = nil, tokens: Int? = nil, thoughts: Int? = nil) {
        self.seconds = seconds
        self.tokens = tokens
        self.thoughts = thoughts
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
