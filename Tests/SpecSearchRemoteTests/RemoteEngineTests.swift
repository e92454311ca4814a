import Foundation
import SpecSearch
import SpecSearchRemote
import SpecSearchTesting
import Testing

@Suite(.timeLimit(.minutes(1))) struct RemoteEngineTests {
    private static let problem = Problem(id: "p", text: "Ben has 56 pencils.")

    private static func thought(_ text: String, stop: Thought.Stop = .delimiter) -> Thought {
        Thought(
            text: text, tokens: text.utf8.map(Token.init) + (stop == .endOfSequence ? [0] : []), stop: stop,
            source: .target)
    }

    /// A server, and what it is asked.
    private func server(_ configuration: ScriptedServer.Configuration = .init()) async throws -> ScriptedServer {
        let server = ScriptedServer(configuration)
        try await server.start()
        return server
    }

    private func group(_ server: ScriptedServer, _ dialect: Dialect = .vllm) -> BackendGroup {
        BackendGroup(urls: [server.url], dialect: dialect)
    }

    @Test func `An engine has the roles that run on servers, and their counts`() async throws {
        let server = try await server()
        let remote = try await RemoteEngine(
            target: group(server), rewardModel: (group(server), ScriptedCluster.rewardModel),
            defaults: Engine.Defaults(name: "scripted"))
        #expect(remote.engine.draft == nil && remote.engine.target != nil && remote.engine.rewardModel != nil)
        #expect(remote.engine.defaults.name == "scripted")
        #expect(Set(remote.statistics.keys) == [.target, .rewardModel])
        // Step token and both labels were asked for.
        #expect(remote.statistics[.rewardModel]?.calls == 3 && remote.statistics[.target]?.calls == 0)
        await server.kill()
    }

    @Test func `Roles of several engines make one`() async throws {
        let server = try await server()
        let first = try await RemoteEngine(draft: group(server))
        let second = try await RemoteEngine(
            target: group(server), rewardModel: (group(server), ScriptedCluster.rewardModel))
        let mixed = Engine(
            draft: first.engine.draft, target: second.engine.target, rewardModel: second.engine.rewardModel)
        let result = try await Search(mixed, configuration: ScriptedCluster.configuration).solve(Self.problem)
        #expect(result.isFinished)
        #expect((first.statistics[.draft]?.calls ?? 0) > 0 && (second.statistics[.target]?.calls ?? 0) > 0)
        await server.kill()
    }

    @Test func `The log-likelihood of a step is the sum over its tokens`() async throws {
        let server = try await server()
        let model = try await RemoteLanguageModel(group(server), role: .target)
        let steps = [Self.thought("finds 63.\n\n"), Self.thought("The answer is 3", stop: .endOfSequence)]
        let paths = [1, 2].map { ReasoningPath(problem: Self.problem, thoughts: Array(steps.prefix($0))) }
        let answer = try await model.logLikelihoods(of: paths, sampling: SamplingParameters(temperature: 1))
        for (path, value) in zip(paths, answer.values) {
            let tokens = "Ben has 56 pencils.\n\n".utf8.map(Token.init) + path.tokens
            let count = try #require(path.thoughts.last).tokens.count
            let expected = ScriptedServer.probabilities(of: tokens).suffix(count).reduce(0) { $0 + log($1) }
            #expect(abs(value - expected) < 1e-9)
        }
        #expect(answer.usage[.target].evaluatedTokens == steps.reduce(0) { $0 + $1.tokens.count })
        await server.kill()
    }

    @Test(arguments: [
        SamplingParameters(temperature: 0.8), SamplingParameters(temperature: 1, topK: 5),
        SamplingParameters(temperature: 1, topP: 0.9), SamplingParameters(temperature: 1, minP: 0.1),
    ])
    func `Likelihoods of a filtered distribution are unsupported`(_ sampling: SamplingParameters) async throws {
        let server = try await server()
        let model = try await RemoteLanguageModel(group(server), role: .target)
        let path = ReasoningPath(problem: Self.problem, thoughts: [Self.thought("finds 63.\n\n")])
        let error = await #expect(throws: SpecSearchError.self) {
            try await model.logLikelihoods(of: [path], sampling: sampling)
        }
        #expect(error?.code == .unsupported && error?.remedy.isEmpty == false)
        #expect(model.statistics.calls == 0)
        await server.kill()
    }

    @Test func `A text-only server gives no likelihood`() async throws {
        let server = try await server()
        let model = try await RemoteLanguageModel(group(server, .openAI), role: .target)
        let path = ReasoningPath(problem: Self.problem, thoughts: [Self.thought("finds 63.\n\n")])
        let error = await #expect(throws: SpecSearchError.self) {
            try await model.logLikelihoods(of: [path], sampling: SamplingParameters(temperature: 1))
        }
        #expect(error?.code == .unsupported)
        await server.kill()
    }

    @Test func `Text-only servers do not go with models that need token ids`() async throws {
        let text = BackendGroup(urls: ["http://127.0.0.1:9"], dialect: .openAI)
        let ids = BackendGroup(urls: ["http://127.0.0.1:9"], dialect: .vllm)
        let mixed = await #expect(throws: SpecSearchError.self) { try await RemoteEngine(draft: text, target: ids) }
        #expect(mixed?.code == .mismatch)
        let verified = await #expect(throws: SpecSearchError.self) {
            try await RemoteEngine(target: text, rewardModel: (ids, .init(.likelihood)))
        }
        #expect(verified?.code == .mismatch)
        _ = try await RemoteEngine(draft: text, target: text)
    }

    @Test func `A group without servers is refused`() async throws {
        let error = await #expect(throws: SpecSearchError.self) {
            try await RemoteEngine(target: BackendGroup(urls: [], dialect: .vllm))
        }
        #expect(error?.code == .badSetting)
    }

    @Test func `A template without a place for the problem is refused`() async throws {
        let server = try await server()
        var group = group(server)
        group.template = "qwen2.5"
        let error = await #expect(throws: SpecSearchError.self) { try await RemoteEngine(target: group) }
        #expect(error?.code == .badSetting && error?.message.contains("qwen2.5") == true)
        await server.kill()
    }

    @Test func `A reward model whose labels are no tokens is refused`() async throws {
        let server = try await server()
        for (configuration, word) in [
            (RemoteRewardModel.Configuration(.labels(good: "yes", bad: "-"), stepToken: "\u{1}"), "yes"),
            (.init(.labels(good: "+", bad: "+"), stepToken: "\u{1}"), "same token"),
            (.init(.labels(good: "+", bad: "-")), "no step token"),
            (.init(.classes(good: 1), stepToken: "\u{1}", stepTokenID: 7), "7"),
        ] {
            let error = await #expect(throws: SpecSearchError.self) {
                try await RemoteRewardModel(group(server), configuration)
            }
            #expect(error?.code == .badModelFile && error?.message.contains(word) == true)
        }
        await server.kill()
    }

    @Test func `A class head's score is its row at the last step token`() async throws {
        let server = try await server()
        let model = try await RemoteRewardModel(
            group(server), .init(.classes(good: 1), stepToken: "\u{1}", stepSeparator: "\n\n"))
        let path = ReasoningPath(
            problem: Self.problem, thoughts: [Self.thought("finds 63.\n\n"), Self.thought("finds 7.\n\n")])
        let score = try await model.score([path]).scores[0]
        let text = "Ben has 56 pencils.\n\nfinds 63.\u{1}\n\nfinds 7.\u{1}"
        #expect(abs(score - ScriptedServer.score(text.utf8.map(Token.init))) < 1e-9)
        await server.kill()
    }

    @Test func `The doctor reports what a server can do, and what is missing`() async throws {
        let server = try await server()
        var both = group(server)
        both.urls.append("http://127.0.0.1:9")
        let reports = await ServerProbe(both, role: .rewardModel, reading: ScriptedCluster.rewardModel.reading).run()
        #expect(reports[0].isFit && !reports[1].isFit)
        #expect(reports[0].models == ["scripted"] && reports[0].version == "scripted")
        #expect(
            reports[0].abilities.map(\.name) == [
                "answers", "tokenises", "generates siblings from ids", "repeats by seed", "scores by labels",
            ])
        // A server whose tokenizer gives one id for everything is no reason to crash.
        server.disturb { $0.path == "/tokenize" ? .json(#"{"tokens":[1]}"#) : nil }
        let strange = await ServerProbe(group(server), role: .rewardModel).run()
        #expect(!strange[0].isFit && strange[0].abilities.last?.name == "tokenises")
        await server.kill()
    }
}
