import Foundation
public import SpecSearch

/// The embedded engine: a draft, a target and a reward model in one process, on llama.cpp.
///
/// ```swift
/// let engine = try await LlamaEngine.load(try ModelSet(directory: "Models"))
/// engine.draft              // any ThoughtSampler: the small model
/// engine.target             // any ThoughtSampler: the large model, token by token
/// engine.speculativeTarget  // any ThoughtSampler: the large model, with token-level speculation by the draft
/// engine.evaluator          // any ThoughtEvaluator: the reward model
/// try await engine.release(problem)                    // a solved problem's branches leave the caches
/// await engine.reset()                                 // all branches leave the caches
/// try await engine.benchmarkDecode(batchSizes: [1, 12]) // milliseconds per pass of each model
/// ```
/// Samplers and evaluators hold their engine, may be used from any task, and answer one call after the other. A path's
/// tokens are computed once per model while they are cached. Cancellation ends a call between two passes.
public actor LlamaEngine {
    /// The models and how to talk to them.
    public nonisolated let models: ModelSet
    /// How the models are run.
    public nonisolated let options: EngineOptions
    /// How the reward model is read.
    public nonisolated let reward: RewardDescription

    private let executor = EngineExecutor(label: "specsearch.engine")
    private var parts: Parts?
    private var frontiers: [Problem: Frontier] = [:]

    /// The loaded models.
    private struct Parts {
        var draftWriter: ThoughtWriter
        var targetWriter: ThoughtWriter
        var speculativeWriter: SpeculativeWriter
        var scorer: StepScorer

        var runtimes: [ModelRuntime] { [draftWriter.runtime, targetWriter.runtime, scorer.runtime] }
    }

    /// The paths of a problem that were last continued.
    private struct Frontier {
        var depth: Int
        var paths: Set<ReasoningPath>
        /// The models whose caches still hold other branches.
        var stale: Set<ModelRole>
    }

    public nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    private init(models: ModelSet, options: EngineOptions, reward: RewardDescription) {
        self.models = models
        self.options = options
        self.reward = reward
    }

    // MARK: Loading

    /// Loads the models.
    ///
    /// - Parameters:
    ///   - reward: How the reward model is read; nil to read it from the description beside the model.
    ///   - progress: Called with a model's role and 0 ... 1 while it is read.
    /// - Throws: ``EngineError``, naming the file or setting and what to do.
    public static func load(
        _ models: ModelSet, options: EngineOptions = EngineOptions(), reward: RewardDescription? = nil,
        progress: (@Sendable (ModelRole, Double) -> Void)? = nil
    ) async throws -> LlamaEngine {
        try models.check(path: "The model set \"\(models.name)\"")
        guard (0...64).contains(options.draftLength ?? 0) else {
            throw EngineError(
                .badSetting, "The draft length cannot be \(options.draftLength ?? 0).", remedy: "Use 0 to 64 tokens.")
        }
        guard (0...1).contains(options.draftConfidence) else {
            throw EngineError(
                .badSetting, "The draft confidence cannot be \(options.draftConfidence).", remedy: "Use 0 to 1.")
        }
        let reward = try reward ?? RewardDescription.load(path: models.rewardModel)
        let engine = LlamaEngine(models: models, options: options, reward: reward)
        try await engine.loadParts(progress: progress)
        return engine
    }

    private func loadParts(progress: (@Sendable (ModelRole, Double) -> Void)?) throws {
        func runtime(_ role: ModelRole, path: String, template: String) throws -> ModelRuntime {
            let model = try LlamaModel(
                path: path, progress: progress.map { report in { @Sendable value in report(role, value) } })
            var configuration = LlamaContext.Configuration()
            configuration.cells = max(options.cacheTokens, models.contextLength)
            configuration.sequences = options.cacheBranches
            configuration.threads = model.parameterCount < 4_000_000 ? min(1, options.threads) : options.threads
            configuration.flashAttention = options.flashAttention.contains(role)
            configuration.givesHiddenStates = role == .rewardModel && reward.kind == .head
            let context = try LlamaContext(model: model, configuration: configuration)
            return ModelRuntime(
                role: role, decoder: PrefixDecoder(context: context),
                template: try PromptTemplate(template, model: model), contextLength: models.contextLength)
        }
        let draft = try runtime(.draft, path: models.draft, template: models.chatTemplate)
        let target = try runtime(.target, path: models.target, template: models.chatTemplate)
        let rewardModel = try runtime(.rewardModel, path: models.prm, template: reward.template)
        let common = try Vocabulary.commonCount(target.decoder.context.model, draft.decoder.context.model)
        if reward.kind == .likelihood {
            _ = try Vocabulary.commonCount(target.decoder.context.model, rewardModel.decoder.context.model)
        }
        let delimiter = StepDelimiter(models.delimiter)
        let speculativeWriter = SpeculativeWriter(
            target: target, draft: draft, delimiter: delimiter, vocabularyCount: common,
            draftLength: options.draftLength ?? models.draftLength ?? 12, sharesSamples: options.sharedSamples)
        speculativeWriter.minimumConfidence = Float(options.draftConfidence)
        let scorer = try StepScorer(runtime: rewardModel, description: reward, path: models.rewardModel)
        try scorer.selfCheck()
        rewardModel.reset()
        parts = Parts(
            draftWriter: ThoughtWriter(
                runtime: draft, delimiter: delimiter, vocabularyCount: common, sharesSamples: options.sharedSamples),
            targetWriter: ThoughtWriter(
                runtime: target, delimiter: delimiter, vocabularyCount: common, sharesSamples: options.sharedSamples),
            speculativeWriter: speculativeWriter,
            scorer: scorer)
    }

    /// The models in use, each with its cache.
    var runtimes: [ModelRuntime] { parts?.runtimes ?? [] }

    // MARK: Using

    /// The small model.
    public nonisolated var draft: any ThoughtSampler { EngineSampler(engine: self, mode: .draft) }

    /// The large model, token by token.
    public nonisolated var target: any ThoughtSampler { EngineSampler(engine: self, mode: .target) }

    /// The large model with token-level speculation by the small one; it follows the same law as ``target``.
    public nonisolated var speculativeTarget: any ThoughtSampler {
        EngineSampler(engine: self, mode: .speculativeTarget)
    }

    /// The reward model.
    public nonisolated var evaluator: any ThoughtEvaluator {
        EngineEvaluator(engine: self, defaultAggregation: reward.pathAggregation)
    }

    /// Drops what is cached of a problem, which it need not have been.
    public func release(_ problem: Problem) throws {
        frontiers[problem] = nil
        for runtime in runtimes { try runtime.release(problem) }
    }

    /// Drops everything cached.
    public func reset() {
        frontiers = [:]
        for runtime in runtimes { runtime.reset() }
    }

    func sample(_ requests: [ThoughtRequest], mode: EngineSampler.Mode) throws -> SampledThoughts {
        let parts = try loadedParts()
        for request in requests { try Self.check(request) }
        advance(requests.map(\.path))
        switch mode {
        case .draft:
            return try guarded([parts.draftWriter.runtime], requests.map(\.path)) {
                try parts.draftWriter.write(requests)
            }
        case .target:
            return try guarded([parts.targetWriter.runtime], requests.map(\.path)) {
                try parts.targetWriter.write(requests)
            }
        case .speculativeTarget:
            return try guarded([parts.targetWriter.runtime, parts.draftWriter.runtime], requests.map(\.path)) {
                try parts.speculativeWriter.write(requests)
            }
        }
    }

    func evaluate(_ paths: [ReasoningPath]) throws -> StepScores {
        let parts = try loadedParts()
        return try guarded([parts.scorer.runtime], paths) { try parts.scorer.evaluate(paths) }
    }

    private func loadedParts() throws -> Parts {
        guard let parts else { throw EngineError(.computeFailed, "The engine has no models.", remedy: "") }
        return parts
    }

    /// Prunes the models' caches, does the work, and mends a cache whose state is unknown after a failed pass.
    private func guarded<Value>(
        _ runtimes: [ModelRuntime], _ paths: [ReasoningPath], _ work: () throws -> Value
    ) throws -> Value {
        defer { for runtime in runtimes where runtime.decoder.isLost { runtime.reset() } }
        try Task.checkCancellation()
        for runtime in runtimes { try prune(runtime, problems: Set(paths.map(\.problem))) }
        return try work()
    }

    // MARK: Retention

    /// Notes which paths are being continued.
    private func advance(_ paths: [ReasoningPath]) {
        guard options.retention == .frontier else { return }
        for (problem, paths) in Dictionary(grouping: paths, by: \.problem) {
            let depth = paths.map(\.depth).min() ?? 0
            guard let known = frontiers[problem] else {
                frontiers[problem] = Frontier(depth: depth, paths: Set(paths), stale: [])
                continue
            }
            if depth > known.depth {
                frontiers[problem] = Frontier(depth: depth, paths: Set(paths), stale: Set(ModelRole.allCases))
            } else {
                // Another model continues some of the same paths, or the search came back: those stay as well.
                frontiers[problem]?.paths.formUnion(paths)
            }
        }
    }

    private func prune(_ runtime: ModelRuntime, problems: Set<Problem>) throws {
        for problem in problems {
            guard let frontier = frontiers[problem], frontier.stale.contains(runtime.role) else { continue }
            frontiers[problem]?.stale.remove(runtime.role)
            let tokens = try frontier.paths.map { path in
                if runtime.role == .rewardModel, let scorer = parts?.scorer { return try scorer.tokens(of: path) }
                return try runtime.promptTokens(problem) + path.tokens
            }
            try runtime.retain(tokens, of: problem)
        }
    }

    private static func check(_ request: ThoughtRequest) throws {
        let parameters = request.parameters
        guard request.count >= 0, parameters.temperature.isFinite, parameters.temperature >= 0, parameters.topK >= 0,
            parameters.topP > 0, parameters.topP <= 1, (0...1).contains(parameters.minP), parameters.maximumTokens > 0
        else {
            throw EngineError(
                .badSetting, "The sampling parameters \(parameters) with count \(request.count) are out of range.",
                remedy: "temperature >= 0, top-k >= 0, 0 < top-p <= 1, 0 <= min-p <= 1, at least one token.")
        }
    }
}
