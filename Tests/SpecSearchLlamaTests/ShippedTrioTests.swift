import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

/// The trios that ship with the repository, one of each of the paper's families.
@Suite struct ShippedTrioTests {
    private static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Models")

    @Test(arguments: [("", "llama"), ("qwen2", "qwen2")])
    func `Each trio writes and judges a step`(place: String, architecture: String) async throws {
        let set = try ModelSet(directory: Self.folder.appending(path: place).path)
        for path in [set.draft, set.target, set.prm] {
            #expect(try LlamaModel(path: path).architecture == architecture)
        }
        let engine = try await LlamaEngine.load(set)
        let text = "Tom has 20 coins. Tom finds 30 more. Tom loses 10. Tom wins 5 more. Tom sells 8. Tom gets 2 more."
        let problem = Problem(id: "one", text: text + " How many coins does Tom have now?")
        for sampler in [engine.draft, engine.target, engine.speculativeTarget] {
            let request = ThoughtRequest(
                path: ReasoningPath(problem: problem), count: 1,
                parameters: SamplingParameters(temperature: 0, maximumTokens: 48),
                key: RandomKey(seed: 1, problem: 1, depth: 0, node: 0, role: .target))
            let thought = try await sampler.sample([request]).thoughts[0][0]
            #expect(thought.text == "finds 30: 20+30=50.\n\n")
        }
        let vocabulary = try LlamaModel(path: set.prm).vocabulary
        let paths = ["finds 30: 20+30=50.\n\n", "finds 30: 20+30=60.\n\n"].map { text in
            ReasoningPath(
                problem: problem,
                thoughts: [
                    Thought(text: text, tokens: vocabulary.tokenize(text), stop: .delimiter, author: .target)
                ])
        }
        let scores = try await engine.evaluator.evaluate(paths).scores
        #expect(scores[0] > 0.8 && scores[1] < 0.2)
    }
}
