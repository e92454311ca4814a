import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// The models that ship with the repository.
@Suite struct ShippedModelsTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models")

    @Test func `They generate and judge a step`() async throws {
        let set = try ModelSet(directory: Self.folder.path)
        let engine = try await LlamaEngine(set)
        let text = "Tom has 20 coins. Tom finds 30 more. Tom loses 10. Tom wins 5 more. Tom sells 8. Tom gets 2 more."
        let problem = Problem(id: "one", text: text + " How many coins does Tom have now?")
        for sampler in [try engine.small, try engine.large, try engine.speculative] as [any LanguageModel] {
            let request = SampleRequest(
                path: ReasoningPath(problem: problem), count: 1,
                sampling: SamplingParameters(temperature: 0, maximumTokens: 48),
                key: RandomKey(seed: 1, problem: 1, depth: 0, node: 0, role: .target))
            let thought = try await sampler.sample([request]).thoughts[0][0]
            #expect(thought.text == "finds 30: 20+30=50.\n\n")
        }
        let vocabulary = try LlamaModel(path: #require(set.rewardModel)).vocabulary
        let paths = ["finds 30: 20+30=50.\n\n", "finds 30: 20+30=60.\n\n"].map { text in
            ReasoningPath(
                problem: problem,
                thoughts: [
                    Thought(text: text, tokens: vocabulary.tokenize(text), stop: .delimiter, source: .target)
                ])
        }
        let scores = try await engine.scorer.score(paths).scores
        #expect(scores[0] > 0.8 && scores[1] < 0.2)
    }
}
