import AsyncHTTPClient
import Foundation
import HummingbirdTesting
import NIOCore
import NIOHTTP1
import SpecSearchServer
import Testing

/// Many clients at once, and clients that hang up; on a real socket, with an engine of 20 ms a step.
@Suite(.timeLimit(.minutes(3))) struct LoadTests {
    @Test func `sixty-four clients with twenty questions each get their own answers, and none twice`() async throws {
        try await withServer(
            TestModel.make(delay: .milliseconds(20)), { $0.limits.runningSearches = 32 }
        ) { test, server in
            let client = try ManyClients(test)
            let names = try await withThrowingTaskGroup(of: [String].self) { group in
                for worker in 0..<64 {
                    group.addTask {
                        var names: [String] = []
                        for turn in 0..<20 {
                            let mark = worker * 20 + turn
                            let answer = try await client.complete(#"{"prompt":"What is \#(mark)","seed":\#(turn)}"#)
                            let text = try jsonValue(in: answer.body, ["choices", "0", "text"]) as? String
                            #expect(text?.hasSuffix("The answer is \(mark).") == true)
                            names.append(try #require(try jsonValue(in: answer.body, ["id"]) as? String))
                        }
                        return names
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(Set(names).count == 64 * 20)
            try await server.idle()
            try await client.close()
        }
    }

    @Test func `two hundred and fifty-six at once are answered, or asked to come back`() async throws {
        try await withServer(TestModel.make(delay: .milliseconds(5)), { $0.limits.queuedSearches = 64 }) { test, _ in
            let client = try ManyClients(test)
            let answers = try await withThrowingTaskGroup(of: ManyClients.Answer.self) { group in
                for _ in 0..<256 {
                    group.addTask { try await client.complete(#"{"prompt":"What is 7"}"#) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(Set(answers.map(\.status)) == [200, 429])
            for answer in answers where answer.status == 429 {
                #expect(answer.retryAfter.flatMap(Int.init) ?? 0 >= 1)
            }
            try await client.close()
        }
    }

    /// The engine would take twenty seconds a step: only a search that was stopped is gone.
    @Test func `five hundred hang-ups leave no search behind`() async throws {
        let calls = TestModel.Calls()
        try await withServer(
            TestModel.make(delay: .seconds(20), calls: calls), { $0.limits.runningSearches = 8 }
        ) { client, server in
            let port = try #require(client.port)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for lane in 0..<10 {
                    group.addTask {
                        var random = SystemRandomNumberGenerator()
                        for turn in 0..<50 {
                            let connection = try Connection(port: port)
                            let isStreamed = (lane + turn) % 2 == 0
                            connection.post(
                                "/v1/completions", #"{"prompt":"What is 7","stream":\#(isStreamed)}"#)
                            // On a busy machine, searches must have begun all the same.
                            repeat {
                                try await Task.sleep(for: .milliseconds(Int.random(in: 0..<60, using: &random)))
                            } while calls.begun == 0
                            if turn % 3 == 0 { connection.breakOnClose() }
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await server.idle()
            #expect(calls.begun > 0)
            while calls.begun > calls.ended { try await Task.sleep(for: .milliseconds(5)) }
        }
    }
}

/// Clients with a connection each; one test client has few.
private struct ManyClients: Sendable {
    struct Answer: Sendable {
        var status: UInt
        var retryAfter: String?
        var body: String
    }

    private let client: HTTPClient
    private let url: String

    init(_ test: any TestClientProtocol) throws {
        var configuration = HTTPClient.Configuration()
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 256
        client = HTTPClient(configuration: configuration)
        url = "http://127.0.0.1:\(try #require(test.port))/v1/completions"
    }

    func complete(_ json: String) async throws -> Answer {
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.body = .bytes(ByteBuffer(string: json))
        let response = try await client.execute(request, timeout: .seconds(120))
        return Answer(
            status: response.status.code, retryAfter: response.headers.first(name: "Retry-After"),
            body: String(buffer: try await response.body.collect(upTo: 1 << 20)))
    }

    func close() async throws { try await client.shutdown() }
}
