import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Synchronization

/// A served model with scripted parts: three steps of one letter each, then "The answer is 7.".
enum TestModel {
    /// A count of model calls that have begun, and those that have ended, cancelled ones included.
    final class Calls: Sendable {
        private let counts = Mutex((begun: 0, ended: 0))

        var begun: Int { counts.withLock { $0.begun } }
        var ended: Int { counts.withLock { $0.ended } }
        func begin() { counts.withLock { $0.begun += 1 } }
        func end() { counts.withLock { $0.ended += 1 } }
    }

    private struct CountedModel: LanguageModel {
        let model: ScriptedModel
        let calls: Calls

        var capabilities: ModelCapabilities { model.capabilities }

        func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
            try await model.nextTokenEntropies(of: paths)
        }

        func sample(_ requests: [SampleRequest]) async throws -> Samples {
            calls.begin()
            defer { calls.end() }
            return try await model.sample(requests)
        }

        /// A token a byte.
        func text(of tokens: [Token]) async throws -> String? {
            guard tokens.allSatisfy({ UInt8(exactly: $0) != nil }) else {
                throw SpecSearchError(.badSetting, "No such token.")
            }
            return String(decoding: tokens.compactMap { UInt8(exactly: $0) }, as: UTF8.self)
        }

        /// A token a byte, and room for 1000.
        func promptTokens(of problem: Problem) async throws -> Int? {
            let count = problem.text.utf8.count
            if count < 1000 { return count }
            throw SpecSearchError(
                .contextOverflow, "The problem has \(count) tokens, and the context of /home/me/large.gguf holds 1000.")
        }
    }

    static let scores: [Character: Double] = ["a": 0.9, "b": 0.7, "c": 0.5, "T": 0.8]

    static func make(
        delay: Duration? = nil, fails: Bool = false, calls: Calls = Calls(), judge: (any RewardModel)? = nil,
        _ change: (inout SearchConfiguration) -> Void = { _ in }
    ) -> ServedModel {
        let rewardModel = ScriptedRewardModel(aggregation: .mean) { path in
            fails ? .nan : path.thoughts.last?.text.first.flatMap { scores[$0] } ?? 0
        }
        let engine = Engine(
            draft: CountedModel(model: model(.draft, delay), calls: calls),
            target: CountedModel(model: model(.target, delay), calls: calls), rewardModel: rewardModel, judge: judge,
            defaults: Engine.Defaults(name: "toy", answerMarker: "The answer is "))
        var defaults = SearchConfiguration()
        change(&defaults)
        return ServedModel(id: "toy", engine: engine, defaults: defaults)
    }

    private static func model(_ role: ModelRole, _ delay: Duration?) -> ScriptedModel {
        ScriptedModel(
            role, delay: delay, partialScore: { scores[$0.first ?? " "] ?? 0 },
            distribution: { path in
                // The answer tells whose problem it was, so that mixed-up answers show.
                let mark = path.problem.text.split(separator: " ").last.map(String.init) ?? "7"
                if path.depth >= 3 { return [.init("The answer is \(mark).", stop: .endOfSequence)] }
                return zip("abc", [0.4, 0.3, 0.3]).map { .init("\($0)\(path.depth)\n\n", weight: $1) }
            })
    }
}
