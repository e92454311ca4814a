/// A set of models with their roles in a search, and the defaults that suit them.
///
/// ```swift
/// let engine = try await LlamaEngine("Models")                              // all roles in this process
/// let mixed = Engine(draft: engine.engine.draft, target: remote, rewardModel: engine.engine.rewardModel)
/// let result = try await Search(mixed).solve("Mia has 47 shells. …")
/// ```
/// Embedded, remote and mixed engines are made of the same parts. A role may be empty: what a method needs and does not
/// find is said before its search begins.
public struct Engine: Sendable {
    /// The defaults that suit the models of a set.
    public struct Defaults: Sendable, Hashable, Codable {
        /// The set's name.
        public var name: String
        /// The sampling parameters.
        public var sampling: SamplingParameters
        /// The text before the answer in the last step; nil where answers stand in a box or are the last number.
        public var answerMarker: String?
        /// The most tokens that a draft proposes to the target at once; nil for what suits the models, 0 for none.
        public var numSpeculativeTokens: Int?

        public init(
            name: String = "custom", sampling: SamplingParameters = SamplingParameters(), answerMarker: String? = nil,
            numSpeculativeTokens: Int? = nil
        ) {
            self.name = name
            self.sampling = sampling
            self.answerMarker = answerMarker
            self.numSpeculativeTokens = numSpeculativeTokens
        }
    }

    /// The small model, which drafts thoughts and proposes tokens.
    public var draft: (any LanguageModel)?
    /// The large model, whose quality is to be kept.
    public var target: (any LanguageModel)?
    /// The reward model, which scores thoughts.
    public var rewardModel: (any RewardModel)?
    /// The target asked for a grade of each step (LLM as judge), where the engine can ask.
    public var judge: (any RewardModel)?
    /// What runs programs on the examples of their problems, for problems that have some.
    public var examples: (any RewardModel)?
    /// The defaults that suit the models.
    public var defaults: Defaults
    /// What forward passes of the models cost, for the method auto; nil where that is not known.
    ///
    /// Its workload is ignored.
    public var costs: SearchCostPlan? { didSet { controller = MethodController(costs: costs) } }
    /// What searches by the models have shown, for the method auto; shared by all that are made of this engine.
    public var memory = MethodMemory()
    /// What decides by these.
    private(set) var controller = MethodController(costs: nil)

    public init(
        draft: (any LanguageModel)? = nil, target: (any LanguageModel)? = nil, rewardModel: (any RewardModel)? = nil,
        judge: (any RewardModel)? = nil, defaults: Defaults = Defaults()
    ) {
        self.draft = draft
        self.target = target
        self.rewardModel = rewardModel
        self.judge = judge
        self.defaults = defaults
    }

    /// Whether the draft can propose tokens to the target.
    public var pairsAtTokenLevel: Bool { (try? speculativeTarget()) != nil }

    /// The target with token-level speculation by the draft.
    ///
    /// - Throws: ``SpecSearchError`` naming what is missing or does not fit.
    public func speculativeTarget() throws -> any LanguageModel {
        try SpeculativeDecoder(
            target: try required(target, .target), draft: try required(draft, .draft),
            numSpeculativeTokens: defaults.numSpeculativeTokens)
    }

    /// The engine with the model that scores steps chosen by name.
    ///
    /// - Throws: ``SpecSearchError`` `unsupported` where the target cannot be asked for grades, or `badSetting` for
    ///   ``StepJudge/examples`` without ``examples``.
    public func judged(by judge: StepJudge) throws -> Engine {
        var engine = self
        switch judge {
        case .rewardModel: break
        case .target:
            guard let model = self.judge else {
                throw SpecSearchError(
                    .unsupported, "This engine's target is not asked for grades.",
                    remedy: "Run it in the embedded engine, or serve a judge as the reward model.")
            }
            engine.rewardModel = model
        case .confidence: engine.rewardModel = ConfidenceRewardModel()
        case .likelihood:
            let target = try required(target, .target)
            // Known now, rather than at the first draft that is read.
            if target is any SpeculativeTarget, draft != nil { _ = try speculativeTarget() }
            engine.rewardModel = LikelihoodRewardModel(target: target)
        case .examples:
            guard let examples else {
                throw SpecSearchError(
                    .badSetting, "There are no examples to run programs on.",
                    remedy: "The judge examples goes with solve --program and evaluate --dataset humaneval.")
            }
            engine.rewardModel = examples
        }
        return engine
    }

