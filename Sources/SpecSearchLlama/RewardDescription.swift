import Foundation
public import SpecSearch

/// The JSON file beside a reward model that says how to read scores from it.
///
/// Two kinds: `likelihood`, a verifier whose score is the probability of the step's tokens, and `label`, a model that
/// puts its judgement of a step into the logits of two label tokens at a tag after the step.
public struct RewardDescription: Sendable, Hashable, Codable {
    /// How a score is read.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// exp(Σ log p) of the step's tokens.
        case likelihood
        /// The softmax of two label logits at a tag.
        case label
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
    /// Label models: the text right after each step, a space before it included, at whose last token the logits are read.
    public var tag: String?
    /// Label models: the id of the tag's last token, to be checked.
    public var tagId: Token?
    /// Label models: the token whose logit speaks for the step.
    public var good: String?
    /// Label models: the id of `good`, to be checked, or instead of it.
    public var goodId: Token?
    /// Label models: the token whose logit speaks against the step.
    public var bad: String?
    /// Label models: the id of `bad`, to be checked, or instead of it.
    public var badId: Token?
    /// Label models: the text between a tag and the next step.
    public var stepSeparator: String?

    /// A likelihood verifier.
    public init(template: String, aggregation: ScoreAggregation? = nil, calibration: Calibration? = nil) {
        kind = .likelihood
        self.template = template
        self.aggregation = aggregation
        self.calibration = calibration
    }

    /// A label model.
    public init(
        template: String, tag: String, tagId: Token? = nil, good: String? = nil, goodId: Token? = nil,
        bad: String? = nil, badId: Token? = nil, stepSeparator: String? = nil, aggregation: ScoreAggregation? = nil
    ) {
        kind = .label
        self.template = template
        self.tag = tag
        self.tagId = tagId
        self.good = good
        self.goodId = goodId
        self.bad = bad
        self.badId = badId
        self.stepSeparator = stepSeparator
        self.aggregation = aggregation
    }

    /// How step scores rank a path.
    public var pathAggregation: ScoreAggregation { aggregation ?? (kind == .likelihood ? .product : .last) }

    /// Reads a description.
    ///
    /// - Throws: ``EngineError`` `badModelFile`, naming the file.
    public static func load(path: String) throws(EngineError) -> RewardDescription {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw EngineError(
                .badModelFile, "The description of the reward model, \(path), cannot be read.",
                remedy:
                    "Write one beside the model; {\"kind\":\"likelihood\",\"template\":\"{problem}\\n\\n\"} will do.")
        }
        let description: RewardDescription
        do {
            description = try JSONDecoder().decode(RewardDescription.self, from: data)
        } catch {
            throw EngineError(
                .badModelFile, "The description of the reward model, \(path), is not understood: \(error).",
                remedy:
                    "It needs \"kind\" (likelihood or label) and \"template\"; label also \"tag\", \"good\", \"bad\".")
        }
        try description.check(path: path)
        return description
    }

    /// Checks that the parts fit together.
    package func check(path: String) throws(EngineError) {
        func fail(_ what: String) -> EngineError {
            EngineError(.badModelFile, "The description of the reward model, \(path): \(what).", remedy: "Correct it.")
        }
        guard template == "gguf" || template.contains("{problem}") else {
            throw fail("the template has no {problem} in it")
        }
        if kind == .label {
            guard let tag, !tag.isEmpty else { throw fail("a label model needs a \"tag\"") }
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
}
