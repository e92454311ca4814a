internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import SpecSearchRemote

/// The models of a configuration, ready for searches: embedded ones loaded, servers asked.
struct ClusterModels: Sendable {
    let configuration: ClusterConfiguration
    private let remote: [ModelRole: RemoteModel]
    private let engine: LlamaEngine?
    private let evaluator: any ThoughtEvaluator

    init(_ configuration: ClusterConfiguration, options: EngineOptions) async throws {
        self.configuration = configuration
        remote = configuration.places.compactMapValues { place in
            place.group.map { RemoteModel($0, policy: configuration.policy) }
        }
        for model in remote.values { try await model.prepare() }
        engine = try await configuration.embeddedSet().asyncMap {
            try await LlamaEngine.load($0.models, options: options, reward: $0.reward)
        }
        if let model = remote[.rewardModel] {
            evaluator = try await RemoteEvaluator(model, reward: try configuration.remoteReward())
        } else if let engine {
            evaluator = engine.evaluator
        } else {
            throw EngineError(.badSetting, "There is no reward model.", remedy: "Name one as prm.")
        }
    }

    /// What the calls to servers came to.
    var statistics: [ModelRole: CallStatistics] { remote.mapValues(\.statistics) }

    /// The models for one method; token-level speculation is the embedded engine's, or the server's own.
    func models(for method: SearchMethod, judge: (any ThoughtEvaluator)? = nil) -> SearchModels {
        func sampler(_ role: ModelRole) -> (any ThoughtSampler)? {
            if let model = remote[role] {
                return RemoteSampler(
                    model, role: role, delimiter: configuration.set.delimiter,
                    answerPrefix: configuration.set.answerPrefix)
            }
            guard configuration.places[role] != nil, let engine else { return nil }
            guard role == .target else { return engine.draft }
            let hasDraft = if case .embedded? = configuration.places[.draft] { true } else { false }
            return hasDraft ? engine.largeModel(for: method) : engine.target
        }
        return SearchModels(draft: sampler(.draft), target: sampler(.target), evaluator: judge ?? evaluator)
    }

    /// Who scores steps.
    ///
    /// - Throws: ``EngineError`` where a target on servers is to grade, or nothing can be run.
    func evaluator(_ judge: StepJudge, problems: [GradedProblem] = []) throws(EngineError) -> any ThoughtEvaluator {
        switch judge {
        case .rewardModel: return evaluator
        case .examples: return try ExampleEvaluator.judging(problems)
        case .target:
            guard case .embedded? = configuration.places[.target], let engine else {
                throw EngineError(
                    .unsupported, "A target on servers is not asked for grades.",
                    remedy: "Run it in the embedded engine, or serve a judge as the reward model.")
            }
            return GradingEvaluator(engine.grader)
        }
    }

    /// Drops what the embedded models cache.
    func reset() async { await engine?.reset() }
}

extension ClusterConfiguration {
    /// The files that this process runs, if any; a role that runs elsewhere is stood in for by one that runs here, which
    /// costs only its context, as the weights are mapped once.
    func embeddedSet() throws -> (models: ModelSet, reward: RewardDescription?)? {
        func file(_ role: ModelRole) -> String? {
            if case .embedded(let file)? = places[role] { file } else { nil }
        }
        guard let any = file(.draft) ?? file(.target) ?? file(.rewardModel) else { return nil }
        var models = set
        models.draft = file(.draft) ?? file(.target) ?? any
        models.target = file(.target) ?? file(.draft) ?? any
        models.prm = file(.rewardModel) ?? any
        if file(.rewardModel) == nil { return (models, RewardDescription(template: "{problem}\n\n")) }
        guard let reward else {
            throw EngineError(
                .unsupported, "The embedded engine reads a class head by its description only.",
                remedy: "Name a description of kind head, or serve the reward model by vLLM.")
        }
        return (models, reward)
    }

    /// How a reward model on servers is read.
    func remoteReward() throws -> RemoteRewardModel {
        let template = places[.rewardModel]?.group?.template ?? "{problem}\n\n"
        if let classHead {
            return RemoteRewardModel(.classes(good: classHead.column), template: template, tag: classHead.tag)
        }
        guard let reward else {
            throw EngineError(.badSetting, "There is no prm.description.", remedy: "Name the description's file.")
        }
        let calibration = reward.calibration.map { calibration in { @Sendable score in calibration(score) } }
        let chat = reward.template == "gguf" ? "server" : reward.template
        guard (reward.placement ?? .eachStep) == .eachStep, reward.tokenisesLines != true else {
            throw EngineError(
                .unsupported, "A reward model that is asked once, or line by line, is not read from servers.",
                remedy: "Run it in the embedded engine.")
        }
        switch reward.kind {
        case .head, .grade:
            throw EngineError(
                .unsupported, "A reward model of the kind \(reward.kind.rawValue) is not read from servers this way.",
                remedy: "Run it in the embedded engine, or describe its class head (prm.classTag) for vLLM.")
        case .likelihood:
            return RemoteRewardModel(
                .likelihood, template: chat, aggregation: reward.pathAggregation, calibration: calibration)
        case .label:
            return RemoteRewardModel(
                .labels(
                    good: .init(text: reward.good, id: reward.goodId), bad: .init(text: reward.bad, id: reward.badId)),
                template: chat, tag: reward.tag ?? "", tagId: reward.tagId, stepSeparator: reward.stepSeparator ?? "",
                aggregation: reward.pathAggregation, calibration: calibration)
        }
    }
}

extension EngineArguments {
    /// For models of a configuration: what tune measured are others.
    var untuned: EngineArguments {
        var arguments = self
        arguments.noTune = true
        return arguments
    }
}

extension Optional {
    /// `map` for work that waits.
    fileprivate func asyncMap<Value>(_ transform: (Wrapped) async throws -> Value) async rethrows -> Value? {
        if let value = self { try await transform(value) } else { nil }
    }
}
