import SpecSearch
import SpecSearchServer
import SpecSearchTesting
import Synchronization

/// A model that thinks one step, and writes by grammars what a test says.
final class StructuredModel: ConstrainedLanguageModel {
    private let thought: String
    private let stop: Thought.Stop
    /// Whether it takes for ever to write by grammars.
    private let waits: Bool
    private let texts: Mutex<[String]>
    private let asked = Mutex<[(path: ReasoningPath, grammar: String, limit: Int)]>([])

    /// - Parameters:
    ///   - texts: What it writes by grammars, one text after the other; "" is one that a limit cuts.
    ///   - thought: What it thinks, in four tokens.
    ///   - stop: Whether the thought is the last.
    init(
        _ texts: [String], thinks thought: String = "It is 7.", stop: Thought.Stop = .endOfSequence, waits: Bool = false
    ) {
        self.waits = waits
        self.stop = stop
        self.texts = Mutex(texts)
        self.thought = thought
    }

    /// What it was asked to write by grammars.
    var calls: [(path: ReasoningPath, grammar: String, limit: Int)] { asked.withLock { $0 } }

    func sample(_ requests: [SampleRequest]) async throws -> Samples {
        Samples(
            thoughts: requests.map { request in
                (0..<request.count).map { _ in
                    Thought(text: thought, tokens: [1, 2, 3, 0], stop: stop, source: .target)
                }
            })
    }

    func sample(_ request: SampleRequest, grammar: Grammar) async throws -> Samples {
        if request.count == 0 {
            guard grammar.rules.contains("too-large") else { return Samples(thoughts: [[]]) }
            throw SpecSearchError(.badSetting, "The grammar cannot be read.")
        }
        if waits { try await Task.sleep(for: .seconds(600)) }
        asked.withLock { $0.append((request.path, grammar.rules, request.sampling.maximumTokens)) }
        let text = texts.withLock { $0.removeFirst() }
        let thought = Thought(
            text: text, tokens: [4, 5, 0], stop: text.isEmpty ? .length : .endOfSequence, source: .target)
        return Samples(thoughts: [[thought]])
    }

    func tokenLogProbabilities(
        of paths: [ReasoningPath], topCount: Int
    ) async throws -> [[TokenLogProbability]]? {
        paths.map { path in
            (path.thoughts.last?.text ?? "").utf8.map { byte in
                let token = TokenLogProbability.Alternative(bytes: [byte], logProbability: -0.5)
                return TokenLogProbability(token, top: Array(repeating: token, count: topCount))
            }
        }
    }

    /// The model as a server's.
    var served: ServedModel {
        var defaults = SearchConfiguration()
        (defaults.method, defaults.beams, defaults.width) = (.ar, 1, 1)
        return ServedModel(
            id: "toy", engine: Engine(target: self, rewardModel: ScriptedRewardModel { _ in 0.5 }), defaults: defaults)
    }
}
