import Foundation
import Glibc
import SpecSearch
import SpecSearchLlama
import SpecSearchRemote
import SpecSearchRemoteTesting
import Testing

/// Against the real llama-server with the shipped trio: `make test-servers` builds it and names it in the environment.
@Suite(.serialized, .enabled(if: RealServer.program != nil), .timeLimit(.minutes(10)))
struct RealServerTests {
    static let models = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "Models")
        .path

    static func problems(_ count: Int) throws -> [Problem] {
        struct Line: Decodable { var problem: String }
        let text = try String(contentsOfFile: models + "/heldout.jsonl", encoding: .utf8)
        return try text.split(separator: "\n").prefix(count).enumerated().map { index, line in
            Problem(id: "h\(index)", text: try JSONDecoder().decode(Line.self, from: Data(line.utf8)).problem)
        }
    }

    static func configuration(_ method: SearchMethod, _ set: ModelSet) -> SearchConfiguration {
        var configuration = SearchConfiguration()
        configuration.method = method
        configuration.sampling = set.samplingParameters
        configuration.sampling.temperature = 0
        configuration.answerPrefix = set.answerPrefix
        configuration.maximumDepth = 14
        return configuration
    }

    /// The trio on servers: one for the draft, one for the reward model, two for the target.
    struct Trio {
        let servers: [RealServer]
        let models: SearchModels
        let target: RemoteModel

        init(_ set: ModelSet, policy: CallPolicy = CallPolicy()) async throws {
            // Raw scores: calibration would make near ones equal.
            let reward = try RewardDescription.load(path: set.rewardModel)
            servers = [
                try await RealServer(model: set.draft), try await RealServer(model: set.prm),
                try await RealServer(model: set.target), try await RealServer(model: set.target),
            ]
            func model(_ servers: ArraySlice<RealServer>) async throws -> RemoteModel {
                var group = BackendGroup(urls: servers.map(\.url), dialect: .llamaServer)
                group.template = set.chatTemplate
                let model = RemoteModel(group, policy: policy)
                try await model.prepare()
                return model
            }
            target = try await model(servers[2...])
            models = SearchModels(
                draft: RemoteSampler(try await model(servers[..<1]), role: .draft, delimiter: set.delimiter),
                target: RemoteSampler(target, role: .target, delimiter: set.delimiter),
                evaluator: try await RemoteEvaluator(
                    try await model(servers[1..<2]),
                    reward: RemoteRewardModel(
                        .likelihood, template: reward.template, aggregation: reward.pathAggregation)))
        }

        func stop() { for server in servers { server.kill() } }
    }

    @Test func `Three servers give the embedded engine's answers and scores, and one of two targets may die`()
        async throws
    {
        let set = try ModelSet(directory: Self.models)
        var reward = try RewardDescription.load(path: set.rewardModel)
        reward.calibration = nil
        let engine = try await LlamaEngine.load(set, reward: reward)
        let trio = try await Trio(set)
        defer { trio.stop() }
        let problems = try Self.problems(6)
        let embedded = SearchModels(draft: engine.draft, target: engine.target, evaluator: engine.evaluator)
        var expected: [[String]] = []
        var paths: [ReasoningPath] = []
        for method in [SearchMethod.ar, .specsearch] {
            let configuration = Self.configuration(method, set)
            for problem in problems {
                let here = try await Search(configuration, models: embedded).run(problem)
                let there = try await Search(configuration, models: trio.models).run(problem)
                #expect(there.answer == here.answer)
                #expect(there.best.steps.map(\.thought.tokens) == here.best.steps.map(\.thought.tokens))
                if method == .ar { expected.append(there.best.steps.map(\.thought.text)) }
                let steps = here.best.steps.map(\.thought)
                paths += steps.indices.map { ReasoningPath(problem: problem, thoughts: Array(steps[...$0])) }
            }
        }
        #expect(paths.contains { $0.isFinished })
        let here = try await engine.evaluator.evaluate(paths).scores
        let there = try await trio.models.evaluator.evaluate(paths).scores
        let difference = zip(here, there).map { abs($0 - $1) }.max() ?? 1
        #expect(difference <= 1e-3)
        print("\(paths.count) scores of llama-server and the embedded engine differ by at most \(difference)")

        // kill -9 of one target while all problems are being solved.
        let before = trio.target.statistics
        let killer = Task {
            while trio.target.statistics.requests < before.requests + 12 { try await Task.sleep(for: .milliseconds(5)) }
            trio.servers[2].kill()
        }
        let configuration = Self.configuration(.ar, set)
        let results = try await withThrowingTaskGroup(of: (Int, [String]).self) { tasks in
            for (index, problem) in problems.enumerated() {
                tasks.addTask {
                    let result = try await Search(configuration, models: trio.models).run(problem)
                    return (index, result.best.steps.map(\.thought.text))
                }
            }
            var results: [Int: [String]] = [:]
            for try await (index, steps) in tasks { results[index] = steps }
            return problems.indices.map { results[$0] ?? [] }
        }
        killer.cancel()
        _ = try? await killer.value
        #expect(results == expected)
        let after = trio.target.statistics
        print("target: \(after.requests - before.requests) requests, \(after.retries) retries, \(after.failures)")
    }

    @Test func `A label's share is the embedded engine's`() async throws {
        var set = try ModelSet(directory: Self.models)
        set.contextLength = 512
        let description = RewardDescription(
            template: "{problem}\n\n", tag: " answer", good: "1", bad: "2", stepSeparator: "\n\n")
        let engine = try await LlamaEngine.load(set, reward: description)
        let server = try await RealServer(model: set.prm)
        defer { server.kill() }
        let model = RemoteModel(BackendGroup(urls: [server.url], dialect: .llamaServer))
        try await model.prepare()
        let evaluator = try await RemoteEvaluator(
            model,
            reward: RemoteRewardModel(
                .labels(good: .init(text: "1"), bad: .init(text: "2")), tag: " answer", stepSeparator: "\n\n"))
        let paths = try Self.problems(8).map { problem in
            ReasoningPath(
                problem: problem,
                thoughts: ["finds 63: 56+63=119.\n\n", "loses 9: 119-9=110.\n\n"].map {
                    Thought(text: $0, tokens: [1], stop: .delimiter, author: .target)
                })
        }
        let here = try await engine.evaluator.evaluate(paths).scores
        let there = try await evaluator.evaluate(paths).scores
        #expect(zip(here, there).allSatisfy { abs($0 - $1) <= 1e-3 }, "\(here) \(there)")
    }

    @Test func `The doctor finds what llama-server can do`() async throws {
        let set = try ModelSet(directory: Self.models)
        let server = try await RealServer(model: set.prm)
        defer { server.kill() }
        let group = BackendGroup(urls: [server.url, "http://127.0.0.1:9"], dialect: .llamaServer)
        let reports = await ServerProbe(
            RemoteModel(group), role: .rewardModel, reward: RemoteRewardModel(.likelihood)
        ).run()
        #expect(reports[0].isFit && reports[0].slots == 8, "\(reports[0])")
        #expect(reports[0].abilities.contains { $0.name == "scores by likelihood" && $0.works })
        #expect(!reports[1].isFit)
        // A server of another kind is not taken for this one.
        var wrong = group
        wrong.dialect = .vllm
        wrong.urls = [server.url]
        #expect(await ServerProbe(RemoteModel(wrong), role: .target).run().allSatisfy { !$0.isFit })
    }
}

/// A llama-server of this test.
final class RealServer: Sendable {
    static var program: String? { ProcessInfo.processInfo.environment["SPECSEARCH_LLAMA_SERVER"] }

    let url: String
    private let identifier: Int32

    init(model: String) async throws {
        // A port that was free a moment ago.
        let place = FaultServer { _ in .json("{}") }
        try await place.start()
        url = place.url
        await place.kill()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program ?? "")
        process.arguments = [
            "-m", model, "--host", "127.0.0.1", "--port", url.split(separator: ":").last.map(String.init) ?? "", "-c",
            "4096", "-np", "8", "--kv-unified", "-t", "1", "-tb", "1", "--no-warmup",
            // As the embedded engine: the two ways of attention differ in the third digit of a probability.
            "-fa", "off",
        ]
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        identifier = process.processIdentifier
        let pool = BackendPool(BackendGroup(urls: [url], dialect: .llamaServer))
        for _ in 0..<600 {
            if (try? await pool.send(.get("/health"), toReplica: 0, seconds: 5)) != nil { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        kill()
        throw EngineError(.unavailable, "llama-server did not start.", remedy: "")
    }

    func kill() { _ = Glibc.kill(identifier, SIGKILL) }
}
