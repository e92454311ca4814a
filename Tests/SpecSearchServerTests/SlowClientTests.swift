import Foundation
import HummingbirdTesting
import Logging
import ServiceLifecycleTestKit
import SpecSearch
import SpecSearchServer
import Synchronization
import Testing

/// R14: clients that read slowly, or not at all, and keep their connections open.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SlowClientTests {
    private static let stream = #"{"stream":true,"prompt":"What is 7","specsearch":{"beams":1,"method":"ar"}}"#

    @Test func `a slow client gets everything, and nothing is kept for it beside the search`() async throws {
        let model = LongModel(steps: 100, width: 64)
        let before = residentBytes()
        try await withServer(model.served) { client, server in
            let connection = try Connection(port: try #require(client.port))
            connection.post("/v1/completions", Self.stream)
            // The search goes on to its end although nobody reads.
            while model.generated < 99 { try await Task.sleep(for: .milliseconds(5)) }
            let grown = residentBytes() - before
            // The search itself keeps its tree, and nobody keeps it twice.
            let tree = 99 * 64 * LongModel.tokens * 4
            #expect(grown < tree + 100 << 20, "the thoughts together have \(tree) bytes")
            #expect(server.running == 1)
            let text = String(decoding: await connection.readToEnd(), as: UTF8.self).suffix(100_000)
            let missing = (1..<99).filter { !text.contains("step \($0) ") }
            #expect(missing.isEmpty && text.contains("data: [DONE]"))
            try await server.idle()
        }
    }

    /// A search that would go on for ten minutes, and one whose answer is there as a whole.
    @Test(arguments: [(stream, 100), (stream.replacing(#""stream":true,"#, with: ""), 2)])
    func `a client that takes nothing is given up, and its place is free`(body: String, steps: Int) async throws {
        let model = LongModel(steps: steps, width: 1, delay: steps > 2 ? .seconds(600) : nil)
        try await withServer(model.served, { $0.writeSeconds = 0.5 }) { client, server in
            let connection = try Connection(port: try #require(client.port))
            connection.post("/v1/completions", body)
            while model.generated == 0 || server.running > 0 { try await Task.sleep(for: .milliseconds(5)) }
            // What the connection held can still be read, and there it ends.
            let text = String(decoding: await connection.readToEnd(), as: UTF8.self)
            #expect(text.prefix(12) == "HTTP/1.1 200")
            #expect(text.utf8.count < LongModel.first.utf8.count)
            #expect(try await client.get("/metrics").text.contains("specsearch_clients_given_up_total 1"))
        }
    }

    @Test func `a client that takes nothing does not hold up the end`() async throws {
        let model = LongModel(steps: 100, width: 1, delay: .seconds(600))
        var configuration = ServerConfiguration()
        configuration.port = 0
        configuration.drainSeconds = 0.1
        configuration.writeSeconds = 600
        var logger = Logger(label: "tests")
        logger.logLevel = .critical
        let server = try SearchServer(model: model.served, configuration: configuration, logger: logger)
        try await testGracefulShutdown { trigger in
            let (ports, source) = AsyncStream<Int>.makeStream()
            async let end: Void = server.run { source.yield($0) }
            var running = ports.makeAsyncIterator()
            let port = try #require(await running.next())
            let connection = try Connection(port: port)
            connection.post("/v1/completions", Self.stream)
            while model.generated == 0 { try await Task.sleep(for: .milliseconds(5)) }
            trigger.triggerGracefulShutdown()
            try await end
            #expect(server.running == 0)
            _ = connection.read(1)
        }
    }

    private func residentBytes() -> Int {
        let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
        return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * Int(getpagesize())
    }
}

/// A first step that is more than a connection holds, then thoughts of many tokens, and an answer.
private final class LongModel: Sendable {
    static let first = String(repeating: "a", count: 6 << 20)
    static let tokens = 8 << 10

    private struct Target: LanguageModel {
        let model: LongModel

        func sample(_ requests: [SampleRequest]) async throws -> Samples {
            let depth = requests.first?.path.depth ?? 0
            if depth > 0, let delay = model.delay { try await Task.sleep(for: delay) }
            let thoughts = requests.map { request in
                (0..<request.count).map { model.thought(depth, number: $0) }
            }
            model.depth.withLock { $0 = max($0, depth + 1) }
            return Samples(thoughts: thoughts)
        }
    }

    private let steps: Int
    private let width: Int
    private let delay: Duration?
    private let depth = Mutex(0)

    init(steps: Int, width: Int, delay: Duration? = nil) {
        self.steps = steps
        self.width = width
        self.delay = delay
    }

    /// The number of steps of a path that are generated.
    var generated: Int { depth.withLock { $0 } }

    var served: ServedModel {
        var defaults = SearchConfiguration()
        defaults.method = .ar
        defaults.options.maximumDepth = steps
        defaults.width = width
        return ServedModel(
            id: "long",
            engine: Engine(
                target: Target(model: self), rewardModel: FirstIsBest(),
                defaults: Engine.Defaults(answerMarker: "The answer is ")), defaults: defaults)
    }

    private struct FirstIsBest: RewardModel {
        var aggregation: ScoreAggregation { .last }
        func score(_ paths: [ReasoningPath]) async throws -> StepScores {
            StepScores(scores: paths.map { $0.thoughts.last?.tokens.first == 0 ? 0.9 : 0.5 })
        }
    }

    private func thought(_ depth: Int, number: Int) -> Thought {
        func step(_ text: String, _ stop: Thought.Stop = .delimiter) -> Thought {
            let tokens = Array(repeating: Token(number), count: Self.tokens)
            return Thought(text: text, tokens: tokens, stop: stop, source: .target)
        }
        if depth == 0, number == 0 { return step(Self.first) }
        if depth == steps - 1 { return step("The answer is 7.", .endOfSequence) }
        return step("step \(depth) by \(number)\n\n")
    }
}
