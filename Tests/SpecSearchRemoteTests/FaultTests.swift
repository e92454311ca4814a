import Foundation
import SpecSearch
import SpecSearchRemote
import SpecSearchRemoteTesting
import SpecSearchTesting
import Testing

/// What a search survives; the names are those of the plan of faults.
@Suite(.serialized, .timeLimit(.minutes(5))) struct FaultTests {
    @Test func `R3: one of two targets killed in mid-search loses nothing`() async throws {
        var configuration = ScriptedEngine.Configuration()
        configuration.latency = .milliseconds(5)
        let calm = try await ScriptedCluster(targets: 2, configuration: configuration)
        let problems = ScriptedCluster.problems(32)
        let expected = await calm.solve(problems).outcomes
        await calm.stop()
        #expect(expected.count == 32)

        let cluster = try await ScriptedCluster(targets: 2, configuration: configuration)
        let killer = Task {
            while cluster.targets[0].counts.requests < 20 { try await Task.sleep(for: .milliseconds(2)) }
            await cluster.targets[0].kill()
        }
        let results = await cluster.solve(problems)
        try await killer.value
        #expect(results.errors.map(\.message) == [])
        #expect(results.outcomes == expected)
        #expect(cluster.target.statistics.retries > 0)
        // How many calls were left for the dead one when it was killed is chance: sooner or later it is left alone.
        for _ in 0..<20 where cluster.target.statistics.breakerOpenings == 0 { _ = await cluster.solve(problems) }
        #expect(cluster.target.statistics.breakerOpenings > 0)

        // It comes back, and is used again.
        let before = cluster.targets[0].counts.requests
        try await cluster.targets[0].start()
        for _ in 0..<100 where cluster.targets[0].counts.requests == before {
            _ = await cluster.solve(problems)
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(cluster.targets[0].counts.requests > before)
        await cluster.stop()
    }

    @Test func `R4: without its reward model a search fails, and accepts nothing unscored`() async throws {
        var policy = ScriptedCluster.fast
        policy.patience = 0.5
        let cluster = try await ScriptedCluster(policy: policy)
        await cluster.rewards[0].kill()
        let log = EventLog()
        let models = cluster.models
        await withTaskGroup(of: Void.self) { tasks in
            for problem in ScriptedCluster.problems(16) {
                tasks.addTask {
                    let search = Search(ScriptedCluster.configuration(), models: models)
                    let error = await #expect(throws: EngineError.self) {
                        try await search.run(problem, onEvent: log.listener)
                    }
                    #expect(error?.code == .unavailable)
                }
            }
        }
        let accepted = log.events.contains { if case .accepted = $0 { true } else { false } }
        #expect(!accepted)
        await cluster.stop()
    }

    @Test func `R5: a replica twenty times slower costs few extra requests`() async throws {
        var configuration = ScriptedEngine.Configuration()
        configuration.latency = .milliseconds(5)
        var policy = ScriptedCluster.fast
        policy.hedgeShare = 0.05
        policy.soonestHedge = 0.02
        let cluster = try await ScriptedCluster(
            targets: 3, policy: policy, configuration: configuration, slowTarget: .milliseconds(100))
        let results = await cluster.solve(ScriptedCluster.problems(60), concurrency: 8)
        #expect(results.outcomes.count == 60)
        let statistics = cluster.target.statistics
        #expect(statistics.hedges <= 1 + statistics.calls / 20)
        await cluster.stop()
    }

    @Test func `R6: a server that accepts and never answers is given up at the deadline`() async throws {
        var policy = ScriptedCluster.fast
        policy.seconds = 0.3
        policy.secondsPerToken = 0
        let cluster = try await ScriptedCluster(targets: 2, policy: policy)
        let expected = await cluster.solve(ScriptedCluster.problems(8)).outcomes
        let descriptors = Self.openDescriptors
        cluster.targets[0].disturb { _ in FaultServer.Reply(body: [], fault: .blackHole) }
        let results = await cluster.solve(ScriptedCluster.problems(8))
        #expect(results.outcomes == expected)
        #expect((cluster.target.statistics.failures["timeout"] ?? 0) > 0)
        // The calls that were given up have closed their connections: the server saw it.
        for _ in 0..<500 where cluster.targets[0].counts.inFlight > 0 { try await Task.sleep(for: .milliseconds(10)) }
        #expect(cluster.targets[0].counts.inFlight == 0)
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
        let expected = await cluster.solve(ScriptedCluster.problems(4)).outcomes
        cluster.targets[0].disturb { request in
            guard request.path == "/v1/completions" else { return nil }
            return .json(String(repeating: " ", count: 60) + #"{"choices":[]}"#, fault: fault)
        }
        let results = await cluster.solve(ScriptedCluster.problems(4))
        #expect(results.outcomes == expected)
        await cluster.stop()
    }

    @Test func `R8: an error under status 200 is tried again elsewhere`() async throws {
        let cluster = try await ScriptedCluster(targets: 2)
        let expected = await cluster.solve(ScriptedCluster.problems(4)).outcomes
        cluster.targets[0].disturb { request in
            request.path == "/v1/completions" ? .json(#"{"error":{"message":"EngineCore died","code":500}}"#) : nil
        }
        let results = await cluster.solve(ScriptedCluster.problems(4))
        #expect(results.outcomes == expected)
        #expect((cluster.target.statistics.failures["reported"] ?? 0) > 0)
        await cluster.stop()
    }

    @Test func `R9: a reward model that talks nonsense is an error, not a score`() async throws {
        for answer in [
            #"{"choices":[]}"#, "garbage",
            #"{"choices":[{"index":0,"text":"x","finish_reason":"length","logprobs":{"top_logprobs":[{}]}}]}"#,
            #"{"choices":[{"index":0,"text":"x","finish_reason":"length","logprobs":null}]}"#,
        ] {
            let cluster = try await ScriptedCluster()
            cluster.rewards[0].disturb { $0.path == "/v1/completions" ? .json(answer) : nil }
            let results = await cluster.solve(ScriptedCluster.problems(2))
            #expect(results.outcomes.isEmpty)
            #expect(results.errors.allSatisfy { $0.code == .unavailable } && results.errors.count == 2)
            await cluster.stop()
        }
    }

    @Test func `R10: a burst of 503 on one of three replicas fails no search, and the breaker opens and closes`()
        async throws
    {
        let cluster = try await ScriptedCluster(targets: 3)
        let expected = await cluster.solve(ScriptedCluster.problems(24)).outcomes
        cluster.targets[0].disturb { request in
            request.index % 10 < 3 ? .json(#"{"error":{"message":"busy","code":503}}"#, status: 503) : nil
        }
        #expect(await cluster.solve(ScriptedCluster.problems(24), concurrency: 16).outcomes == expected)
        #expect(cluster.target.statistics.retries > 0)

        for engine in cluster.targets { engine.disturb { _ in .json("{}", status: 500) } }
        let failed = await cluster.solve(ScriptedCluster.problems(20), concurrency: 16)
        #expect(cluster.target.statistics.breakerOpenings >= 3 || failed.outcomes.isEmpty)
        for engine in cluster.targets { engine.disturb(nil) }
        // Searches wait for the breakers' pauses, and then succeed.
        #expect(await cluster.solve(ScriptedCluster.problems(24)).outcomes == expected)
        await cluster.stop()
    }

    @Test func `R11: a path that outgrows the context is a dead branch, and the search answers`() async throws {
        var configuration = ScriptedEngine.Configuration()
        configuration.depth = 50
        let cluster = try await ScriptedCluster(configuration: configuration)
        // Only the writers are short: the reward model still judges what they wrote.
        for engine in cluster.drafts + cluster.targets {
            engine.disturb { request in
                request.path == "/v1/completions" && request.body.count > 700
                    ? .json(
                        #"{"error":{"message":"This model's maximum context length is 160 tokens","code":400}}"#,
                        status: 400) : nil
            }
        }
        let results = await cluster.solve(ScriptedCluster.problems(4))
        #expect(results.outcomes.count == 4)
        #expect(results.outcomes.allSatisfy { $0.end == .dead })
        #expect(cluster.target.statistics.retries == 0)
        await cluster.stop()
    }

    @Test func `R16: concurrency, replicas and retries change nothing`() async throws {
        let problems = ScriptedCluster.problems(64)
        let single = try await ScriptedCluster()
        let expected = await single.solve(problems, concurrency: 1).outcomes
        await single.stop()
        #expect(expected.count == 64)
        // One of twenty answers is cut: three tries would now and then not be enough for so many calls.
        var policy = ScriptedCluster.fast
        policy.retry.attempts = 6
        let many = try await ScriptedCluster(targets: 3, rewards: 3, policy: policy)
        #expect(await many.solve(problems, concurrency: 64).outcomes == expected)
        for engine in many.engines {
            engine.disturb { request in
                request.path == "/v1/completions" && request.index % 20 == 0
                    ? .json("{\"choices\":", fault: .truncate(5)) : nil
            }
        }
        let disturbed = await many.solve(problems, concurrency: 64)
        #expect(disturbed.outcomes == expected, "\(disturbed.errors)")
        await many.stop()
    }

    @Test func `A cancelled search closes its calls`() async throws {
        let cluster = try await ScriptedCluster()
        cluster.targets[0].disturb { $0.path == "/v1/completions" ? .init(body: [], fault: .blackHole) : nil }
        let search = Task {
            try await Search(ScriptedCluster.configuration(), models: cluster.models).run(
                ScriptedCluster.problems(1)[0])
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
            try await Search(ScriptedCluster.configuration(), models: cluster.models).run(
                ScriptedCluster.problems(1)[0])
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
        var configuration = ScriptedEngine.Configuration()
        configuration.apiKey = "right"
        let engine = ScriptedEngine(configuration)
        try await engine.start()
        for (key, works) in [("right", true), ("wrong", false)] {
            let group = BackendGroup(urls: [engine.url], dialect: .vllm, apiKey: Secret(key))
            #expect(!"\(group)".contains(key) && !String(reflecting: group).contains(key))
            let model = RemoteModel(group, policy: ScriptedCluster.fast)
            let request = ThoughtRequest(
                path: ReasoningPath(problem: ScriptedCluster.problems(1)[0]), count: 2,
                parameters: SamplingParameters(), key: RandomKey(seed: 1, problem: 1, depth: 0, node: 0, role: .target))
            let sampler = RemoteSampler(model, role: .target)
            if works {
                #expect(try await sampler.sample([request]).thoughts[0].count == 2)
            } else {
                let error = await #expect(throws: EngineError.self) { try await sampler.sample([request]) }
                #expect(error?.code == .unauthorized && error.map { !"\($0)".contains(key) } == true)
                #expect(model.statistics.retries == 0)
            }
        }
        await engine.kill()
    }
}