    /// The models that a generator asks for: the one place where a method becomes models.
    package func models(for needs: ModelNeeds) throws -> SearchModels {
        var models = SearchModels()
        if needs.draft { models.draft = try required(draft, .draft) }
        switch needs.target {
        case nil: break
        case .autoregressive: models.target = try required(target, .target)
        case .speculative:
            // A model on servers speculates by itself, or not at all: that is its server's choice.
            let target = try required(target, .target)
            models.target = target is any SpeculativeTarget ? try speculativeTarget() : target
        case .speculativeIfPaired:
            models.target = try (try? speculativeTarget()) ?? required(target, .target)
        case .adaptive:
            models.target = try required(target, .target)
            models.draft = draft
            models.numSpeculativeTokens = adaptiveNumSpeculativeTokens
            if let draft, models.numSpeculativeTokens > 0 {
                models.speculativeTarget = try? SpeculativeDecoder(
                    target: try required(target, .target), draft: draft,
                    numSpeculativeTokens: models.numSpeculativeTokens)
            }
        }
        models.rewardModel = rewardModel
        if let draft = models.draft { try Self.check(needs.draftCapabilities.subtracting(draft.capabilities)) }
        return models
    }

    /// Fails for what a generator needs of its draft, and the draft cannot do.
    private static func check(_ missing: ModelCapabilities) throws(SpecSearchError) {
        if missing.contains(.earlyRejection) {
            throw SpecSearchError(
                .unsupported,
                "This draft cannot give up steps early: nothing scores their beginnings as it generates them.",
                remedy:
                    "Give a reward model that reads the draft's own states (kind head, position beforeLastToken, on the "
                    + "draft's file, with its prompt as template), or leave early-rejection out.")
        }
        if missing.contains(.nextTokenEntropy) {
            throw SpecSearchError(
                .unsupported, "This draft does not tell how unsure it is of its next token.",
                remedy: "Use the embedded engine, or leave draft-entropy out.")
        }
    }

    /// The most tokens that the draft is to propose at once: by the costs of passes and what the target took so far.
    private var adaptiveNumSpeculativeTokens: Int {
        let usual = defaults.numSpeculativeTokens ?? 4
        guard var plan = costs, usual > 0 else { return usual }
        plan.workload = SearchWorkload(
            steps: 2, stepTokens: [max(1, Int(memory.history.stepTokens)): 1], acceptance: 0.5,
            tokenAcceptance: memory.history.tokenAcceptance)
        let best = try? plan.best(
            .sps, PlanSetting(beams: 1, width: 4, numSpeculativeTokens: usual),
            numSpeculativeTokens: [2, 3, 4, 6, 8, 12])
        return best?.setting.numSpeculativeTokens ?? usual
    }

    private func required<Model>(_ model: Model?, _ role: ModelRole) throws -> Model {
        guard let model else {
            throw SpecSearchError(
                .badSetting, "This method needs a \(role.rawValue) model, and none was given.",
                remedy: "Give one, or choose another method.")
        }
        return model
    }
}

/// A type that is used as an ``Engine``.
public protocol EngineConvertible: Sendable {
    var engine: Engine { get }
}

extension Engine: EngineConvertible {
    public var engine: Engine { self }
}

/// The models of one search.
package struct SearchModels: Sendable {
    package var draft: (any LanguageModel)?
    package var target: (any LanguageModel)?
    package var rewardModel: (any RewardModel)?
    /// For generators that decide batch by batch: the target with token-level speculation, and by how many tokens.
    package var speculativeTarget: (any LanguageModel)?
    package var numSpeculativeTokens = 0

    func openSession(for problem: Problem) async throws -> (any EngineSession)? {
        // A draft that both drafts and proposes tokens has one session.
        let decoder = target as? SpeculativeDecoder
        return try await CombinedSession.open(
            [rewardModel, decoder?.target ?? target, decoder?.draft ?? draft], for: problem)
    }
}

/// A judge of steps: who says how good each of them is.
public enum StepJudge: String, Sendable, Hashable, Codable, CaseIterable {
    /// The reward model.
    case rewardModel = "prm"
    /// The target, asked for a grade (LLM as judge).
    case target
    /// The confidence of the model that wrote the step: ``ConfidenceRewardModel``.
    case confidence
    /// The same where the writer is sure, and else the target's likelihood of the step: ``LikelihoodRewardModel``.
    case likelihood
    /// A run of the path's program on the examples in the problem's description: ``Engine/examples``.
    case examples
}
