import Foundation
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct LogitsProcessorTests {
    /// The definition, in double precision.
    private func reference(_ logits: [Float], _ parameters: SamplingParameters) -> [Double] {
        let order = logits.indices.sorted { logits[$0] > logits[$1] || logits[$0] == logits[$1] && $0 < $1 }
        var result = [Double](repeating: 0, count: logits.count)
        if parameters.temperature == 0 {
            result[order[0]] = 1
            return result
        }
        var kept = order.map { ($0, exp((Double(logits[$0]) - Double(logits[order[0]])) / parameters.temperature)) }
        if parameters.topK > 0 { kept = Array(kept.prefix(parameters.topK)) }
        if parameters.topP < 1 {
            let total = kept.reduce(0) { $0 + $1.1 }
            var mass = 0.0
            kept = Array(
                kept.prefix { entry in
                    defer { mass += entry.1 }
                    return mass == 0 || mass < parameters.topP * total
                })
        }
        kept = kept.filter { $0.1 >= parameters.minP * kept[0].1 }
        let total = kept.reduce(0) { $0 + $1.1 }
        for (index, weight) in kept { result[index] = weight / total }
        return result
    }

    @Test(
        arguments: [
            SamplingParameters(temperature: 1), SamplingParameters(temperature: 0.3),
            SamplingParameters(temperature: 0),
            SamplingParameters(temperature: 1, topK: 1), SamplingParameters(temperature: 1.5, topK: 40),
            SamplingParameters(temperature: 1, topP: 0.9), SamplingParameters(temperature: 2, topP: 0.99),
            SamplingParameters(temperature: 1, minP: 0.1), SamplingParameters(temperature: 0.8, topK: 30, topP: 0.8),
            SamplingParameters(temperature: 1.2, topK: 50, topP: 0.95, minP: 0.05),
            SamplingParameters(temperature: 1, topP: 1e-9), SamplingParameters(temperature: 1, minP: 1),
        ], [3, 64, 577, 2000])
    func followsItsDefinition(parameters: SamplingParameters, count: Int) throws {
        var random = PhiloxGenerator(seed: UInt64(count))
        for scale: Float in [0.1, 3, 20] {
            var logits = (0..<count).map { _ in Float.random(in: -1...1, using: &random) * scale }
            logits[0] = logits[count / 2]
            var processor = LogitsProcessor(count: count)
            var probabilities = [Float](repeating: -1, count: count)
            try processor.apply(parameters, to: logits, into: &probabilities)
            let expected = reference(logits, parameters)
            // A token at the very edge of the nucleus may fall on either side.
            let differing = zip(probabilities, expected).filter { ($0 == 0) != ($1 == 0) && $1 > 1e-30 }
            #expect(differing.count <= (parameters.topP < 1 ? 1 : 0))
            if differing.isEmpty {
                for (p, q) in zip(probabilities, expected) { #expect(abs(Double(p) - q) < 1e-5 * max(q, 1e-3)) }
            }
        }
    }

    @Test func drawsTheInverseOfTheCumulativeDistribution() {
        let processor = LogitsProcessor(count: 5)
        let weights: [Float] = [0, 0.25, 0, 0.5, 0.25]
        #expect(processor.draw(weights, uniform: 0) == 1)
        #expect(processor.draw(weights, uniform: 0.2499) == 1)
        #expect(processor.draw(weights, uniform: 0.25) == 3)
        #expect(processor.draw(weights, uniform: 0.7499) == 3)
        #expect(processor.draw(weights, uniform: 0.75) == 4)
        #expect(processor.draw(weights, uniform: 0.9999999999) == 4)
        #expect(processor.draw([0, 1, 1, 0, 0], total: 2.5, uniform: 0.99) == 2)
        #expect(processor.draw([0, 0, 0, 0, 0], uniform: 0.5) == -1)
    }

    @Test func logitsThatAreNotFiniteAreRefused() {
        var processor = LogitsProcessor(count: 3)
        var probabilities: [Float] = [0, 0, 0]
        for bad: Float in [.nan, .infinity] {
            #expect {
                try processor.apply(SamplingParameters(), to: [bad, 1, 2], into: &probabilities)
            } throws: { ($0 as? SpecSearchError)?.code == .computeFailed }
        }
    }
}
