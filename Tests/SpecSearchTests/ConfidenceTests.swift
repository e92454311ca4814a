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
