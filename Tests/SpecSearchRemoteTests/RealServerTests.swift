import Foundation
import Glibc
import SpecSearch
import SpecSearchLlama
import SpecSearchRemote
import SpecSearchTesting
import Testing

/// Against the real llama-server with the shipped models: `make test-servers` builds it and names it in the environment.
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
        configuration.options.sampling = set.sampling
        configuration.options.sampling?.temperature = 0
        configuration.options.maximumDepth = 14
        return configuration
    }

    /// The model set on servers: one for the draft, one for the reward model, two for the target.
    struct Cluster {
        let servers: [RealServer]
        let remote: RemoteEngine

        init(_ set: ModelSet, _ rewardModel: RewardModelConfiguration) async throws {
            servers = [
                try await RealServer(model: set.draft), try await RealServer(model: set.rewardModel),
                try await RealServer(model: set.target), try await RealServer(model: set.target),
            ]
            func group(_ servers: ArraySlice<RealServer>) -> BackendGroup {
                var group = BackendGroup(urls: servers.map(\.url), dialect: .llamaServer)
                group.template = set.chatTemplate
                return group
            }
            // Raw scores: calibration would make near ones equal.
            let configuration = RemoteRewardModel.Configuration(
                .likelihood, template: rewardModel.template, aggregation: rewardModel.pathAggregation)
            remote = try await RemoteEngine(
                draft: group(servers[..<1]), target: group(servers[2...]),
                rewardModel: (group(servers[1..<2]), configuration), defaults: set.defaults,
                delimiter: set.delimiter)
        }

        /// The counts of the calls to the targets.
        var statistics: CallStatistics { remote.statistics[.target] ?? CallStatistics() }

        func stop() { for server in servers { server.kill() } }
    }

    @Test func `Three servers give the embedded engine's answers and scores, and one of two targets may die`()
        async throws
    {
        let set = try ModelSet(directory: Self.models)
        var rewardModel = try RewardModelConfiguration.load(path: try #require(set.rewardModelConfiguration))
        rewardModel.calibration = nil
        let embedded = try await LlamaEngine(set, rewardModel: rewardModel)
        let cluster = try await Cluster(set, rewardModel)
        defer { cluster.stop() }
        let problems = try Self.problems(6)
        var expected: [[String]] = []
        var paths: [ReasoningPath] = []
        for method in [SearchMethod.ar, .specsearch] {
            let configuration = Self.configuration(method, set)
            for problem in problems {
                let here = try await Search(embedded, configuration: configuration).solve(problem)
                let there = try await Search(cluster.remote, configuration: configuration).solve(problem)
                #expect(there.answer == here.answer)
                #expect(there.steps.map(\.thought.tokens) == here.steps.map(\.thought.tokens))
                if method == .ar { expected.append(there.steps.map(\.thought.text)) }
                let steps = here.steps.map(\.thought)
                paths += steps.indices.map { ReasoningPath(problem: problem, thoughts: Array(steps[...$0])) }
            }
        }
        #expect(paths.contains { $0.isFinished })
        let here = try #require(try await embedded.engine.rewardModel?.score(paths).scores)
        let there = try #require(try await cluster.remote.engine.rewardModel?.score(paths).scores)
        let difference = zip(here, there).map { abs($0 - $1) }.max() ?? 1
        #expect(difference <= 1e-3)
        print("\(paths.count) scores of llama-server and the embedded engine differ by at most \(difference)")

        // kill -9 of one target while all problems are being solved.
        let before = cluster.statistics
        let killer = Task {
            while cluster.statistics.requests < before.requests + 12 { try await Task.sleep(for: .milliseconds(5)) }
            cluster.servers[2].kill()
        }
        let search = try Search(cluster.remote, configuration: Self.configuration(.ar, set))
        let results = try await withThrowingTaskGroup(of: (Int, [String]).self) { tasks in
            for (index, problem) in problems.enumerated() {
                tasks.addTask { (index, try await search.solve(problem).steps.map(\.thought.text)) }
            }
            var results: [Int: [String]] = [:]
            for try await (index, steps) in tasks { results[index] = steps }
            return problems.indices.map { results[$0] ?? [] }
        }
        killer.cancel()
        _ = try? await killer.value
        #expect(results == expected)
        let after = cluster.statistics
        print("target: \(after.requests - before.requests) requests, \(after.retries) retries, \(after.failures)")
    }

    @Test func `A step's log-likelihood is the embedded engine's`() async throws {
        let set = try ModelSet(directory: Self.models)
        let embedded = try await LlamaEngine(ModelSet(target: set.target, chatTemplate: set.chatTemplate))
        let server = try await RealServer(model: set.target)
        defer { server.kill() }
        var group = BackendGroup(urls: [server.url], dialect: .llamaServer)
        group.template = set.chatTemplate
        let remote = try await RemoteLanguageModel(group, role: .target, delimiter: set.delimiter)
        let target = try #require(embedded.engine.target)
        let requests = try Self.problems(4).map { problem in
            SampleRequest(
                path: ReasoningPath(problem: problem), count: 1,
                sampling: SamplingParameters(temperature: 0, maximumTokens: 64),
                key: RandomKey(seed: 1, problem: 1, depth: 0, node: 0, role: .target))
        }
        let thoughts = try await target.sample(requests).thoughts
        let paths = zip(requests, thoughts).map { $0.path.appending($1[0]) }
        let plain = SamplingParameters(temperature: 1)
        let here = try await target.logLikelihoods(of: paths, sampling: plain).values
        let there = try await remote.logLikelihoods(of: paths, sampling: plain).values
        #expect(zip(here, there).allSatisfy { abs($0 - $1) <= 1e-2 }, "\(here) \(there)")
    }

    @Test func `A label's share is the embedded engine's`() async throws {
        let set = try ModelSet(directory: Self.models)
        let embedded = try await LlamaEngine(
            ModelSet(rewardModel: set.rewardModel, contextLength: 512),
            rewardModel: RewardModelConfiguration(
                template: "{problem}\n\n", stepToken: " answer", good: "1", bad: "2", stepSeparator: "\n\n"))
        let server = try await RealServer(model: set.rewardModel)
        defer { server.kill() }
        let remote = try await RemoteRewardModel(
            BackendGroup(urls: [server.url], dialect: .llamaServer),
            .init(.labels(good: "1", bad: "2"), stepToken: " answer", stepSeparator: "\n\n"))
        let paths = try Self.problems(8).map { problem in
            ReasoningPath(
                problem: problem,
                thoughts: ["finds 63: 56+63=119.\n\n", "loses 9: 119-9=110.\n\n"].map {
                    Thought(text: $0, tokens: [1], stop: .delimiter, source: .target)
                })
        }
        let here = try #require(try await embedded.engine.rewardModel?.score(paths).scores)
        let there = try await remote.score(paths).scores
        #expect(zip(here, there).allSatisfy { abs($0 - $1) <= 1e-3 }, "\(here) \(there)")
    }

    @Test func `The doctor finds what llama-server can do`() async throws {
        let set = try ModelSet(directory: Self.models)
        let server = try await RealServer(model: set.rewardModel)
        defer { server.kill() }
        let group = BackendGroup(urls: [server.url, "http://127.0.0.1:9"], dialect: .llamaServer)
        let reports = await ServerProbe(group, role: .rewardModel, reading: .likelihood).run()
        #expect(reports[0].isFit && reports[0].slots == 8, "\(reports[0])")
        #expect(reports[0].abilities.contains { $0.name == "scores by likelihood" && $0.works })
        #expect(!reports[1].isFit)
        // A server of another kind is not taken for this one.
        var wrong = group
        wrong.dialect = .vllm
        wrong.urls = [server.url]
        #expect(await ServerProbe(wrong, role: .target).run().allSatisfy { !$0.isFit })
    }
}

/// A llama-server of this test.
final class RealServer: Sendable {
    static var program: String? { ProcessInfo.processInfo.environment["SPECSEARCH_LLAMA_SERVER"] }

    let url: String
    private let identifier: Int32

    init(model: String?) async throws {
        let model = try #require(model)
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
        throw SpecSearchError(.unavailable, "llama-server did not start.")
    }

    func kill() { _ = Glibc.kill(identifier, SIGKILL) }
}
