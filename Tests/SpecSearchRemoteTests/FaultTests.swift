import Foundation
import SpecSearch
import SpecSearchRemote
import SpecSearchTesting
import Testing

/// The faults that a search survives; their names are those of SERVING.md's reliability table.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FaultTests {
    @Test func `R3: one of two targets killed in mid-search loses nothing`() async throws {
        var configuration = ScriptedServer.Configuration()
        configuration.latency = .milliseconds(5)
        let calm = try await ScriptedCluster(targets: 2, configuration: configuration)
        let problems = ScriptedCluster.problems(32)
        let expected = try await calm.solve(problems).outcomes
        await calm.stop()
        #expect(expected.count == 32)

        let cluster = try await ScriptedCluster(targets: 2, configuration: configuration)
        let killer = Task {
            while cluster.targets[0].counts.requests < 20 { try await Task.sleep(for: .milliseconds(2)) }
            await cluster.targets[0].kill()
        }
        let results = try await cluster.solve(problems)
        try await killer.value
        #expect(results.errors.map(\.message) == [])
        #expect(results.outcomes == expected)
        #expect(cluster.statistics.retries > 0)
        // How many calls were left for the dead one when it was killed is chance: sooner or later it is left alone.
        for _ in 0..<20 where cluster.statistics.breakerOpenings == 0 { _ = try await cluster.solve(problems) }
        #expect(cluster.statistics.breakerOpenings > 0)

        // It comes back, and is used again.
        let before = cluster.targets[0].counts.requests
        try await cluster.targets[0].start()
        for _ in 0..<100 where cluster.targets[0].counts.requests == before {
            _ = try await cluster.solve(problems)
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(cluster.targets[0].counts.requests > before)
        await cluster.stop()
    }

    @Test func `R4: without its reward model a search fails, and accepts nothing unscored`() async throws {
        var policy = ScriptedCluster.fast
        policy.patience = 0.5
        let cluster = try await ScriptedCluster(policy: policy)
        await cluster.rewardModels[0].kill()
        let search = try cluster.search()
        await withTaskGroup(of: Void.self) { tasks in
            for problem in ScriptedCluster.problems(16) {
                tasks.addTask {
                    let error = await #expect(throws: SpecSearchError.self) {
                        for try await event in search.events(for: problem) {
                            if case .resolved(let resolved) = event { #expect(resolved.state != .accepted) }
                        }
                    }
                    #expect(error?.code == .unavailable)
                }
            }
        }
        await cluster.stop()
    }

    @Test func `R5: a replica twenty times slower costs few extra requests`() async throws {
        var configuration = ScriptedServer.Configuration()
        configuration.latency = .milliseconds(5)
        var policy = ScriptedCluster.fast
        policy.hedgeShare = 0.05
        policy.soonestHedge = 0.02
        let cluster = try await ScriptedCluster(
            targets: 3, policy: policy, configuration: configuration, slowTarget: .milliseconds(100))
        let results = try await cluster.solve(ScriptedCluster.problems(60), concurrency: 8)
        #expect(results.outcomes.count == 60)
        let statistics = cluster.statistics
        #expect(statistics.hedges <= 1 + statistics.calls / 20)
        await cluster.stop()
    }

    @Test func `R6: a server that accepts and never answers is given up at the deadline`() async throws {
        var policy = ScriptedCluster.fast
        policy.seconds = 0.3
        policy.secondsPerToken = 0
        let cluster = try await ScriptedCluster(targets: 2, policy: policy)
        let expected = try await cluster.solve(ScriptedCluster.problems(8)).outcomes
        // More at once than below, so that kept connections are not taken for lost ones.
        _ = try await cluster.solve(ScriptedCluster.problems(16))
        let descriptors = Self.openDescriptors
        let target = cluster.busiestTarget
        target.disturb { _ in FaultServer.Reply(body: [], fault: .blackHole) }
        let results = try await cluster.solve(ScriptedCluster.problems(8))
        #expect(results.outcomes == expected)
        #expect((cluster.statistics.failures["timeout"] ?? 0) > 0)
        // The calls that were given up have closed their connections: the server saw it.
        for _ in 0..<500 where target.counts.inFlight > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(target.counts.inFlight == 0)
        #expect(Self.openDescriptors <= descriptors + 24)
        await cluster.stop()
    }

    /// Sockets and files of this process.
    static var openDescriptors: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count) ?? 0
    }

    @Test(arguments: [
        FaultServer.Fault.truncate(0), .truncate(1), .truncate(40), .reset(0), .reset(40), .announce(5),
        .announce(100_000),
    ])
    func `R7: an answer that breaks off on the wire is tried again`(_ fault: FaultServer.Fault) async throws {
        let cluster = try await ScriptedCluster(targets: 2)
        let expected = try await cluster.solve(ScriptedCluster.problems(8)).outcomes
        cluster.busiestTarget.disturb { request in
            guard request.path == "/v1/completions" else { return nil }
            return .json(String(repeating: " ", count: 60) + #"{"choices":[]}"#, fault: fault)
        }
        let results = try await cluster.solve(ScriptedCluster.problems(8))
        #expect(results.outcomes == expected)
        #expect(cluster.statistics.retries > 0)
        await cluster.stop()
    }

    @Test func `R8: an error under status 200 is tried again elsewhere`() async throws {
        let cluster = try await ScriptedCluster(targets: 2)
        let expected = try await cluster.solve(ScriptedCluster.problems(8)).outcomes
        cluster.busiestTarget.disturb { request in
            request.path == "/v1/completions" ? .json(#"{"error":{"message":"EngineCore died","code":500}}"#) : nil
        }
        let results = try await cluster.solve(ScriptedCluster.problems(8))
        #expect(results.outcomes == expected)
        #expect((cluster.statistics.failures["reported"] ?? 0) > 0)
        await cluster.stop()
    }

    @Test func `R9: a reward model that talks nonsense is an error, not a score`() async throws {
        for answer in [
            #"{"choices":[]}"#, "garbage",
            #"{"choices":[{"index":0,"text":"x","finish_reason":"length","logprobs":{"top_logprobs":[{}]}}]}"#,
            #"{"choices":[{"index":0,"text":"x","finish_reason":"length","logprobs":null}]}"#,
        ] {
            let cluster = try await ScriptedCluster()
            cluster.rewardModels[0].disturb { $0.path == "/v1/completions" ? .json(answer) : nil }
            let results = try await cluster.solve(ScriptedCluster.problems(2))
            #expect(results.outcomes.isEmpty)
            #expect(results.errors.allSatisfy { $0.code == .unavailable } && results.errors.count == 2)
            await cluster.stop()
        }
    }

    @Test func `R10: a burst of 503 on one of three replicas fails no search, and the breaker opens and closes`()
        async throws
    {
        let cluster = try await ScriptedCluster(targets: 3)
        let expected = try await cluster.solve(ScriptedCluster.problems(24)).outcomes
        cluster.targets[0].disturb { request in
            request.index % 10 < 3 ? .json(#"{"error":{"message":"busy","code":503}}"#, status: 503) : nil
        }
        #expect(try await cluster.solve(ScriptedCluster.problems(24), concurrency: 16).outcomes == expected)
        #expect(cluster.statistics.retries > 0)

        for server in cluster.targets { server.disturb { _ in .json("{}", status: 500) } }
        let failed = try await cluster.solve(ScriptedCluster.problems(20), concurrency: 16)
        #expect(cluster.statistics.breakerOpenings >= 3 || failed.outcomes.isEmpty)
        for server in cluster.targets { server.disturb(nil) }
        // Searches wait for the breakers' pauses, and then succeed.
        #expect(try await cluster.solve(ScriptedCluster.problems(24)).outcomes == expected)
        await cluster.stop()
    }

    @Test func `R11: a path that outgrows the context is a dead branch, and the search answers`() async throws {
        var configuration = ScriptedServer.Configuration()
        configuration.depth = 50
        let cluster = try await ScriptedCluster(configuration: configuration)
        // Only the language models are short: the reward model still judges what they sampled.
        for server in cluster.drafts + cluster.targets {
            server.disturb { request in
                request.path == "/v1/completions" && request.body.count > 700
                    ? .json(
                        #"{"error":{"message":"This model's maximum context length is 160 tokens","code":400}}"#,
                        status: 400) : nil
            }
        }
        let results = try await cluster.solve(ScriptedCluster.problems(4))
        #expect(results.outcomes.count == 4)
        #expect(results.outcomes.allSatisfy { $0.end == .dead })
        #expect(cluster.statistics.retries == 0)
        await cluster.stop()
    }

    @Test func `R16: concurrency, replicas and retries change nothing`() async throws {
        let problems = ScriptedCluster.problems(64)
        let single = try await ScriptedCluster()
        let expected = try await single.solve(problems, concurrency: 1).outcomes
        await single.stop()
        #expect(expected.count == 64)
        // One of twenty answers is cut: three tries would now and then not be enough for so many calls.
        var policy = ScriptedCluster.fast
        policy.retry.attempts = 6
        let many = try await ScriptedCluster(targets: 3, rewardModels: 3, policy: policy)
        #expect(try await many.solve(problems, concurrency: 64).outcomes == expected)
        for server in many.servers {
            server.disturb { request in
                request.path == "/v1/completions" && request.index % 20 == 0
                    ? .json("{\"choices\":", fault: .truncate(5)) : nil
            }
        }
        let disturbed = try await many.solve(problems, concurrency: 64)
        #expect(disturbed.outcomes == expected, "\(disturbed.errors)")
        await many.stop()
    }

    @Test func `A cancelled search closes its calls`() async throws {
        let cluster = try await ScriptedCluster()
        cluster.targets[0].disturb { $0.path == "/v1/completions" ? .init(body: [], fault: .blackHole) : nil }
        let search = Task {
            try await cluster.search().solve(ScriptedCluster.problems(1)[0])
        }
        while cluster.targets[0].counts.inFlight == 0 { try await Task.sleep(for: .milliseconds(5)) }
        search.cancel()
        let result = try await search.value
        #expect(result.end == .cancelled)
        for _ in 0..<500 where cluster.targets[0].counts.inFlight > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(cluster.targets[0].counts.inFlight == 0)
        await cluster.stop()
    }

    @Test func `A cancelled reader closes a half-read answer`() async throws {
        let cluster = try await ScriptedCluster()
        cluster.targets[0].disturb { request in
            guard request.path == "/v1/completions" else { return nil }
            return .json(String(repeating: " ", count: 5000), fault: .drip(size: 1, pause: .milliseconds(50)))
        }
        let search = Task {
            try await cluster.search().solve(ScriptedCluster.problems(1)[0])
        }
        while cluster.targets[0].counts.inFlight == 0 { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(200))
        search.cancel()
        _ = try await search.value
        for _ in 0..<500 where cluster.targets[0].counts.inFlight > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(cluster.targets[0].counts.inFlight == 0)
        await cluster.stop()
    }

    @Test func `A key is sent, a wrong one is refused without a retry, and none is shown`() async throws {
        var configuration = ScriptedServer.Configuration()
        configuration.apiKey = "right"
        let server = ScriptedServer(configuration)
        try await server.start()
        for (key, works) in [("right", true), ("wrong", false)] {
            let group = BackendGroup(urls: [server.url], dialect: .vllm, apiKey: Secret(key))
            #expect(!"\(group)".contains(key) && !String(reflecting: group).contains(key))
            let request = SampleRequest(
                path: ReasoningPath(problem: ScriptedCluster.problems(1)[0]), count: 2,
                sampling: SamplingParameters(), key: RandomKey(seed: 1, problem: 1, depth: 0, node: 0, role: .target))
            let model = try await RemoteLanguageModel(group, role: .target, policy: ScriptedCluster.fast)
            if works {
                #expect(try await model.sample([request]).thoughts[0].count == 2)
            } else {
                let error = await #expect(throws: SpecSearchError.self) { try await model.sample([request]) }
                #expect(error?.code == .unauthorized && error.map { !"\($0)".contains(key) } == true)
                #expect(model.statistics.retries == 0)
            }
        }
        await server.kill()
    }
}
