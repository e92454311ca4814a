/// The options that every search has, whatever its algorithm and generator.
public struct SearchOptions: Sendable, Hashable {
    /// The limits of a search's cost; it then ends with the best so far.
    public struct Budget: Sendable, Hashable {
        /// Wall-clock seconds; a search ends within one forward pass of it.
        public var seconds: Double?
        /// Tokens evaluated by all models together, looked at before each batch of expansions.
        public var tokens: Int?
        /// Thoughts that the search asks for; a batch that would exceed it is not begun.
        ///
        /// It counts the widths of expansions, so drafts and their corrections do not count twice, and every method
        /// searches as much.
        public var thoughts: Int?

        public init(seconds: Double? = nil, tokens: Int? = nil, thoughts: Int? = nil) {
            self.seconds = seconds
            self.tokens = tokens
            self.thoughts = thoughts
        }
    }

    /// The sampling parameters; nil for what suits the models.
    public var sampling: SamplingParameters?
    /// The most steps of a path.
    public var maximumDepth = 50
    /// The way in which step scores rank paths; nil takes the reward model's own way.
    public var aggregation: ScoreAggregation?
    /// The rule that chooses the answer among the finished paths; nil takes the algorithm's own way.
    public var answerRule: AnswerRule?
    /// The text before an answer; nil for what suits the models.
    public var answerMarker: String?
    /// The limits of the search's cost.
    public var budget = Budget()
    /// Whether the draft begins the next step of paths that go on while the target still corrects others.
    ///
    /// For models on servers, or on devices of their own. The result is the same; what was begun and turned out not to be needed
    /// is in no count. After SPEX (2605.10195).
    public var overlaps = false
    /// Whether paths are followed to their ends that cannot change the answer any more, for whoever looks at them.
    public var followsAllPaths = false
    /// The seed of all random numbers.
    public var seed: UInt64 = 0

    public init() {}

    /// Checks every option's range, as that of the setting of the same name.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` that names the first option out of range.
    func validate() throws(SpecSearchError) {
        var configuration = SearchConfiguration()
        configuration.options = self
        if let sampling {
            configuration.sampling.temperature = sampling.temperature
            configuration.sampling.topK = sampling.topK
            configuration.sampling.topP = sampling.topP
            configuration.sampling.minP = sampling.minP
            configuration.sampling.maximumTokens = sampling.maximumTokens
            configuration.sampling.delimiter = sampling.delimiter
        }
        try configuration.validate()
    }
}
