import AsyncHTTPClient
import Foundation
import HTTPTypes
import HummingbirdTesting
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycleTestKit
import SpecSearch
import SpecSearchServer
import Testing

/// What operators see: the end of a drain, clients that go away, the log, and where a server listens.
@Suite(.serialized, .timeLimit(.minutes(1))) struct OperationTests {
    /// Keeps what is logged.
    private struct Log: LogHandler {
        let lines: Gathered<(Logger.Level, String)>
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.info

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let fields = (event.metadata ?? [:]).map { "\($0)=\($1)" }.sorted().joined(separator: " ")
            lines.add((event.level, "\(event.message) \(fields)"))
        }
    }

    private static func server(
        _ model: ServedModel, _ lines: Gathered<(Logger.Level, String)>,
        _ change: (inout ServerConfiguration) -> Void = { _ in }
    ) throws -> SearchServer {
        var configuration = ServerConfiguration()
        configuration.port = 0
        change(&configuration)
        return try SearchServer(
            model: model, configuration: configuration, logger: Logger(label: "tests") { _ in Log(lines: lines) })
    }

    @Test func `at the end of a drain running and waiting searches are both told that the server stops`() async throws {
        let lines = Gathered<(Logger.Level, String)>()
        let server = try Self.server(TestModel.make(delay: .seconds(600)), lines) {
            $0.limits.runningSearches = 1
            $0.drainSeconds = 0.1
        }
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (ports, source) = AsyncStream<Int>.makeStream()
                group.addTask { try await server.run { source.yield($0) } }
                let port = try #require(await ports.first { _ in true })
                let answers = Gathered<String>()
                try await withThrowingTaskGroup(of: Void.self) { clients in
                    for _ in 0..<3 {
                        clients.addTask {
                            let connection = try Connection(port: port)
                            connection.post("/v1/completions", #"{"prompt":"What is 7"}"#)
                            answers.add(String(decoding: await connection.readToEnd(), as: UTF8.self))
                        }
                    }
                    while server.running + server.queued < 3 { try await Task.sleep(for: .milliseconds(5)) }
                    trigger.triggerGracefulShutdown()
                    try await clients.waitForAll()
                }
                #expect(answers.all.map { String($0.prefix(12)) } == Array(repeating: "HTTP/1.1 503", count: 3))
                #expect(answers.all.allSatisfy { $0.contains("stopping") && $0.lowercased().contains("retry-after: ") })
                try await group.waitForAll()
            }
        }
        #expect(!lines.all.contains { $0.0 == .error })
    }

    @Test func `a client that goes away is 499 and no error`() async throws {
        let lines = Gathered<(Logger.Level, String)>()
        let server = try Self.server(TestModel.make(delay: .seconds(600)), lines)
        try await server.application().test(.ahc(.http)) { client in
            for body in [#"{"prompt":"What is 7"}"#, #"{"prompt":"What is 7","stream":true}"#] {
                do {
                    let connection = try Connection(port: try #require(client.port))
                    connection.post("/v1/completions", body)
                    while server.running == 0 { try await Task.sleep(for: .milliseconds(5)) }
                }
                try await server.idle()
            }
            let wanted = #"specsearch_requests_total{route="POST /v1/completions",code="499"} 2"#
            while try await !client.get("/metrics").text.contains(wanted) {
                try await Task.sleep(for: .milliseconds(5))
            }
            #expect(try await !client.get("/metrics").text.contains(#"code="500""#))
        }
        #expect(!lines.all.contains { $0.0 >= .error })
    }

    @Test func `problems stand in the log on one line, without anything that acts`() async throws {
        let lines = Gathered<(Logger.Level, String)>()
        let server = try Self.server(TestModel.make(), lines) { $0.logsProblems = true }
        try await server.application().test(.ahc(.http)) { client in
            let problem = #"a\nforged line\r\u001b]52;c;x\u0007\u202e\u2028\u0085\ud83d\ude00 7"#
            _ = try await client.post("/v1/completions", #"{"prompt":"\#(problem)"}"#)
            _ = try await client.post("/v1/searches", #"{"problem":"\#(problem)"}"#)
        }
        let logged = lines.all.map(\.1).filter { $0.contains("forged") }
        #expect(logged.count == 2)
        for line in logged {
            #expect(line.contains(#"a\nforged line\r\u001b]52;c;x\u0007\u202e\u2028\u0085😀 7"#))
        }
    }

    @Test func `a port that is taken is said before anything is loaded`() async throws {
        try await withServer { client, _ in
            var configuration = ServerConfiguration()
            configuration.port = try #require(client.port)
            let error = await #expect(throws: SpecSearchError.self) { try await configuration.checkAddress() }
            #expect(error?.description.contains("Another program listens on 127.0.0.1:\(configuration.port)") == true)
        }
        var configuration = ServerConfiguration()
        configuration.port = 0
        try await configuration.checkAddress()
        configuration.host = "192.0.2.1"
        configuration.keys = KeyRing(keys: ["key"])
        let error = await #expect(throws: SpecSearchError.self) { try await configuration.checkAddress() }
        #expect(error?.description.contains("no address of this machine") == true)
    }

    @Test func `a server listens on a Unix domain socket, and cleans up after itself`() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("s\(UInt32.random(in: 0...9999)).sock")
            .path
        let server = try Self.server(TestModel.make(), Gathered<(Logger.Level, String)>()) { $0.socketPath = path }
        try await testGracefulShutdown { trigger in
            try await withThrowingTaskGroup(of: Void.self) { group in
                let (ports, source) = AsyncStream<Int>.makeStream()
                group.addTask { try await server.run { source.yield($0) } }
                _ = await ports.first { _ in true }
                var request = HTTPClientRequest(url: "http+unix://\(path.replacing("/", with: "%2F"))/v1/models")
                request.headers.add(name: "Host", value: "anything.example")
                let response = try await HTTPClient.shared.execute(request, timeout: .seconds(10))
                #expect(response.status == .ok)
                var other = ServerConfiguration()
                other.socketPath = path
                let taken = other
                let error = await #expect(throws: SpecSearchError.self) { try await taken.checkAddress() }
                #expect(error?.description.contains("Another server listens") == true)
                trigger.triggerGracefulShutdown()
                try await group.waitForAll()
            }
        }
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test func `a file that is no socket is left alone`() async throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("f\(UInt32.random(in: 0...9999))").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        try Data("mine".utf8).write(to: URL(fileURLWithPath: path))
        var configuration = ServerConfiguration()
        configuration.socketPath = path
        let checked = configuration
        await #expect(throws: SpecSearchError.self) { try await checked.checkAddress() }
        let server = try Self.server(TestModel.make(), Gathered<(Logger.Level, String)>()) { $0.socketPath = path }
        await #expect(throws: (any Error).self) { try await server.run { _ in } }
        #expect(FileManager.default.contents(atPath: path) == Data("mine".utf8))
    }

    @Test(arguments: [
        ("The context of /home/me/large.gguf holds 7.", "The context of large.gguf holds 7."),
        ("See Models/draft.gguf, or ~/x/y.json.", "See draft.gguf, or y.json."),
        ("http://10.0.0.3:8000/v1: no answer.", "a server no answer."),
        ("5/7 of them, and/or a share of 3 tokens/s", "5/7 of them, and/or a share of 3 tokens/s"),
    ])
    func `errors tell clients of files the names, and no addresses`(message: String, shown: String) {
        #expect(message.withoutPaths == shown)
    }

    @Test(arguments: [Double.nan, .infinity, 1e300, -1])
    func `times that no clock can wait for are refused`(seconds: Double) {
        let times: [WritableKeyPath<ServerConfiguration, Double>] = [
            \.drainSeconds, \.reconnectSeconds, \.pingSeconds, \.idleSeconds, \.writeSeconds,
        ]
        for time in times {
            var configuration = ServerConfiguration()
            configuration[keyPath: time] = seconds
            #expect(throws: SpecSearchError.self) { try configuration.validate() }
        }
        #expect(throws: Never.self) { try ServerConfiguration().validate() }
    }
}
