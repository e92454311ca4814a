import Foundation
import SpecSearch

/// One context of each of an engine's models, on one thread, and the calls that share its decode steps.
///
/// On a processor, workers side by side do as much as passes of several threads where a batch is wide, and never wait
/// for one another, which on a busy machine costs more than the threads gain. The weights are there once.
actor EngineWorker {
    /// What all workers of an engine have in common.
    struct Shared: Sendable {
        let models: ModelSet
        let options: LlamaEngine.Options
        let rewardModel: RewardModelConfiguration?
        let judge: RewardModelConfiguration
        let weights: LoadedModels
        let pairing: VocabularyPairing

        /// Whether the reward model reads the very states that a model samples from, so that its scores cost nothing.
        func scoresAreFree(for role: ModelRole) -> Bool {
            guard let rewardModel, rewardModel.kind == .head, rewardModel.position == .beforeLastToken,
                rewardModel.placement != .outcome
            else { return false }
            return weights.places[role] != nil && weights.places[role] == weights.places[.rewardModel]
                && rewardModel.template == models.chatTemplate
        }
    }

    nonisolated let executor = EngineExecutor(label: "specsearch.engine")
    private nonisolated let shared: Shared
    /// One for each file.
    let runners: [ModelRunner]
    private let tokenizers: [ModelRole: PathTokenizer]
    private let samplers: [ModelRole: ThoughtSampler]
    let scorer: StepScorer?
    /// The target as judge, once it has been asked: its question may not suit every model.
    private var judge: StepScorer?
    /// The language models as likelihood verifiers, once they have been asked, in their own caches.
    private var likelihoods: [ModelRole: StepScorer] = [:]
    private let scheduler: Scheduler
    var replayContexts: [Int: LlamaContext] = [:]
    var batchedContexts: [Int: LlamaContext] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter isFirst: Whether passes may have several threads.
    init(_ shared: Shared, isFirst: Bool) throws {
        let options = shared.options
        let models = shared.models
        var runners: [ModelRunner] = []
        let weights = shared.weights
        for (index, roles) in weights.roles.enumerated() {
            var configuration = options.contextConfiguration(
                for: roles, of: models, weights: weights.models[index].weightBytes)
            if !isFirst { configuration.threads = 1 }
            configuration.givesHiddenStates = roles.contains(.rewardModel) && shared.rewardModel?.kind == .head
            let context = try LlamaContext(
                model: weights.models[index], configuration: configuration, adapters: weights.adapters[index])
            runners.append(ModelRunner(context: context))
        }
        self.runners = runners
        var tokenizers: [ModelRole: PathTokenizer] = [:]
        for (role, place) in shared.weights.places {
            tokenizers[role] = try PathTokenizer(
                model: shared.weights.models[place],
                template: role == .rewardModel ? shared.rewardModel?.template ?? "" : models.chatTemplate,
                contextLength: models.contextLength, slotCapacity: runners[place].context.slotCapacity,
                foreignSources: shared.pairing.foreignSources(for: role))
        }
        self.tokenizers = tokenizers
        func model(_ role: ModelRole) -> ThoughtSampler.Model? {
            guard let place = shared.weights.places[role], let tokenizer = tokenizers[role] else { return nil }
            return ThoughtSampler.Model(runner: runners[place], tokenizer: tokenizer, role: role)
        }
        let scheduler = Scheduler { [executor] in executor.hasReadyJobs }
        let common = shared.pairing.commonCount
        var samplers: [ModelRole: ThoughtSampler] = [:]
        for (role, other) in [(ModelRole.draft, ModelRole.target), (.target, .draft)] {
            guard let target = model(role) else { continue }
            let sampler = ThoughtSampler(
                target: target, draft: common == nil ? nil : model(other),
                delimiter: StepDelimiter(models.delimiter),
                vocabularyCount: common ?? target.tokenizer.vocabulary.count,
                sharesPrefixes: options.sharesPrefixes, scheduler: scheduler)
            sampler.draftConfidence = Float(options.draftConfidence)
            samplers[role] = sampler
        }
        self.samplers = samplers
        var scorer: StepScorer?
        if let configuration = shared.rewardModel, let model = model(.rewardModel) {
            scorer = try StepScorer(
                runner: model.runner, tokenizer: model.tokenizer, configuration: configuration,
                path: models.rewardModelConfigurationPath,
                alsoSamples: samplers.values.contains { $0.target.runner === model.runner },
                scheduler: scheduler)
        }
        self.scorer = scorer
        if let scorer {
            for (role, sampler) in samplers where shared.scoresAreFree(for: role) {
                sampler.partialScore = { node throws(SpecSearchError) in try scorer.partialScore(at: node) }
            }
        }
        self.scheduler = scheduler
        self.shared = shared
        executor.idleWork = { scheduler.runNext() }
    }

    /// The roles of each file's model.
    nonisolated var roles: [[ModelRole]] { shared.weights.roles }

    /// How many sequences were preempted for want of room.
    var preemptions: Int { scheduler.preemptions }

    /// The tokens of a path in one model, prompt first.
    func tokens(of path: ReasoningPath, for role: ModelRole) throws(SpecSearchError) -> [Token] {
        if role == .rewardModel { return try scorer?.tokens(of: path) ?? [] }
        return try tokenizers[role]?.tokens(of: path) ?? []
    }

    /// The number of tokens of a problem's prompt.
    ///
    /// - Throws: ``SpecSearchError`` `contextOverflow` where they leave no room for a thought.
    func promptTokens(of problem: Problem, for role: ModelRole) throws(SpecSearchError) -> Int? {
        guard let tokenizer = tokenizers[role] else { return nil }
        let count = try tokenizer.promptTokens(problem).count
        try tokenizer.check(count: count, of: ReasoningPath(problem: problem))
        return count
    }

    /// Scores the reward model's examples, and fails unless it tells them apart.
    func selfCheck() async throws {
        guard let scorer else { return }
        try await scorer.selfCheck()
        scorer.runner.dropUnused()
        scorer.tokenizer.reset()
    }

    // MARK: Calls

    func sample(
        _ requests: [SampleRequest], role: ModelRole, numSpeculativeTokens: Int, grammar: Grammar? = nil,
        cancellation: Request.Cancellation
    ) async throws -> Samples {
        for request in requests { try Self.check(request) }
        guard let sampler = samplers[role] else { throw Self.missing(role) }
        if numSpeculativeTokens > 0 { try shared.pairing.check() }
        try prepare()
        defer { repair() }
        return try await sampler.sample(
            requests, numSpeculativeTokens: numSpeculativeTokens, grammar: grammar, cancellation: cancellation)
    }

    func score(_ paths: [ReasoningPath], cancellation: Request.Cancellation) async throws -> StepScores {
        guard let scorer else { throw Self.missing(.rewardModel) }
        try prepare()
        defer { repair() }
        return try await scorer.score(paths, cancellation: cancellation)
    }

    func hiddenStates(
        of paths: [ReasoningPath], cancellation: Request.Cancellation
    ) async throws -> [[Float]?] {
        guard let scorer else { throw Self.missing(.rewardModel) }
        try prepare()
        defer { repair() }
        return try await scorer.hiddenStates(of: paths, cancellation: cancellation)
    }

    func judge(_ paths: [ReasoningPath], cancellation: Request.Cancellation) async throws -> StepScores {
        let judge = try await madeJudge()
        try prepare()
        defer { repair() }
        return try await judge.score(paths, cancellation: cancellation)
    }

    func logLikelihoods(
        of paths: [ReasoningPath], sampling: SamplingParameters, role: ModelRole, cancellation: Request.Cancellation
    ) async throws -> LogLikelihoods {
        guard let sampler = samplers[role] else { throw Self.missing(role) }
        guard shared.pairing.foreignSources(for: role).isEmpty else {
            throw SpecSearchError(
                .mismatch,
                "How likely a model would sample another's step is a question of the tokens that they share.",
                remedy: shared.pairing.remedy("take a rule that does not ask for it."))
        }
        let scorer = try likelihoodScorer(role, sampler)
        try prepare()
        defer { repair() }
        return try await scorer.logLikelihoods(
            of: paths, sampling: sampling, vocabularyCount: sampler.targetDistributions.count,
            cancellation: cancellation)
    }

    func tokenLogProbabilities(
        of paths: [ReasoningPath], topCount: Int, role: ModelRole, cancellation: Request.Cancellation
    ) async throws -> [[TokenLogProbability]] {
        guard let sampler = samplers[role] else { throw Self.missing(role) }
        let scorer = try likelihoodScorer(role, sampler)
        try prepare()
        defer { repair() }
        return try await scorer.tokenLogProbabilities(of: paths, topCount: topCount, cancellation: cancellation)
    }

    func nextTokenEntropies(
        of paths: [ReasoningPath], role: ModelRole, cancellation: Request.Cancellation
    ) async throws -> NextTokenEntropies {
        guard let sampler = samplers[role] else { throw Self.missing(role) }
        let scorer = try likelihoodScorer(role, sampler)
        try prepare()
        defer { repair() }
        return try await scorer.nextTokenEntropies(of: paths, cancellation: cancellation)
    }

    private func likelihoodScorer(_ role: ModelRole, _ sampler: ThoughtSampler) throws -> StepScorer {
        if let known = likelihoods[role] { return known }
        let made = try StepScorer(
            runner: sampler.target.runner, tokenizer: sampler.target.tokenizer, role: role,
            configuration: RewardModelConfiguration(template: "{problem}"), path: "", scheduler: scheduler)
        likelihoods[role] = made
        return made
    }

    /// A scorer in the target's own cache.
    private func madeJudge() async throws -> StepScorer {
        if let judge { return judge }
        guard let target = samplers[.target]?.target else { throw Self.missing(.target) }
        let path = shared.models.judge ?? "the judge's question"
        try shared.judge.checkJudge(path: path)
        let made = try StepScorer(
            runner: target.runner,
            tokenizer: PathTokenizer(
                model: target.runner.context.model, template: shared.judge.template,
                contextLength: shared.models.contextLength, slotCapacity: target.runner.context.slotCapacity),
            role: .target, configuration: shared.judge, path: path, scheduler: scheduler)
        try await made.selfCheck()
        judge = made
        return made
    }

    // MARK: Forgetting

    /// Drops what is cached of a problem and not in use.
    func release(_ problem: Problem) throws {
        for (role, tokenizer) in tokenizers {
            guard let place = shared.weights.places[role] else { continue }
            runners[place].drop(prompt: try tokenizer.promptTokens(problem))
        }
        if let judge { judge.runner.drop(prompt: try judge.tokenizer.promptTokens(problem)) }
    }

    /// Drops everything cached and not in use.
    func reset() {
        for runner in runners { runner.dropUnused() }
        for tokenizer in tokenizers.values { tokenizer.reset() }
        judge?.tokenizer.reset()
    }

    private func prepare() throws {
        try Task.checkCancellation()
        repair()
    }

    /// Empties a cache whose state is unknown after a failed pass, once nobody uses it.
    private func repair() {
        for runner in runners where runner.isLost && runner.cache.lockCount == 0 { runner.reset() }
    }

    private static func missing(_ role: ModelRole) -> SpecSearchError {
        SpecSearchError(
            .badSetting, "The engine has no \(role.rawValue) model.", remedy: "Name one in the model set.")
    }

    private static func check(_ request: SampleRequest) throws(SpecSearchError) {
        let sampling = request.sampling
        guard request.count >= 0, sampling.temperature.isFinite, sampling.temperature >= 0, sampling.topK >= 0,
            sampling.topP > 0, sampling.topP <= 1, (0...1).contains(sampling.minP), sampling.maximumTokens > 0
        else {
            throw SpecSearchError(
                .badSetting, "The sampling parameters \(sampling) with count \(request.count) are out of range.",
                remedy: "temperature >= 0, top-k >= 0, 0 < top-p <= 1, 0 <= min-p <= 1, at least one token.")
        }
    }
}
