import Foundation
import HTTPTypes
import HummingbirdTesting
import SpecSearch
import SpecSearchServer
import Testing

/// What RFC 9110 and RFC 9112 ask of a server, on bare connections.
@Suite(.timeLimit(.minutes(1))) struct ConnectionRuleTests {
    /// Everything that a server sends until it ends the connection.
    private static func exchange(_ port: Int?, _ text: String) async throws -> String {
        let connection = try Connection(port: try #require(port))
        connection.send(text)
        return String(decoding: await connection.readToEnd(), as: UTF8.self)
    }

    private static func statuses(_ answer: String) -> [Int] {
        answer.matches(of: #/HTTP/1\.[01] ([0-9]{3}) /#).compactMap { Int($0.output.1) }
    }

    private static func post(_ path: String, _ head: String = "", _ body: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\(head)\r\n\(body)"
    }

    @Test(arguments: [
        // No host, two, or none that could be one.
        ("GET /health HTTP/1.1\r\n\r\n", 400), ("GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: localhost/x\r\n\r\n", 400),
        // Not HTTP/1, or no HTTP at all.
        ("GET /health HTTP/3.0\r\nHost: localhost\r\n\r\n", 505), ("GET /health HTTP/1.1\nHost: localhost\n\n", 400),
        ("nonsense\r\n\r\n", 400), ("GET\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nNo colon\r\n\r\n", 400),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nX : y\r\n\r\n", 400),
        ("FOO /health HTTP/1.1\r\nHost: localhost\r\n\r\n", 501),
        // Framing that two servers may read in two ways.
        (
            "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
            400
        ),
        ("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1x\r\n\r\n", 400),
        (
            "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "0\r\n\r\n", 400
        ),
        ("POST /v1/completions HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (
            "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501
        ),
        ("POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nExpect: miracles\r\nContent-Length: 2\r\n\r\n{}", 417),
        ("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: \(String(repeating: "a", count: 200_000))\r\n\r\n", 431),
    ])
    func `what is not well framed is refused, and its connection ends`(text: String, status: Int) async throws {
        try await withServer { client, _ in
            let answer = try await Self.exchange(client.port, text)
            #expect(Self.statuses(answer) == [status])
            #expect(answer.lowercased().contains("connection: close"))
            #expect(answer.contains(#""error":{"#) && answer.contains("Date: ") || answer.contains("date: "))
        }
    }

    @Test(arguments: [
        "zz\r\nhello\r\n0\r\n\r\n", "5\r\nhellox\r\n0\r\n\r\n", "-1\r\n\r\n",
        "ffffffffffffffffff\r\nx\r\n",
        "5 5\r\nhello\r\n0\r\n\r\n",
    ])
    func `a badly chunked body is the client's fault`(body: String) async throws {
        try await withServer { client, _ in
            let text = Self.post("/v1/completions", "Transfer-Encoding: chunked\r\n", body)
            let answer = try await Self.exchange(client.port, text)
            #expect(Self.statuses(answer) == [400])
        }
    }

    @Test func `a well chunked body is read`() async throws {
        try await withServer { client, _ in
            let chunks = "d\r\n{\"prompt\":\"Wh\r\nA;x=y\r\nat is 7\"} \r\n0\r\nX-Trailer: y\r\n\r\n"
            let head = "Transfer-Encoding: chunked\r\nConnection: close\r\n"
            let answer = try await Self.exchange(client.port, Self.post("/v1/completions", head, chunks))
            #expect(Self.statuses(answer) == [200])
        }
    }

    @Test func `nothing after a request with close is looked at, and the connection ends at once`() async throws {
        try await withServer { client, _ in
            let health = "GET /health HTTP/1.1\r\nHost: localhost\r\n"
            let three = health + "\r\n" + health + "Connection: Foo, Close\r\n\r\n" + health + "\r\n"
            let begin = ContinuousClock.now
            let answer = try await Self.exchange(client.port, three)
            #expect(Self.statuses(answer) == [200, 200])
            #expect(answer.matches(of: /(?i)connection: close/).count == 1)
            // Far below the time after which idle connections end.
            #expect(ContinuousClock.now - begin < .seconds(30))
            // An answer that says so itself.
            let searched = Self.post("/v1/completions", "Content-Length: 22\r\n", #"{"prompt":"What is 7"}"#)
            #expect(Self.statuses(try await Self.exchange(client.port, searched + health + "\r\n")) == [200])
        }
    }

    @Test func `requests that come together are answered in order`() async throws {
        try await withServer { client, _ in
            let head = " HTTP/1.1\r\nHost: localhost\r\n"
            let answer = try await Self.exchange(
                client.port,
                "GET /health\(head)\r\nGET /nowhere\(head)\r\nGET /ready\(head)\r\nGET /version\(head)Connection: close\r\n\r\n"
            )
            #expect(Self.statuses(answer) == [200, 404, 200, 200])
        }
    }

    @Test func `who expects 100 is told to go on, or why not`() async throws {
        try await withServer(TestModel.make(), { $0.limits.bodyBytes = 2000 }) { client, _ in
            let connection = try Connection(port: try #require(client.port))
            let expect = "Expect: 100-continue\r\n"
            connection.send(Self.post("/v1/completions", expect + "Content-Length: 22\r\n", ""))
            #expect(String(decoding: connection.read(1000), as: UTF8.self).hasPrefix("HTTP/1.1 100 "))
            connection.send(#"{"prompt":"What is 7"}"#)
            let answer = String(decoding: await connection.readToEnd(), as: UTF8.self)
            #expect(Self.statuses(answer) == [200])
            let long = try await Self.exchange(
                client.port, Self.post("/v1/completions", expect + "Content-Length: 3000\r\n", ""))
            #expect(Self.statuses(long) == [413])
            let unasked = try await Self.exchange(
                client.port, "POST /nowhere HTTP/1.1\r\nHost: localhost\r\n\(expect)Content-Length: 3000\r\n\r\n")
            #expect(Self.statuses(unasked) == [404])
        }
    }

    @Test func `a client of HTTP 1_0 gets no chunks`() async throws {
        try await withServer { client, _ in
            let body = #"{"prompt":"What is 7","stream":true}"#
            let text =
                "POST /v1/completions HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            let answer = try await Self.exchange(client.port, text)
            #expect(!answer.lowercased().contains("transfer-encoding"))
            #expect(answer.hasSuffix("\n\ndata: [DONE]\n\n"))
            #expect(Self.statuses(try await Self.exchange(client.port, "GET /health HTTP/1.0\r\n\r\n")) == [403])
        }
    }

    @Test(
        arguments: [
            ("GET", "/v1/chat/completions", 405, "POST, OPTIONS"), ("PUT", "/v1/models", 405, "GET, HEAD, OPTIONS"),
            ("PATCH", "/v1/searches/x", 405, "GET, DELETE, HEAD, OPTIONS"),
            ("TRACE", "/health", 405, "GET, HEAD, OPTIONS"),
            ("DELETE", "/", 405, "GET, HEAD, OPTIONS"), ("HEAD", "/v1/searches/x/events", 405, "GET, OPTIONS"),
            ("OPTIONS", "/v1/responses", 204, "POST, OPTIONS"),
            ("OPTIONS", "*", 204, "GET, HEAD, POST, DELETE, OPTIONS"),
            ("PROPFIND", "/health", 501, nil), ("CONNECT", "localhost:80", 501, nil), ("GET", "/v1/nowhere", 404, nil),
            ("OPTIONS", "/v1/nowhere", 404, nil),
            ("PUT", "/v1/nowhere", 404, nil), ("HEAD", "/v1/nowhere", 404, nil), ("HEAD", "/v1/models", 200, nil),
            ("HEAD", "/", 200, nil),
        ] as [(String, String, Int, String?)])
    func `an unknown method is told from an unknown route`(
        method: String, path: String, status: Int, allowed: String?
    ) async throws {
        try await withServer { client, _ in
            let answer = try await Self.exchange(
                client.port, "\(method) \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            #expect(Self.statuses(answer) == [status])
            let found = answer.firstMatch(of: /(?i)\r\nallow: ([^\r]*)/).map { String($0.output.1) }
            #expect(found == allowed)
            // Heads have no bodies.
            if method == "HEAD" { #expect(answer.hasSuffix("\r\n\r\n")) }
        }
    }

    @Test func `a compressed body is refused by name`() async throws {
        try await withServer { client, _ in
            let response = try await client.post(
                "/v1/completions", #"{"prompt":"What is 7"}"#, headers: [.contentEncoding: "gzip"])
            #expect(response.status.code == 415)
        }
    }
}
