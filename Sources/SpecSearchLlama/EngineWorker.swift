import Foundation
import SpecSearch

/// One context of each of an engine's models, on one thread, and the calls that share its passes.
///
/// On a processor, workers side by side do as much as passes of several threads where a batch is wide, and never wait
/// for one another, which on a busy machine costs more than the threads gain. The weights are there once.
actor EngineWorker {
    /// What all workers of an engine have in common.
    struct Shared: Sendable {
        let models: ModelSet
        let options: EngineOptions
        let reward: RewardDescription
        let judge: RewardDescription
        let draft: LlamaModel
        let target: LlamaModel
        let rewardModel: LlamaModel
        let pairing: VocabularyPairing
    }

    nonisolated let executor = EngineExecutor(label: "specsearch.engine")
    private nonisolated let options: EngineOptions
    private nonisolated let shared: Shared
    private let draftWriter: ThoughtWriter
    private let targetWriter: ThoughtWriter
    /// Nil where draft and target have no vocabulary in common.
    private let speculativeWriter: SpeculativeWriter?
    private let pairing: VocabularyPairing
    let scorer: StepScorer
    /// The target as judge, once it has been asked: its question may not suit every model that writes.
    private var judge: StepScorer?
    /// The writers as likelihood verifiers, in their own caches.
    private let draftLikelihood: StepScorer
    private let targetLikelihood: StepScorer
    private let scheduler: BatchScheduler
    private var frontiers: [Problem: Frontier] = [:]
    private var replayContexts: [ModelRole: LlamaContext] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    /// - Parameter threads: The most threads of a pass.
    init(_ shared: Shared, threads: Int) throws {
        let options = shared.options
        func runtime(_ role: ModelRole, _ model: LlamaModel, template: String) throws -> ModelRuntime {
            var configuration = LlamaContext.Configuration()
            configuration.cells = max(options.cacheTokens, shared.models.contextLength)
            configuration.sequences = options.cacheBranches
            configuration.threads = model.parameterCount < 4_000_000 ? 1 : threads
            configuration.governsThreads = configuration.threads > 1
            configuration.flashAttention = options.flashAttention.contains(role)
            configuration.givesHiddenStates = role == .rewardModel && shared.reward.kind == .head
            let context = try LlamaContext(model: model, configuration: configuration)
            return ModelRuntime(
                role: role, decoder: PrefixDecoder(context: context),
                template: try PromptTemplate(template, model: model), contextLength: shared.models.contextLength,
                foreignAuthors: shared.pairing.foreignAuthors(for: role))
        }
        let draft = try runtime(.draft, shared.draft, template: shared.models.chatTemplate)
        let target = try runtime(.target, shared.target, template: shared.models.chatTemplate)
        let rewardModel = try runtime(.rewardModel, shared.rewardModel, template: shared.reward.template)
        let delimiter = StepDelimiter(shared.models.delimiter)
        let scheduler = BatchScheduler { [executor] in executor.hasReadyJobs }
        pairing = shared.pairing
        let common = pairing.commonCount
        speculativeWriter = common.map { common in
            SpeculativeWriter(
                target: target, draft: draft, delimiter: delimiter, vocabularyCount: common,
                draftLength: options.draftLength ?? shared.models.draftLength ?? EngineOptions.usualDraftLength,
                sharesSamples: options.sharedSamples,
                scheduler: scheduler)
        }
        speculativeWriter?.minimumConfidence = Float(options.draftConfidence)
        draftWriter = ThoughtWriter(
            runtime: draft, delimiter: delimiter, vocabularyCount: common ?? draft.vocabulary.count,
            sharesSamples: options.sharedSamples,
            scheduler: scheduler)
        targetWriter = ThoughtWriter(
            runtime: target, delimiter: delimiter, vocabularyCount: common ?? target.vocabulary.count,
            sharesSamples: options.sharedSamples,
            scheduler: scheduler)
        scorer = try StepScorer(
            runtime: rewardModel, description: shared.reward, path: shared.models.rewardModel, scheduler: scheduler)
        let likelihood = RewardDescription(template: "{problem}")
        draftLikelihood = try StepScorer(
            runtime: draft, description: likelihood, path: shared.models.draft, scheduler: scheduler)
        targetLikelihood = try StepScorer(
            runtime: target, description: likelihood, path: shared.models.target, scheduler: scheduler)
        self.scheduler = scheduler
        self.options = options
        self.shared = shared
        executor.idleWork = { scheduler.round() }
    }

    var runtimes: [ModelRuntime] { [draftWriter.runtime, targetWriter.runtime, scorer.runtime] }

    /// A context like a model's own, for measurements.
    func replayContext(for runtime: ModelRuntime) throws(EngineError) -> LlamaContext {
        if let known = replayContexts[runtime.role] { return known }
        let own = runtime.decoder.context
        let context = try LlamaContext(model: own.model, configuration: own.configuration)
        replayContexts[runtime.role] = context
        return context
    }

    /// The tokens of a path in one model, prompt first.
    func tokens(of path: ReasoningPath, for role: ModelRole) throws -> [Token] {
        switch role {
        case .draft: try draftWriter.runtime.allTokens(of: path)
        case .target: try targetWriter.runtime.allTokens(of: path)
        case .rewardModel: try scorer.tokens(of: path)
        }
    }

    /// Scores the reward model's examples, and fails unless it tells them apart.
    func selfCheck() async throws {
        try await scorer.selfCheck()
        scorer.runtime.reset()
    }

    /// Changes the most tokens of a token-level draft, between calls.
    func setDraftLength(_ length: Int) { speculativeWriter?.draftLength = length }

    /// How often a call had to give way to another for want of room.
    var preemptions: Int { scheduler.preemptions }

    func sample(
        _ requests: [ThoughtRequest], mode: EngineSampler.Mode, cancellation: SequenceGroup.Cancellation
    ) async throws -> SampledThoughts {
        for request in requests { try Self.check(request) }
        advance(requests.map(\.path))
        let paths = requests.map(\.path)
        switch mode {
        case .draft:
            try prepare([draftWriter.runtime], paths)
            defer { mend() }
            return try await draftWriter.write(requests, cancellation: cancellation)
        case .target:
            try prepare([targetWriter.runtime], paths)
            defer { mend() }
            return try await targetWriter.write(requests, cancellation: cancellation)
        case .speculativeTarget:
            guard let speculativeWriter else { throw pairing.refusal }
            try prepare([targetWriter.runtime, draftWriter.runtime], paths)
            defer { mend() }
            return try await speculativeWriter.write(requests, cancellation: cancellation)
        }
    }

    func evaluate(
        _ paths: [ReasoningPath], cancellation: SequenceGroup.Cancellation
    ) async throws -> StepScores {
        try prepare([scorer.runtime], paths)
        defer { mend() }
        return try await scorer.evaluate(paths, cancellation: cancellation)
    }

    func logLikelihoods(
        _ paths: [ReasoningPath], parameters: SamplingParameters, mode: EngineSampler.Mode,
        cancellation: SequenceGroup.Cancellation
    ) async throws -> ThoughtLikelihoods {
        guard let common = pairing.commonCount else {
            throw EngineError(
                .mismatch, "How likely a model would write another's step is a question of the tokens that they share.",
                remedy: "Take draft and target from one family, or a rule that does not ask for it.")
        }
        let scorer = mode == .draft ? draftLikelihood : targetLikelihood
        try prepare([scorer.runtime], paths)
        defer { mend() }
        return try await scorer.logLikelihoods(
            paths, parameters: parameters, vocabularyCount: common, cancellation: cancellation)
    }

    func grade(_ paths: [ReasoningPath], cancellation: SequenceGroup.Cancellation) async throws -> StepGrades {
        let judge = try await madeJudge()
        try prepare([targetWriter.runtime], paths)
        defer { mend() }
        return try await judge.grade(paths, cancellation: cancellation)
    }

    /// A scorer in the target's own cache.
    private func madeJudge() async throws -> StepScorer {
        if let judge { return judge }
        let target = targetWriter.runtime
        let path = shared.models.judge ?? "the judge's question"
        try shared.judge.checkJudge(path: path)
        let runtime = ModelRuntime(
            role: .target, decoder: target.decoder,
            template: try PromptTemplate(shared.judge.template, model: shared.target),
            contextLength: shared.models.contextLength)
        let made = try StepScorer(runtime: runtime, description: shared.judge, path: path, scheduler: scheduler)
        try await made.selfCheck()
        judge = made
        return made
    }

    /// Drops what is cached of a problem and not in use.
    func release(_ problem: Problem) throws {
        frontiers[problem] = nil
        for runtime in runtimes { try runtime.release(problem) }
        try judge?.runtime.release(problem)
    }

    /// Drops everything cached and not in use.
    func reset() {
        frontiers = [:]
        for runtime in runtimes { runtime.reset() }
        judge?.runtime.reset()
    }

    private func prepare(_ runtimes: [ModelRuntime], _ paths: [ReasoningPath]) throws {
        try Task.checkCancellation()
        mend()
        for runtime in runtimes { try prune(runtime, problems: Set(paths.map(\.problem))) }
    }

    /// Empties a cache whose state is unknown after a failed pass, once nobody uses it.
    private func mend() {
        for runtime in runtimes where runtime.decoder.isLost && runtime.decoder.tree.pinCount == 0 { runtime.reset() }
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
            let tokens = try frontier.paths.map { try self.tokens(of: $0, for: runtime.role) }
            try runtime.retain(tokens, of: problem)
        }
    }

    /// The paths of a problem that were last continued.
    private struct Frontier {
        var depth: Int
        var paths: Set<ReasoningPath>
        /// The models whose caches still hold other branches.
        var stale: Set<ModelRole>
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
