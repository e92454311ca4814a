public import SpecSearch

extension RemoteRewardModel {
    /// How scores are read from a reward model on other machines.
    ///
    /// ```swift
    /// let shepherd = RemoteRewardModel.Configuration(.labels(good: "+", bad: "-"), stepToken: " ки")
    /// let verifier = RemoteRewardModel.Configuration(.likelihood)
    /// let qwen = RemoteRewardModel.Configuration(.classes(good: 1), template: "server", stepToken: "<extra_0>")
    /// ```
    public struct Configuration: Sendable {
        /// Where the score stands.
        public enum Reading: Sendable, Hashable {
            /// In the probability of the step's tokens; the verifier shares the language models' vocabulary.
            case likelihood
            /// In the log-probabilities of two label tokens after a step token that follows each step.
            case labels(good: Label, bad: Label)
            /// In a column of a class head at a step token that follows each step (vLLM's `/pooling`).
            case classes(good: Int)
        }

        /// A label token: its text, or its id, which goes first.
        public struct Label: Sendable, Hashable, ExpressibleByStringLiteral {
            public var text: String?
            public var id: Token?

            public init(text: String? = nil, id: Token? = nil) {
                self.text = text
                self.id = id
            }

            public init(stringLiteral text: String) { self.init(text: text) }
        }

        /// Where the score stands.
        public var reading: Reading
        /// The prompt with `{problem}` in it, or `server` for the chat template of the server's model; nil for the
        /// group's.
        public var template: String?
        /// The text right after each step, at whose last token the score is read; not for likelihoods.
        public var stepToken: String
        /// The id of the step token's last token, to be checked; nil for no check.
        public var stepTokenID: Token?
        /// The text between a step token and the next step.
        public var stepSeparator: String
        /// How step scores rank a path.
        public var aggregation: ScoreAggregation
        /// From raw scores to calibrated ones.
        public var calibration: (@Sendable (Double) -> Double)?

        /// The `aggregation` nil is `.product` for likelihoods and `.last` for all others.
        public init(
            _ reading: Reading, template: String? = nil, stepToken: String = "", stepTokenID: Token? = nil,
            stepSeparator: String = "", aggregation: ScoreAggregation? = nil,
            calibration: (@Sendable (Double) -> Double)? = nil
        ) {
            self.reading = reading
            self.template = template
            self.stepToken = stepToken
            self.stepTokenID = stepTokenID
            self.stepSeparator = stepSeparator
            self.aggregation = aggregation ?? (reading == .likelihood ? .product : .last)
            self.calibration = calibration
        }
    }
}
