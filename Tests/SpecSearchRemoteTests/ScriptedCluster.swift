import Foundation
import SpecSearch
import SpecSearchRemote
import SpecSearchRemoteTesting

/// Scripted engines for each role, and searches over them.
struct ScriptedCluster {
    let drafts: [ScriptedEngine]
    let targets: [ScriptedEngine]
    let rewards: [ScriptedEngine]
    let draft: RemoteModel
    let target: RemoteModel
    let reward: RemoteModel
    let evaluator: RemoteEvaluator

    static let fast: CallPolicy = {
        var policy = CallPolicy()
        policy.seconds = 20
        policy.retry.base = 0.01
        policy.retry.cap = 0.1
        policy.breakerPause = 0.2
        policy.longestBreakerPause = 1
        policy.patience = 10
        policy.hedgeShare = 0
        return policy
    }()

    init(
        targets targetCount: Int = 1, rewards rewardCount: Int = 1, policy: CallPolicy = fast,
        configuration: ScriptedEngine.Configuration = ScriptedEngine.Configuration(), slowTarget: Duration? = nil,
        concurrency: Int? = nil
    ) async throws {
        drafts = [ScriptedEngine(configuration)]
        targets = (0..<targetCount).map { index in
            var configuration = configuration
            if index == 0, let slowTarget { configuration.latency = slowTarget }
            return ScriptedEngine(configuration)
        }
        rewards = (0..<rewardCount).map { _ in ScriptedEngine(configuration) }
        for engine in drafts + targets + rewards { try await engine.start() }
        func model(_ engines: [ScriptedEngine]) -> RemoteModel {
            var group = BackendGroup(urls: engines.map(\.url), dialect: .vllm)
            group.concurrency = concurrency
            return RemoteModel(group, policy: policy)
        }
        draft = model(drafts)
        target = model(targets)
        reward = model(rewards)
        evaluator = try await RemoteEvaluator(
            reward,
            reward: RemoteRewardModel(
                .labels(good: .init(text: "+"), bad: .init(text: "-")), tag: "\u{1}", stepSeparator: "\n\n"))
    }

    var engines: [ScriptedEngine] { drafts + targets + rewards }
    var models: SearchModels {
        SearchModels(
            draft: RemoteSampler(draft, role: .draft), target: RemoteSampler(target, role: .target),
            evaluator: evaluator)
    }

    func stop() async { for engine in engines { await engine.kill() } }

    static func problems(_ count: Int) -> [Problem] {
        (0..<count).map { Problem(id: "p\($0)", text: "Ben has \($0) pencils. How many?") }
    }

    static func configuration(_ method: SearchMethod = .specsearch) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.method = method
        configuration.sampling = SamplingParameters(temperature: 1, maximumTokens: 48)
        configuration.speculation.width = 3
        return configuration
    }

    /// Runs all problems at once, or at most `concurrency` of them; what each came to, in their order.
    func solve(
        _ problems: [Problem], concurrency: Int = .max, configuration: SearchConfiguration = configuration()
    ) async -> [Result<Outcome, any Error>] {
        let models = models
        return await withTaskGroup(of: (Int, Result<Outcome, any Error>).self) { tasks in
            var results: [Int: Result<Outcome, any Error>] = [:]
            for (index, problem) in problems.enumerated() {
                if index >= concurrency, let (index, result) = await tasks.next() { results[index] = result }
                tasks.addTask {
                    do {
                        let result = try await Search(configuration, models: models).run(problem)
                        return (index, .success(Outcome(result)))
                    } catch { return (index, .failure(error)) }
                }
            }
            for await (index, result) in tasks { results[index] = result }
            return problems.indices.compactMap { results[$0] }
        }
    }
}

/// What must not depend on faults: the answer, and every step with its score.
struct Outcome: Equatable {
    var answer: String?
    var steps: [String]
    var scores: [Double]
    var end: SearchResult.End

    init(_ result: SearchResult) {
        answer = result.answer
        steps = result.paths.flatMap { $0.steps.map(\.thought.text) }
        scores = result.paths.flatMap { $0.steps.map(\.score) }
        end = result.end
    }
}

extension [Result<Outcome, any Error>] {
    var outcomes: [Outcome] { compactMap { try? $0.get() } }
    var errors: [EngineError] {
        compactMap { result in
            if case .failure(let error) = result { error as? EngineError } else { nil }
        }
    }
}
