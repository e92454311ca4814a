import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct EngineTests {
    private func engine(_ roles: ModelRole..., pairs: Bool = true) -> Engine {
        Engine(
            draft: roles.contains(.draft) ? Toy.model(.draft) : nil,
            target: roles.contains(.target)
                ? ScriptedModel(.target, pairs: pairs) { path in
                    [path.depth < 3 ? .init("a\(path.depth)\n\n") : .init("E", stop: .endOfSequence)]
                } : nil,
            rewardModel: roles.contains(.rewardModel) ? Toy.rewardModel() : nil)
    }

    private func error(_ method: SearchMethod, _ engine: Engine) async -> SpecSearchError? {
        do {
            _ = try await Search(engine, configuration: Toy.configuration(method)).solve(Toy.problem)
            return nil
        } catch { return error as? SpecSearchError }
    }

    @Test(arguments: SearchMethod.allCases)
    func `A missing model is named by its role, and one that is not needed is not missed`(method: SearchMethod) async {
        let needsDraft = method != .ar && method != .auto
        let needsTarget = method != .draft
        let withoutDraft = await error(method, engine(.target, .rewardModel))
        #expect((withoutDraft?.message.contains("draft model") == true) == needsDraft)
        #expect((withoutDraft == nil) == !needsDraft)
        let withoutTarget = await error(method, engine(.draft, .rewardModel))
        #expect((withoutTarget?.message.contains("target model") == true) == needsTarget)
        #expect((withoutTarget == nil) == !needsTarget)
        let withoutScores = await error(method, engine(.draft, .target))
        #expect(withoutScores?.message.contains("reward model") == true)
        for error in [withoutDraft, withoutTarget, withoutScores] {
            #expect(error?.code ?? .badSetting == .badSetting && error?.remedy.isEmpty != true)
        }
    }

    @Test func `A missing reward model is named before anything is generated`() async throws {
        let target = Toy.model(.target)
        let search = Search(Engine(target: target), generator: .targetOnly)
        #expect(await code { try await search.solve(Toy.problem) } == .badSetting)
        #expect(target.calls.isEmpty)
        let votes = Search(Engine(target: target), algorithm: .selfConsistency(count: 3), generator: .targetOnly)
        #expect(try await votes.solve(Toy.problem).isFinished)
    }

    @Test func `Models that do not pair are refused by SpS, and SpecSearch takes the plain target`() async throws {
        let apart = engine(.draft, .target, .rewardModel, pairs: false)
        #expect(!apart.pairsAtTokenLevel && engine(.draft, .target).pairsAtTokenLevel)
        #expect(await error(.sps, apart)?.code == .mismatch)
        for (engine, isSpeculative) in [(apart, false), (engine(.draft, .target, .rewardModel), true)] {
            _ = try await Search(engine).solve(Toy.problem)
            let target = try #require(engine.target as? ScriptedModel)
            #expect(!target.calls.isEmpty && target.calls.allSatisfy { $0.isSpeculative == isSpeculative })
            _ = try await Search(engine, generator: .targetOnly).solve(Toy.problem)
            #expect(target.calls.last?.isSpeculative == false)
        }
        struct Plain: LanguageModel {
            func sample(_ requests: [SampleRequest]) async throws -> Samples { Samples(thoughts: []) }
        }
        let plain = Engine(draft: Toy.model(.draft), target: Plain(), rewardModel: Toy.rewardModel())
        // Servers speculate by themselves: nothing is refused, and nothing proposes.
        #expect(try plain.models(for: ModelNeeds(target: .speculative)).target is Plain)
    }

    @Test func `Speculation changes no thought, and takes the engine's number of tokens`() async throws {
        var engine = engine(.draft, .target, .rewardModel)
        engine.defaults.numSpeculativeTokens = 3
        let plain = try await Search(timeless: engine, Toy.configuration(.ar)).solve(Toy.problem)
        let speculative = try await Search(timeless: engine, Toy.configuration(.sps)).solve(Toy.problem)
        #expect(plain == speculative)
        #expect((engine.target as? ScriptedModel)?.calls.last?.numSpeculativeTokens == 3)
    }

    @Test func `The judge is the target where it is asked for, and refused where it cannot be`() async throws {
        var engine = engine(.draft, .target, .rewardModel)
        var configuration = Toy.configuration(.ar)
        configuration.judge = .target
        #expect(throws: SpecSearchError.self) { try Search(engine, configuration: configuration) }
        let judge = ScriptedRewardModel { _ in 0.25 }
        engine.judge = judge
        let result = try await Search(engine, configuration: configuration).solve(Toy.problem)
        #expect(result.best.score == 0.25 && !judge.calls.isEmpty)
        let error = #expect(throws: SpecSearchError.self) { try engine.judged(by: .examples) }
        #expect(error?.code == .badSetting)
    }

    @Test func `What suits the models holds where the settings say nothing`() async throws {
        let target = Toy.model(.target)
        let engine = Engine(
            target: target, rewardModel: Toy.rewardModel(),
            defaults: .init(name: "toys", sampling: .init(temperature: 0.3, topK: 7), answerMarker: "E"))
        var configuration = Toy.configuration(.ar)
        configuration.sampling.topK = 9
        let log = EventLog()
        let result = try await Search(engine, configuration: configuration).solve(Toy.problem, onEvent: log.listener)
        #expect(target.requests.allSatisfy { $0.sampling == SamplingParameters(temperature: 0.3, topK: 9) })
        #expect(result.answer == "3")
        guard case .started(let started)? = log.events.first else { return #expect(Bool(false)) }
        #expect(started.models == "toys" && started.sampling.topK == 9 && started.answerMarker == "E")
        #expect(started.aggregation == .mean)
    }
}

@Suite struct SessionTests {
    private struct Broken: LanguageModel {
        func sample(_ requests: [SampleRequest]) async throws -> Samples { Samples(thoughts: []) }
        func openSession(for problem: Problem) async throws -> (any EngineSession)? {
            throw SpecSearchError(.computeFailed, "No session.")
        }
    }

    private func model(_ role: ModelRole, _ sessions: SessionLog, delay: Duration? = nil) -> ScriptedModel {
        ScriptedModel(role, delay: delay, sessions: sessions) { path in
            [path.depth < 3 ? .init("a\(path.depth)\n\n") : .init("E", stop: .endOfSequence)]
        }
    }

    private func engine(_ sessions: SessionLog, delay: Duration? = nil, score: Double = 0.5) -> Engine {
        Engine(
            draft: model(.draft, sessions, delay: delay), target: model(.target, sessions),
            rewardModel: OutcomeRewardModel(ScriptedRewardModel(sessions: sessions) { _ in score }))
    }

    @Test(arguments: SearchMethod.allCases)
    func `Each model that takes part has one session, which is closed`(method: SearchMethod) async throws {
        let sessions = SessionLog()
        let configuration = Toy.configuration(method)
        _ = try await Search(engine(sessions), configuration: configuration).solve(Toy.problem)
        let roles: [ModelRole] =
            switch method {
            case .ar: [.rewardModel, .target]
            case .draft: [.rewardModel, .draft]
            case .auto, .sps, .specsearch, .gsi: [.rewardModel, .target, .draft]
            }
        #expect(sessions.opened == roles.map(\.rawValue))
        #expect(sessions.closed == sessions.opened.reversed())
    }

    @Test func `One model in several roles has one session`() async throws {
        let sessions = SessionLog()
        let model = model(.target, sessions)
        _ = try await Search(Engine(draft: model, target: model, rewardModel: Toy.rewardModel())).solve(Toy.problem)
        #expect(sessions.opened == ["target"] && sessions.isBalanced)
    }

    @Test func `A search that fails closes its sessions`() async throws {
        let sessions = SessionLog()
        let search = Search(engine(sessions, score: .nan))
        #expect(await code { try await search.solve(Toy.problem) } == .badScore)
        #expect(sessions.opened.count == 3 && sessions.isBalanced)
    }

    @Test(.timeLimit(.minutes(1))) func `A search that is cancelled, or runs out of time, closes its sessions`()
        async throws
    {
        let sessions = SessionLog()
        var options = SearchOptions()
        options.budget.seconds = 0.05
        let slow = engine(sessions, delay: .seconds(600))
        #expect(try await Search(slow, options: options).solve(Toy.problem).end == .deadline)
        #expect(sessions.opened.count == 3 && sessions.isBalanced)
        let task = Task { try await Search(slow).solve(Toy.problem) }
        while sessions.opened.count < 6 { try await Task.sleep(for: .milliseconds(1)) }
        task.cancel()
        #expect(try await task.value.end == .cancelled)
        #expect(sessions.isBalanced)
    }

    @Test func `A session that cannot be opened closes those that were`() async throws {
        let sessions = SessionLog()
        var engine = engine(sessions)
        engine.draft = Broken()
        #expect(await code { try await Search(engine).solve(Toy.problem) } == .computeFailed)
        #expect(sessions.opened == ["prm", "target"] && sessions.isBalanced)
    }

    @Test func `A speculative decoder opens and closes the sessions of both of its models`() async throws {
        let sessions = SessionLog()
        let decoder = try SpeculativeDecoder(target: model(.target, sessions), draft: model(.draft, sessions))
        await (try await decoder.openSession(for: Toy.problem))?.close()
        #expect(sessions.opened == ["target", "draft"] && sessions.isBalanced)
        let broken = try SpeculativeDecoder(target: model(.target, sessions), draft: Broken())
        await #expect(throws: SpecSearchError.self) { try await broken.openSession(for: Toy.problem) }
        #expect(sessions.isBalanced)
    }
}
