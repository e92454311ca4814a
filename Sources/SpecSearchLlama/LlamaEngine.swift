public import SpecSearch
import Synchronization

/// The embedded engine: a draft, a target and a reward model in one process, on llama.cpp.
///
/// ```swift
/// let engine = try await LlamaEngine.load(try ModelSet(directory: "Models"))
/// engine.draft              // any ThoughtSampler: the small model
/// engine.target             // any ThoughtSampler: the large model, token by token
/// engine.speculativeTarget  // any ThoughtSampler: the large model, with token-level speculation by the draft
/// engine.evaluator          // any ThoughtEvaluator: the reward model
/// engine.grader             // any StepGrader: the large model, asked for a grade
/// try await engine.withProblem(problem) { … }          // what is cached of the problem goes at the end; a Search does it
/// await engine.reset()                                 // all branches leave the caches
/// try await engine.benchmarkDecode(batchSizes: [1, 12]) // milliseconds per pass of each model
/// ```
/// Samplers and evaluators hold their engine and may be used from any task, as many at once as you like: all calls that
/// wait for a model are in its next pass. Concurrent problems are spread over ``EngineOptions/workers``. A path's tokens
/// are computed once per model while they are cached. Cancellation ends a call within one pass.
public final class LlamaEngine: Sendable {
    /// The models and how to talk to them.
    public let models: ModelSet
    /// How the models are run.
    public let options: EngineOptions
    /// How the reward model is read.
    public let reward: RewardDescription

    private let shared: EngineWorker.Shared
    private let routing: Mutex<Routing>

    /// Which worker has which problem.
    private struct Routing {
        var workers: [EngineWorker]
        /// What each worker is serving: single calls, and the searches of its problems.
        var load: [Int]
        var places: [Problem: Place] = [:]
    }

    private struct Place {
        var worker: Int
        /// Searches of the problem that are under way.
        var searches = 0
    }

    private init(_ shared: EngineWorker.Shared, first: EngineWorker) {
        models = shared.models
        options = shared.options
        reward = shared.reward
        self.shared = shared
        routing = Mutex(Routing(workers: [first], load: [0]))
    }

    // MARK: Loading

    /// Loads the models.
    ///
    /// - Parameters:
    ///   - reward: How the reward model is read; nil to read it from the description beside the model.
    ///   - judge: How the target is asked for a grade, with the kind `grade` and ten grades; nil for what the model set
    ///     says, or else ``RewardDescription/judge(chatTemplate:delimiter:)``. It is checked when ``grader`` is first used.
    ///   - progress: Called with a model's role and 0 ... 1 while it is read.
    /// - Throws: ``EngineError``, naming the file or setting and what to do.
    @concurrent
    public static func load(
        _ models: ModelSet, options: EngineOptions = EngineOptions(), reward: RewardDescription? = nil,
        judge: RewardDescription? = nil, progress: (@Sendable (ModelRole, Double) -> Void)? = nil
    ) async throws -> LlamaEngine {
        try models.check(path: "The model set \"\(models.name)\"")
        try options.check()
        let reward = try reward ?? RewardDescription.load(path: models.rewardModel)
        let asked = try judge ?? models.judge.map { path throws(EngineError) in try RewardDescription.load(path: path) }
        func load(_ role: ModelRole, _ path: String) throws -> LlamaModel {
            try LlamaModel(path: path, progress: progress.map { report in { @Sendable value in report(role, value) } })
        }
        let draft = try load(.draft, models.draft)
        let target = try load(.target, models.target)
        let rewardModel = try load(.rewardModel, models.prm)
        let shared = EngineWorker.Shared(
            models: models, options: options, reward: reward,
            judge: asked ?? .judge(chatTemplate: models.chatTemplate, delimiter: models.delimiter), draft: draft,
            target: target, rewardModel: rewardModel,
            pairing: VocabularyPairing(
                draft: draft, target: target, rewardModel: reward.kind == .likelihood ? rewardModel : nil))
        let worker = try EngineWorker(shared, threads: options.threads)
        try await worker.selfCheck()
        return LlamaEngine(shared, first: worker)
    }

