import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct LogLikelihoodTests {
    @Test func `A thought carries the sum of its tokens' log-probabilities`() async throws {
        let toy = try Toy(.init(layers: 2))
        let requests = [request("xyz", count: 5, maximumTokens: 6)]
        let thoughts = try await toy.sampler().sample(requests).thoughts[0]
        let prompt = try toy.tokenizer.promptTokens(requests[0].path.problem)
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
    func `All samplers carry what their model says when it is asked`(temperature: Double, topK: Int, topP: Double)
        async throws
    {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let pairs: [(any LanguageModel, any LanguageModel)] = [
            (try engine.small, try engine.small), (try engine.large, try engine.large),
            (try engine.speculative, try engine.large),
        ]
        for (sampler, judge) in pairs {
            let first = request("abc", count: 4, temperature: temperature, topK: topK, topP: topP, maximumTokens: 8)
            let open = try #require(
                try await sampler.sample([first]).thoughts[0].first { $0.stop != .endOfSequence })
            var second = first
            second.path.thoughts = [open]
            let thoughts = try await sampler.sample([second]).thoughts[0]
            let paths = thoughts.map { second.path.appending($0) }
            await engine.reset()
            let fresh = try await judge.logLikelihoods(of: paths, sampling: second.sampling)
            for (thought, value) in zip(thoughts, fresh.values) {
                let carried = try #require(thought.logProbability)
                #expect(abs(carried - value) < 1e-2)
                #expect(temperature > 0 ? carried < 0 : carried == 0)
            }
            #expect(fresh.usage.models.count == 1)
            for state in await engine.cacheStates().values { #expect(state.locks == 0 && state.pending == 0) }
        }
    }

    @Test func `What a distribution cannot give has the floor`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let path = path("abc", thoughts: [[ToyModel.id(of: "q"), ToyModel.id(of: "q"), ToyModel.id(of: "7")]])
        let greedy = SamplingParameters(temperature: 0)
        let values = try await engine.large.logLikelihoods(of: [path], sampling: greedy).values
        #expect(values == [LogLikelihoods.impossible])
        #expect(try await engine.large.logLikelihoods(of: [path], sampling: SamplingParameters()).values[0] > -1000)
    }
}
