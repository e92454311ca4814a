import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct ThoughtLikelihoodTests {
    @Test func `A written thought carries the sum of its tokens' log-probabilities`() async throws {
        let toy = try Toy(.init(layers: 2))
        let requests = [request("xyz", count: 5, maximumTokens: 6)]
        let thoughts = try await toy.writer().write(requests).thoughts[0]
        let prompt = try toy.runtime.promptTokens(requests[0].path.problem)
        for thought in thoughts {
            var expected = 0.0
            for (index, token) in thought.tokens.enumerated() {
                let logits = try toy.freshLogits(after: prompt + thought.tokens[..<index]).map(Double.init)
                expected += logits[Int(token)] - log(logits.reduce(0) { $0 + exp($1) })
            }
            let carried = try #require(thought.logProbability)
            #expect(abs(carried - expected) < 1e-2)
        }
        #expect(Set(thoughts.compactMap(\.logProbability)).count > 1)
    }

    @Test(arguments: [(1.0, 0, 1.0), (0.6, 7, 0.95), (0, 0, 1.0)])
    func `Both writers carry what their model says when it is asked`(temperature: Double, topK: Int, topP: Double)
        async throws
    {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine.load(try directory.trio())
        for (writer, judge) in [
            (engine.draft, engine.draft), (engine.target, engine.target), (engine.speculativeTarget, engine.target),
        ] {
            let first = request("abc", count: 4, temperature: temperature, topK: topK, topP: topP, maximumTokens: 8)
            let open = try #require(
                try await writer.sample([first]).thoughts[0].first { $0.stop != .endOfSequence })
            var second = first
            second.path.thoughts = [open]
            let thoughts = try await writer.sample([second]).thoughts[0]
            let paths = thoughts.map { second.path.appending($0) }
            await engine.reset()
            let fresh = try await judge.logLikelihoods(paths, parameters: second.parameters)
            for (thought, value) in zip(thoughts, fresh.values) {
                let carried = try #require(thought.logProbability)
                #expect(abs(carried - value) < 1e-2)
                #expect(temperature > 0 ? carried < 0 : carried == 0)
            }
            #expect(fresh.usage.models.count == 1)
            for state in await engine.cacheStates().values { #expect(state.pins == 0 && state.pending == 0) }
        }
    }

    @Test func `What a law cannot write has the floor`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine.load(try directory.trio())
        let path = path("abc", thoughts: [[ToyModel.id(of: "q"), ToyModel.id(of: "q"), ToyModel.id(of: "7")]])
        let greedy = SamplingParameters(temperature: 0)
        let values = try await engine.target.logLikelihoods([path], parameters: greedy).values
        #expect(values == [ThoughtLikelihoods.impossible])
        #expect(try await engine.target.logLikelihoods([path], parameters: SamplingParameters()).values[0] > -1000)
    }

    @Test func `GSI searches on an engine`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine.load(try directory.trio())
        var configuration = SearchConfiguration()
        configuration.maximumDepth = 3
        configuration.sampling = engine.models.samplingParameters
        configuration.speculation.rejection.estimator = .guided(beta: 20, threshold: -0.5)
        let models = SearchModels(draft: engine.draft, target: engine.speculativeTarget, evaluator: engine.evaluator)
        let result = try await Search(configuration, models: models).run(Problem(id: "one", text: "abc"))
        #expect(!result.best.steps.isEmpty && result.acceptance.judged > 0)
    }
}
