import Foundation
import SpecSearch
import SpecSearchTesting
import Testing

@Suite struct ConfidenceTests {
    private func path(_ logProbability: Double?, tokens: Int) -> ReasoningPath {
        ReasoningPath(
            problem: "?",
            thoughts: [
                Thought(
                    text: "x", tokens: Array(repeating: 1, count: tokens), stop: .delimiter, source: .draft,
                    logProbability: logProbability)
            ])
    }

    @Test func `The confidence of a step is the geometric mean of its tokens' probabilities`() async throws {
        // Two tokens of a half and an eighth; one that was certain.
        let scores = try await ConfidenceRewardModel().score([path(-2.772588722239781, tokens: 2), path(0, tokens: 1)])
        #expect(abs(scores.scores[0] - 0.25) < 1e-12 && scores.scores[1] == 1)
        #expect(scores.usage == Usage())
        for unknown in [path(nil, tokens: 1), path(-1, tokens: 0)] {
            let error = await #expect(throws: SpecSearchError.self) {
                try await ConfidenceRewardModel().score([unknown])
            }
            #expect(error?.code == .unsupported)
        }
    }

    @Test func `It is chosen by name, for engines without a reward model too`() throws {
        let engine = Engine(draft: Handwritten.model(.draft, [["a"]]), target: Handwritten.model(.target, [["a"]]))
        var configuration = SearchConfiguration()
        #expect(throws: SpecSearchError.self) { try Search(engine, configuration: configuration) }
        configuration.judge = .confidence
        #expect(try Search(engine, configuration: configuration).engine.rewardModel is ConfidenceRewardModel)
    }

    @Test func `The target is asked of a draft's step where the draft is neither sure nor unsure`() async throws {
        // Of the draft 0.97, 0.7 and 0.2; the target gives each 0.25, and its own step had 0.6.
        let target = ScriptedModel(.target) { _ in [.init("x", weight: 0.25), .init("y", weight: 0.75)] }
        func path(_ probability: Double, tokens: Int = 1, _ source: ModelRole = .draft) -> ReasoningPath {
            ReasoningPath(
                problem: "?",
                thoughts: [
                    Thought(
                        text: "x", tokens: Array(repeating: 1, count: tokens), stop: .delimiter, source: source,
                        logProbability: log(probability) * Double(tokens))
                ])
        }
        // The target's own distribution, whatever the search samples by.
        struct Plain: LanguageModel {
            let model: ScriptedModel
            func sample(_ requests: [SampleRequest]) async throws -> Samples { try await model.sample(requests) }
            func logLikelihoods(
                of paths: [ReasoningPath], sampling: SamplingParameters
            ) async throws -> LogLikelihoods {
                #expect(sampling == SamplingParameters(temperature: 1))
                return try await model.logLikelihoods(of: paths, sampling: sampling)
            }
        }
        let judge = LikelihoodRewardModel(target: Plain(model: target))
        let answer = try await judge.score([path(0.97), path(0.7), path(0.7, tokens: 2), path(0.2), path(0.6, .target)])
        for (score, expected) in zip(answer.scores, [0.97, 0.25, 0.5, 0.2, 0.6]) {
            #expect(abs(score - expected) < 1e-12)
        }
        let sure = try await judge.score([path(0.99)])
        #expect(abs(sure.scores[0] - 0.99) < 1e-12 && sure.usage == Usage())
        let mute = ScriptedModel(.target) { _, _ in .init("x") }
        let error = await #expect(throws: SpecSearchError.self) {
            try await LikelihoodRewardModel(target: mute).score([path(0.7)])
        }
        #expect(error?.code == .unsupported)
    }

    @Test func `A chain by likelihood keeps what the target finds as likely as its own, and replays`() async throws {
        let choices = { (sure: Double) in
            { @Sendable (path: ReasoningPath) in
                let stop: Thought.Stop = path.depth == 2 ? .endOfSequence : .delimiter
                return [
                    ScriptedModel.Choice("a\(path.depth)\n\n", weight: sure, stop: stop),
                    .init("b\(path.depth)\n\n", weight: 1 - sure, stop: stop),
                ]
            }
        }
        let engine = Engine(
            draft: ScriptedModel(.draft, distribution: choices(0.7)),
            target: ScriptedModel(.target, distribution: choices(0.7)))
        var configuration = SearchConfiguration()
        try configuration.apply([
            "search": "chain", "judge": "likelihood", "estimator": "fixed:0.8", "first-threshold": "0.8",
        ])
        let log = EventLog()
        let result = try await Search(timeless: engine, configuration).solve(Handwritten.problem, onEvent: log.listener)
        #expect(result.steps.count == 3 && SearchInvariants.violations(in: log.events, of: result) == [])
        #expect(
            result.tree.ids.dropFirst().allSatisfy { id in
                let node = result.tree[id]
                return node.thought.source == .target || (node.state == .rejected) == node.thought.text.hasPrefix("b")
            })
        let replayed = try await TraceReplay(SearchTrace(events: log.events)).run()
        #expect(replayed.withoutTimes == result.withoutTimes)
    }

    @Test(arguments: SearchPreset.allCases) func `A preset is all that its method sets, and can be changed`(
        preset: SearchPreset
    ) throws {
        var configuration = SearchConfiguration()
        try configuration.apply(["preset": preset.rawValue])
        #expect(configuration.draftFactor == 1 && configuration.preset == preset)
        #expect(configuration.method == (preset == .gsi ? .gsi : .specsearch))
        #expect(preset == .gsi || configuration.rejection.firstThreshold != nil)
        #expect(preset == .gsi || configuration.extraThought == .never)
        #expect(configuration.judge == (preset == .specreason ? .target : .rewardModel))
        try configuration.apply(["preset": preset.rawValue, "draft-factor": "3"])
        #expect(configuration.draftFactor == 3)
    }
}
