public import SpecSearch

/// How scores are read from a reward model on another machine.
public struct RemoteRewardModel: Sendable {
    /// Where the score stands.
    public enum Reading: Sendable, Hashable {
        /// In the probability of the step's tokens; the verifier shares the writers' vocabulary.
        case likelihood
        /// In the log-probabilities of two label tokens after a tag that follows each step.
        case labels(good: Label, bad: Label)
        /// In a column of a class head at a tag that follows each step (vLLM's `/pooling`).
        case classes(good: Int)
    }

    /// A label: its text, its id, or both, which are then checked against each other.
    public struct Label: Sendable, Hashable {
        public var text: String?
        public var id: Token?
        public init(text: String? = nil, id: Token? = nil) {
            self.text = text
            self.id = id
        }
    }

    public var reading: Reading
    /// The prompt, with `{problem}` in it.
    public var template: String
    /// The text right after each step; not for likelihoods.
    public var tag: String
    /// The id of the tag's last token, to be checked.
    public var tagId: Token?
    /// The text between a tag and the next step.
    public var stepSeparator: String
    /// How step scores rank a path.
    public var aggregation: ScoreAggregation
    /// Raw scores to calibrated ones.
    public var calibration: (@Sendable (Double) -> Double)?

    public init(
        _ reading: Reading, template: String = "{problem}\n\n", tag: String = "", tagId: Token? = nil,
        stepSeparator: String = "", aggregation: ScoreAggregation? = nil,
        calibration: (@Sendable (Double) -> Double)? = nil
    ) {
        self.reading = reading
        self.template = template
        self.tag = tag
        self.tagId = tagId
        self.stepSeparator = stepSeparator
        self.aggregation = aggregation ?? (reading == .likelihood ? .product : .last)
        self.calibration = calibration
    }
}
