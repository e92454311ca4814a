import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Synchronization

/// A served model with scripted parts: three steps of one letter each, then "The answer is 7.".
enum TestModel {
    /// Calls of samplers that have begun, and those that have ended, cancelled ones included.
    final class Calls: Sendable {
        private let counts = Mutex((begun: 0, ended: 0))

        var begun: Int { counts.withLock { $0.begun } }
        var ended: Int { counts.withLock { $0.ended } }
        func begin() { counts.withLock { $0.begun += 1 } }
        func end() { counts.withLock { $0.ended += 1 } }
    }

    private struct CountedSampler: ThoughtSampler {
        let sampler: ScriptedSampler
        let calls: Calls

        func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
            calls.begin()
            defer { calls.end() }
            return try await sampler.sample(requests)
        }
    }

    static let scores: [Character: Double] = ["a": 0.9, "b": 0.7, "c": 0.5, "T": 0.8]

    static func make(delay: Duration? = nil, fails: Bool = false, calls: Calls = Calls()) -> ServedModel {
        var defaults = SearchConfiguration()
        defaults.answerPrefix = "The answer is "
        return ServedModel(id: "toy", defaults: defaults) { _ in
            SearchModels(
                draft: CountedSampler(sampler: sampler(.draft, delay), calls: calls),
                target: CountedSampler(sampler: sampler(.target, delay), calls: calls),
                evaluator: ScriptedEvaluator(aggregation: .mean) { path in
                    fails ? .nan : path.thoughts.last?.text.first.flatMap { scores[$0] } ?? 0
                })
        }
    }

    private static func sampler(_ role: ModelRole, _ delay: Duration?) -> ScriptedSampler {
        ScriptedSampler(role, delay: delay) { path in
            // The answer tells whose problem it was, so that mixed-up answers show.
            let mark = path.problem.text.split(separator: " ").last.map(String.init) ?? "7"
            if path.depth >= 3 { return [.init("The answer is \(mark).", stop: .endOfSequence)] }
            return zip("abc", [0.4, 0.3, 0.3]).map { .init("\($0)\(path.depth)\n\n", weight: $1) }
        }
    }
}
