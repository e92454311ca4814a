import Foundation
public import SpecSearch

/// How step scores are read from a language model: the JSON file beside a reward model.
///
/// ```swift
/// let configuration = try RewardModelConfiguration.load(path: "Models/prm.json")
/// let engine = try await LlamaEngine(models, rewardModel: configuration)
/// ```
/// `likelihood` is a verifier whose score is the probability of the step's tokens. The others read at a step token, after
/// the step: `label` the logits of two label tokens, `grade` those of a judge's grades, `head` the hidden state, which may
/// also be read at the step's own end: see ``position``. With
/// ``placement`` `lastStep` the step token stands once, after the whole text, as judges want it; with `outcome` too, but
/// only finished paths are scored, as outcome reward models want it, and other steps have the score 0.5.
public struct RewardModelConfiguration: Sendable, Hashable, Codable {
    /// How a score is read.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// exp(Σ log p) of the step's tokens.
        case likelihood
        /// The softmax of two label logits at the step token.
        case label
        /// The mean of grades under the softmax of their logits at the step token.
        case grade
        /// A classifier over the hidden state at the step token.
        case head
    }

    /// After which steps of a path the step token stands.
    public enum Placement: String, Sendable, Hashable, Codable {
        case eachStep
        case lastStep
        case outcome
    }

    /// The token at which a classifier reads the hidden state.
    public enum Position: String, Sendable, Hashable, Codable {
        /// The last token of the step token, which is evaluated after the step for the score alone.
        case stepToken
        /// The step's last token as it was sampled: the delimiter, or the end of the text.
        ///
        /// Sampling has not evaluated it, so a score takes one token, which the next step does not evaluate again.
        case lastToken
        /// The token before that, whose state is what the step's last token was drawn from.
        ///
        /// With the model that sampled the step it costs nothing, and neither does the score of a step's beginning.
        case beforeLastToken
    }

    /// The layers of a classifier.
    public struct Head: Sendable, Hashable, Codable {
        /// Their safetensors file, relative to the configuration.
        public var file: String
        /// The names of the linear layers, in order; there is a ReLU between two of them.
        public var layers: [String]
        /// Which output speaks for the step: by default the second of several, or the only one.
        public var good: Int?

        public init(file: String, layers: [String], good: Int? = nil) {
            self.file = file
            self.layers = layers
            self.good = good
        }
    }

    /// Two paths of one problem, told apart by any reward model that is read rightly.
    public struct Check: Sendable, Hashable, Codable {
        /// The problem.
        public var problem: String
        /// Steps of which the last is right.
        public var good: [String]
        /// Steps of which the last is wrong.
        public var bad: [String]

        public init(problem: String, good: [String], bad: [String]) {
            self.problem = problem
            self.good = good
            self.bad = bad
        }
    }

    /// A step function that maps raw scores to calibrated ones without changing their order.
    public struct Calibration: Sendable, Hashable, Codable {
        /// Where the steps are, ascending.
        public var thresholds: [Double]
        /// The values, ascending, one more than thresholds: `values[i]` is for `thresholds[i-1] ..< thresholds[i]`.
        public var values: [Double]

        public init(thresholds: [Double], values: [Double]) {
            self.thresholds = thresholds
            self.values = values
        }

        /// The calibrated score.
        public func callAsFunction(_ score: Double) -> Double {
            var low = 0
            var high = thresholds.count
            while low < high {
                let middle = (low + high) / 2
                if thresholds[middle] <= score { low = middle + 1 } else { high = middle }
            }
            return values[low]
        }
    }

    /// How a score is read.
    public var kind: Kind
    /// The prompt, with `{problem}` in it.
    public var template: String
    /// How step scores rank a path; by default `product` for likelihoods and `last` for labels.
    public var aggregation: ScoreAggregation?
    /// What raw scores mean, if it was measured.
    public var calibration: Calibration?
    /// The text right after a step, a space before it included, at whose last token the score is read;
    /// in files also `tag`.
    public var stepToken: String?
    /// The id of the step token's last token, to be checked; in files also `tagId`.
    public var stepTokenId: Token?
    /// Label models: the token whose logit speaks for the step.
    public var good: String?
    /// Label models: the id of `good`, to be checked, or instead of it.
    public var goodId: Token?
    /// Label models: the token whose logit speaks against the step.
    public var bad: String?
    /// Label models: the id of `bad`, to be checked, or instead of it.
    public var badId: Token?
    /// Classifiers: where the hidden state is read, `stepToken` unless said.
    ///
    /// Elsewhere the text is the prompt and the tokens of the steps as they were sampled, delimiters included, without step
    /// tokens. Take the draft's file and its template for the reward model, and what was drafted is scored for nothing, and
    /// what another model generated is evaluated once for its score and for the steps after it.
    public var position: Position?
    /// The text between a step token and the next step.
    public var stepSeparator: String?
    /// After which steps the step token stands; `eachStep` unless said.
    public var placement: Placement?
    /// Whether each line of a step is tokenised by itself and followed by the step token.
    public var tokenisesLines: Bool?
    /// Judges: the tokens of the grades, the worst first.
    public var grades: [String]?
    /// Classifiers: the layers over the hidden state.
    public var head: Head?
    /// What is scored at start-up, to see that the configuration fits the model.
    public var check: Check?

    /// A likelihood verifier.
    public init(template: String, aggregation: ScoreAggregation? = nil, calibration: Calibration? = nil) {
        kind = .likelihood
        self.template = template
        self.aggregation = aggregation
        self.calibration = calibration
    }

    /// A label model.
    public init(
        template: String, stepToken: String, stepTokenId: Token? = nil, good: String? = nil, goodId: Token? = nil,
        bad: String? = nil, badId: Token? = nil, stepSeparator: String? = nil, aggregation: ScoreAggregation? = nil
    ) {
        kind = .label
        self.template = template
        self.stepToken = stepToken
        self.stepTokenId = stepTokenId
        self.good = good
        self.goodId = goodId
        self.bad = bad
        self.badId = badId
        self.stepSeparator = stepSeparator
        self.aggregation = aggregation
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case kind, template, aggregation, calibration, stepToken, stepTokenId, good, goodId, bad, badId, stepSeparator
        case position, placement, tokenisesLines, grades, head, check
    }

    /// Names of earlier versions.
    private enum OldKeys: String, CodingKey { case tag, tagId }

    public init(from decoder: any Decoder) throws {
        try decoder.refuseKeys(except: CodingKeys.allCases.map(\.rawValue), former: ["tag", "tagId"])
        let values = try decoder.container(keyedBy: CodingKeys.self)
        let old = try decoder.container(keyedBy: OldKeys.self)
        kind = try values.decode(Kind.self, forKey: .kind)
        template = try values.decode(String.self, forKey: .template)
        aggregation = try values.decodeIfPresent(ScoreAggregation.self, forKey: .aggregation)
        calibration = try values.decodeIfPresent(Calibration.self, forKey: .calibration)
        stepToken =
            try values.decodeIfPresent(String.self, forKey: .stepToken)
            ?? old.decodeIfPresent(String.self, forKey: .tag)
        stepTokenId =
            try values.decodeIfPresent(Token.self, forKey: .stepTokenId)
            ?? old.decodeIfPresent(Token.self, forKey: .tagId)
        good = try values.decodeIfPresent(String.self, forKey: .good)
        goodId = try values.decodeIfPresent(Token.self, forKey: .goodId)
        bad = try values.decodeIfPresent(String.self, forKey: .bad)
        badId = try values.decodeIfPresent(Token.self, forKey: .badId)
        position = try values.decodeIfPresent(Position.self, forKey: .position)
        stepSeparator = try values.decodeIfPresent(String.self, forKey: .stepSeparator)
        placement = try values.decodeIfPresent(Placement.self, forKey: .placement)
        tokenisesLines = try values.decodeIfPresent(Bool.self, forKey: .tokenisesLines)
        grades = try values.decodeIfPresent([String].self, forKey: .grades)
        head = try values.decodeIfPresent(Head.self, forKey: .head)
        check = try values.decodeIfPresent(Check.self, forKey: .check)
    }

    /// Whether the model reads the steps' own tokens, where it shares the vocabulary of the model that sampled them.
    var readsSampledTokens: Bool { kind == .likelihood || (position ?? .stepToken) != .stepToken }

    /// How step scores rank a path.
    public var pathAggregation: ScoreAggregation { aggregation ?? (kind == .likelihood ? .product : .last) }

    /// Reads a configuration.
    ///
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the file.
    public static func load(path: String) throws(SpecSearchError) -> RewardModelConfiguration {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SpecSearchError(
                .badModelFile, "The configuration of the reward model, \(path), cannot be read.",
                remedy:
                    "Write one beside the model that says how its scores are read, as its card says: the kind label, head or "
                    + "grade; likelihood only for a model that was trained as a verifier. A model that was not trained to "
                    + "judge is no reward model.")
        }
        var configuration: RewardModelConfiguration
        do {
            configuration = try JSONDecoder().decode(RewardModelConfiguration.self, from: data)
        } catch {
            throw SpecSearchError(
                .badModelFile, "The configuration of the reward model, \(path), is not understood: \(error.inWords).",
                remedy:
                    "It needs \"kind\" (likelihood, label, grade or head) and \"template\"; all but the first also \"stepToken\"."
            )
        }
        try configuration.check(path: path)
        if let file = configuration.head?.file {
            configuration.head?.file = URL(fileURLWithPath: file, relativeTo: URL(fileURLWithPath: path)).path
        }
        return configuration
    }

    /// Checks that the parts fit together.
    package func check(path: String) throws(SpecSearchError) {
        func fail(_ what: String) -> SpecSearchError { error(what, path: path) }
        guard template == "gguf" || PromptTemplate.presets[template] != nil || template.contains("{problem}") else {
            throw fail("the template has no {problem} in it")
        }
        if let position, position != .stepToken {
            guard kind == .head, stepToken == nil, stepSeparator == nil, tokenisesLines != true else {
                throw fail("the position \(position.rawValue) is for classifiers, and there is no step token then")
            }
        } else if kind != .likelihood, (stepToken ?? "").isEmpty {
            throw fail("a \(kind.rawValue) model needs a \"stepToken\"")
        }
        if kind == .grade, (grades ?? []).count < 2 { throw fail("a judge needs two \"grades\" or more") }
        if kind == .head, (head?.layers ?? []).isEmpty { throw fail("a classifier needs a \"head\" with \"layers\"") }
        if let check, check.good.isEmpty || check.bad.isEmpty || !(check.good + check.bad).allSatisfy({ !$0.isEmpty }) {
            throw fail("the check needs steps, good ones and bad ones")
        }
        if kind == .label {
            guard good != nil || goodId != nil else { throw fail("a label model needs \"good\" or \"goodId\"") }
            guard bad != nil || badId != nil else { throw fail("a label model needs \"bad\" or \"badId\"") }
        }
        if let calibration {
            guard calibration.values.count == calibration.thresholds.count + 1 else {
                throw fail("the calibration needs one value more than thresholds")
            }
            guard zip(calibration.thresholds, calibration.thresholds.dropFirst()).allSatisfy({ $0 < $1 }),
                zip(calibration.values, calibration.values.dropFirst()).allSatisfy({ $0 <= $1 }),
                calibration.values.allSatisfy({ (0...1).contains($0) })
            else { throw fail("the calibration's thresholds and values must ascend, the values within 0 ... 1") }
        }
    }

    /// An error that names the configuration.
    func error(_ what: String, path: String) -> SpecSearchError {
        SpecSearchError(
            .badModelFile, "The configuration of the reward model, \(path): \(what).",
            remedy: "Take its parts from the model's card, and check that the model is the right one.")
    }
}