    // MARK: Models

    /// The small model.
    public var draft: any ThoughtSampler { EngineSampler(engine: self, mode: .draft) }

    /// The large model, token by token.
    public var target: any ThoughtSampler { EngineSampler(engine: self, mode: .target) }

    /// Whether draft and target share a vocabulary; models that do not read one another's thoughts as text.
    public var pairsAtTokenLevel: Bool { shared.pairing.commonCount != nil }

    /// The large model with token-level speculation by the small one; it follows the same law as ``target``.
    ///
    /// It throws ``EngineError`` `mismatch` unless ``pairsAtTokenLevel``.
    public var speculativeTarget: any ThoughtSampler {
        EngineSampler(engine: self, mode: .speculativeTarget)
    }

    /// The reward model.
    public var evaluator: any ThoughtEvaluator {
        let evaluator = EngineEvaluator(engine: self, defaultAggregation: reward.pathAggregation)
        return reward.placement == .outcome ? OutcomeEvaluator(evaluator) : evaluator
    }

    /// The large model, asked how good a step is; ``GradingEvaluator`` makes scores of it.
    public var grader: any StepGrader { EngineGrader(engine: self) }

    /// Drops everything cached that no call is using.
    public func reset() async {
        for worker in workers { await worker.reset() }
        routing.withLock { routing in routing.places = routing.places.filter { $0.value.searches > 0 } }
    }

    var workers: [EngineWorker] { routing.withLock { $0.workers } }

    /// Has the problem's worker do something, which ends soon when the task is cancelled.
    func withWorker<Value: Sendable>(
        for problem: Problem?, _ work: (EngineWorker, SequenceGroup.Cancellation) async throws -> Value
    ) async throws -> Value {
        let (worker, place) = try route(problem)
        defer { routing.withLock { $0.load[place] -= 1 } }
        let cancellation = SequenceGroup.Cancellation()
        return try await withTaskCancellationHandler {
            try await work(worker, cancellation)
        } onCancel: {
            cancellation.cancel()
        }
    }

    /// A problem stays with its worker, which has its prefixes; a new one goes to the least busy, or, if none is idle, to
    /// a new worker.
    private func route(_ problem: Problem?, opensSearch: Bool = false) throws -> (EngineWorker, Int) {
        try routing.withLock { routing in
            var place = problem.flatMap { routing.places[$0]?.worker } ?? -1
            if place < 0 {
                place = routing.load.indices.min { routing.load[$0] < routing.load[$1] } ?? 0
                if routing.load[place] > 0, routing.workers.count < options.workers {
                    // Side by side with the others, further threads would only wait for one another.
                    routing.workers.append(try EngineWorker(shared, threads: 1))
                    routing.load.append(0)
                    place = routing.workers.count - 1
                }
                if let problem { routing.places[problem] = Place(worker: place) }
            }
            routing.load[place] += 1
            if let problem, opensSearch { routing.places[problem]?.searches += 1 }
            return (routing.workers[place], place)
        }
    }

    /// - Returns: Whether it was the problem's last search.
    private func closeSearch(of problem: Problem, at place: Int) -> Bool {
        routing.withLock { routing in
            routing.load[place] -= 1
            routing.places[problem]?.searches -= 1
            guard routing.places[problem]?.searches == 0 else { return false }
            routing.places[problem] = nil
            return true
        }
    }
}

extension LlamaEngine: SearchResource {
    /// Does the work on the thread of the problem's worker, so that no call changes threads; the problem's branches leave
    /// the caches when the last search of it ends.
    public func withProblem<Value: Sendable>(
        _ problem: Problem, _ work: () async throws -> Value
    ) async throws -> Value {
        let (worker, place) = try route(problem, opensSearch: true)
        let result: Result<Value, any Error>
        do {
            result = .success(try await withTaskExecutorPreference(worker.executor) { try await work() })
        } catch {
            result = .failure(error)
        }
        if closeSearch(of: problem, at: place) { try await worker.release(problem) }
        return try result.get()
    }
}
