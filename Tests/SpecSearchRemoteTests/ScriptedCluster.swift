import Foundation
import SpecSearch
import SpecSearchRemote
import SpecSearchTesting

/// Scripted servers for each role, and searches over them.
struct ScriptedCluster {
    let drafts: [ScriptedServer]
    let targets: [ScriptedServer]
    let rewardModels: [ScriptedServer]
    let remote: RemoteEngine

    /// A policy whose pauses suit tests.
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

    static let rewardModel = RemoteRewardModel.Configuration(
        .labels(good: "+", bad: "-"), stepToken: "\u{1}", stepSeparator: "\n\n")

    init(
        targets targetCount: Int = 1, rewardModels rewardModelCount: Int = 1, policy: CallPolicy = fast,
        configuration: ScriptedServer.Configuration = ScriptedServer.Configuration(), slowTarget: Duration? = nil
    ) async throws {
        drafts = [ScriptedServer(configuration)]
        targets = (0..<targetCount).map { index in
            var configuration = configuration
            if index == 0, let slowTarget { configuration.latency = slowTarget }
            return ScriptedServer(configuration)
        }
        rewardModels = (0..<rewardModelCount).map { _ in ScriptedServer(configuration) }
        for server in drafts + targets + rewardModels { try await server.start() }
        func group(_ servers: [ScriptedServer]) -> BackendGroup {
            BackendGroup(urls: servers.map(\.url), dialect: .vllm)
        }
        remote = try await RemoteEngine(
            draft: group(drafts), target: group(targets), rewardModel: (group(rewardModels), Self.rewardModel),
            policy: policy)
    }

    var servers: [ScriptedServer] { drafts + targets + rewardModels }

    /// The target that most calls went to, so that searches meet its faults: which problems prefer which replica depends on
    /// the ports that the servers happened to get.
    var busiestTarget: ScriptedServer { targets.sorted { $0.counts.requests > $1.counts.requests }[0] }

    /// The counts of the calls to the targets.
    var statistics: CallStatistics { remote.statistics[.target] ?? CallStatistics() }

    func stop() async { for server in servers { await server.kill() } }

    static func problems(_ count: Int) -> [Problem] {
        (0..<count).map { Problem(id: "p\($0)", text: "Ben has \($0) pencils. How many?") }
    }

    static let configuration: SearchConfiguration = {
        var configuration = SearchConfiguration()
        configuration.options.sampling = SamplingParameters(temperature: 1, maximumTokens: 48)
        configuration.width = 3
        return configuration
    }()

    func search() throws -> Search { try Search(remote, configuration: Self.configuration) }

    /// Runs all problems at once, or at most `concurrency` of them; what each came to, in their order.
    func solve(_ problems: [Problem], concurrency: Int = .max) async throws -> [Result<Outcome, any Error>] {
        let search = try search()
        return await withTaskGroup(of: (Int, Result<Outcome, any Error>).self) { tasks in
            var results: [Int: Result<Outcome, any Error>] = [:]
            for (index, problem) in problems.enumerated() {
                if index >= concurrency, let (index, result) = await tasks.next() { results[index] = result }
                tasks.addTask {
                    do {
                        return (index, .success(Outcome(try await search.solve(problem))))
                    } catch { return (index, .failure(error)) }
                }
            }
            for await (index, result) in tasks { results[index] = result }
            return problems.indices.compactMap { results[$0] }
        }
    }
}

/// What must not depend on faults: the answer, and every step of every path with its score.
struct Outcome: Equatable {
    var answer: String?
    var steps: [String]
    var scores: [Double]
    var end: SearchOutcome.End

    init(_ result: SearchResult) {
        let steps = result.paths.flatMap { result.tree.steps(to: $0.node) }
        answer = result.answer
        self.steps = steps.map(\.thought.text)
        scores = steps.map(\.score)
        end = result.end
    }
}

extension [Result<Outcome, any Error>] {
    var outcomes: [Outcome] { compactMap { try? $0.get() } }
    var errors: [SpecSearchError] {
        compactMap { result in
            if case .failure(let error) = result { error as? SpecSearchError } else { nil }
        }
    }
}
