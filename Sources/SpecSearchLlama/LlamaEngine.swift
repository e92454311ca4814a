public import SpecSearch

/// The embedded engine: models in this process, on llama.cpp.
///
/// ```swift
/// let engine = try await LlamaEngine("Models")
/// let result = try await Search(engine).solve("Mia has 47 shells. …")
/// let mixed = Engine(draft: engine.draft, target: remote, rewardModel: engine.rewardModel)
/// ```
/// One GGUF file is one model, whatever roles it plays: its weights, contexts and KV caches are shared. Any role may be
/// absent. The models may be used from any task, as many at once as you like: all calls that wait for a model are in its
/// next forward pass. Concurrent problems are spread over ``Options/workers``. A path's tokens are computed once per model
/// while they are cached. Cancellation ends a call within one pass.
public final class LlamaEngine: EngineConvertible, Sendable {
    /// The models and how to talk to them.
    public let models: ModelSet
    /// How the models are run.
    public let options: Options
    /// How the reward model is read; nil where there is none.
    public let rewardModelConfiguration: RewardModelConfiguration?

    /// What searches by these models have shown, for the method auto.
    public let memory: MethodMemory

    let shared: EngineWorker.Shared
    let pool: WorkerPool

    /// Loads the models of a directory with a `manifest.json`.
    ///
    /// Files that you do not trust are to be tried first, as for
    /// ``init(_:options:rewardModel:judge:memory:progress:)``.
    ///
    /// - Throws: ``SpecSearchError``, naming the file or setting and what to do.
    public convenience init(_ directory: String, options: Options = Options()) async throws {
        try await self.init(try ModelSet(directory: directory), options: options)
    }

    /// Loads the models.
    ///
    /// A damaged or hostile file can end the process: llama.cpp asserts much of what it reads, and an assertion is no error
    /// that can be caught. Load files that you do not trust only after `specsearch models check` has ended with status 0,
    /// or in a process of their own. The program `specsearch` tries unseen files in a child process; this initialiser
    /// does not.
    ///
    /// - Parameters:
    ///   - rewardModel: How the reward model is read; nil to read it from the file that the model set names.
    ///   - judge: How the target is asked for a grade, with the kind `grade` and ten grades; nil for what the model set
    ///     says, or else ``RewardModelConfiguration/judge(chatTemplate:delimiter:)``. It is checked when ``judge`` is
    ///     first asked.
    ///   - memory: What earlier searches by these models have shown.
    ///   - progress: Called with a model's role and 0 ... 1 while it is read.
    /// - Throws: ``SpecSearchError``, naming the file or setting and what to do.
    @concurrent
    public init(
        _ models: ModelSet, options: Options = Options(), rewardModel: RewardModelConfiguration? = nil,
        judge: RewardModelConfiguration? = nil, memory: MethodMemory = MethodMemory(),
        progress: (@Sendable (ModelRole, Double) -> Void)? = nil
    ) async throws {
        try models.check(path: "The model set \"\(models.name)\"")
        try options.check()
        var configuration: RewardModelConfiguration?
        if models.rewardModel != nil {
            configuration = try rewardModel ?? RewardModelConfiguration.load(path: models.rewardModelConfigurationPath)
        }
        let asked =
            try judge
            ?? models.judge.map { path throws(SpecSearchError) in
                try RewardModelConfiguration.load(path: path)
            }
        let plan = try PlacementPlan(models, options: options)
        let weights = try LoadedModels(models, assignments: plan.assignments, progress: progress)
        shared = EngineWorker.Shared(
            models: models, options: options, rewardModel: configuration,
            judge: asked ?? .judge(chatTemplate: models.chatTemplate, delimiter: models.delimiter), weights: weights,
            pairing: VocabularyPairing(
                draft: weights[.draft], target: weights[.target],
                rewardModel: configuration?.readsSampledTokens == true ? weights[.rewardModel] : nil))
        let worker = try EngineWorker(shared, isFirst: true)
        try await worker.selfCheck()
        pool = WorkerPool(shared, first: worker)
        self.models = models
        self.options = options
        self.memory = memory
        rewardModelConfiguration = configuration
    }

    // MARK: Models

    /// The models in their roles, with what suits them.
    public var engine: Engine {
        var defaults = models.defaults
        if let chosen = options.numSpeculativeTokens { defaults.numSpeculativeTokens = chosen }
        var engine = Engine(draft: draft, target: target, rewardModel: rewardModel, judge: judge, defaults: defaults)
        engine.costs = costs
        engine.memory = memory
        return engine
    }

    /// What passes cost; nil where that was not measured, or there is no pair.
    private var costs: SearchCostPlan? {
        guard let measured = options.costs, models.draft != nil, models.target != nil,
            var plan = try? SearchCostPlan(measured, options)
        else { return nil }
        plan.draftScoresAreFree = shared.scoresAreFree(for: .draft)
        return plan
    }

    /// The small model.
    public var draft: LlamaLanguageModel? { languageModel(.draft) }

    /// The large model; the draft can propose tokens to it where they share a vocabulary.
    public var target: LlamaLanguageModel? { languageModel(.target) }

    /// The reward model, as an ``OutcomeRewardModel`` where it is one.
    public var rewardModel: (any RewardModel)? {
        guard let configuration = rewardModelConfiguration else { return nil }
        let model = LlamaRewardModel(engine: self, role: .rewardModel, aggregation: configuration.pathAggregation)
        return configuration.placement == .outcome ? OutcomeRewardModel(model) : model
    }

    /// The target asked how good a step is (LLM as judge): the mean of the grades 0 … 9 by their probabilities, as a share
    /// of 9.
    public var judge: LlamaRewardModel? {
        models.target == nil
            ? nil : LlamaRewardModel(engine: self, role: .target, aggregation: shared.judge.pathAggregation)
    }

    private func languageModel(_ role: ModelRole) -> LlamaLanguageModel? {
        models[role] == nil ? nil : LlamaLanguageModel(engine: self, role: role)
    }

    // MARK: Work

    /// Drops everything cached that no call is using.
    public func reset() async {
        for worker in pool.workers { await worker.reset() }
        pool.reset()
    }

    /// How many problems it knows the worker of.
    package var rememberedProblemCount: Int { pool.problemCount }

    /// Has the problem's worker do something, which ends soon when the task is cancelled.
    func withWorker<Value: Sendable>(
        for problem: Problem?, _ work: (EngineWorker, Request.Cancellation) async throws -> Value
    ) async throws -> Value {
        let place = try pool.begin(problem)
        defer { pool.end(place) }
        let cancellation = Request.Cancellation()
        return try await withTaskCancellationHandler {
            try await work(place.worker, cancellation)
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// Opens a session of a problem: its prefixes stay with one worker until the last session of it is closed.
    func openSession(for problem: Problem) throws -> any EngineSession {
        let place = try pool.beginSession(problem)
        return LlamaSession(engine: self, problem: problem, place: place)
    }
}
