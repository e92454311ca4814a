import Foundation
import HTTPTypes
import HummingbirdTesting
import NIOCore
import SpecSearch
import SpecSearchServer
import Testing

/// What pages of other sites can do to a server that listens on this machine only: nothing.
@Suite(.timeLimit(.minutes(1))) struct WebPageTests {
    /// The status that a raw request for `/v1/models` has.
    private static func status(_ port: Int?, _ head: String) async throws -> Int? {
        let connection = try Connection(port: try #require(port))
        connection.send("GET /v1/models HTTP/1.1\r\n\(head)Connection: close\r\n\r\n")
        let text = String(decoding: await connection.readToEnd(), as: UTF8.self)
        return text.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    }

    @Test(arguments: [
        ("localhost", 200), ("LocalHost:8080", 200), ("localhost.", 200), ("127.0.0.1", 200), ("127.1.2.3:80", 200),
        ("[::1]:8080", 200), ("box.example", 200), ("BOX.example:9", 200),
        ("evil.example", 403), ("localhost.evil.example", 403), ("127.0.0.1.evil.example", 403), ("0.0.0.0", 403),
        ("127.0.0.256", 403), ("127.1", 403), ("", 403), ("192.168.0.7", 403), ("[::]", 403), ("evil-localhost", 403),
        ("localhost@evil.example", 400), ("a b", 400), ("localhost:99999", 400),
    ])
    func `without a key only this machine's own names are answered, and configured ones`(
        host: String, status: Int
    ) async throws {
        try await withServer(TestModel.make(), { $0.allowedHosts = ["box.example"] }) { client, _ in
            let found = try await Self.status(client.port, "Host: \(host)\r\n")
            #expect(found == status)
        }
    }

    @Test func `a target in absolute form counts, not the header field`() async throws {
        try await withServer { client, _ in
            for (target, status) in [("http://evil.example/version", 403), ("http://localhost/version", 200)] {
                let connection = try Connection(port: try #require(client.port))
                connection.send("GET \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                let text = String(decoding: await connection.readToEnd(), as: UTF8.self)
                #expect(text.hasPrefix("HTTP/1.1 \(status) "))
            }
        }
    }

    @Test func `with a key every name is answered, since no page knows the key`() async throws {
        try await withServer(TestModel.make(), { $0.keys = KeyRing(keys: ["right"]) }) { client, _ in
            let key = "X-Api-Key: right\r\n"
            let found = try await Self.status(client.port, "Host: evil.example\r\n\(key)")
            #expect(found == 200)
        }
    }

    @Test(
        arguments: [
            ([.origin: "http://evil.example"], 403), ([.origin: "null"], 403), ([.origin: "http://localhost:1"], 403),
            ([.origin: "file://"], 403), ([.secFetchSite: "cross-site"], 403), ([:], 201),
            ([.secFetchSite: "same-origin", .origin: "https://proxy.example"], 201), ([.secFetchSite: "none"], 201),
            ([.secFetchSite: "cross-site", .origin: "https://good.example"], 201),
        ] as [(HTTPFields, Int)])
    func `a page of another site starts no search`(headers: HTTPFields, status: Int) async throws {
        try await withServer(TestModel.make(), { $0.allowedOrigins = ["https://good.example"] }) { client, server in
            let body = #"{"problem":"What is 7"}"#
            let response = try await client.post("/v1/searches", body, headers: headers)
            #expect(response.status.code == status)
            if status == 403 { #expect(server.running + server.queued == 0) }
        }
    }

    @Test func `the page itself asks, and may be linked to from anywhere`() async throws {
        try await withServer { client, _ in
            let own = try await client.post(
                "/v1/searches", #"{"problem":"What is 7"}"#, headers: [.origin: "http://localhost:\(client.port ?? 0)"])
            #expect(own.status == .created)
            let link = try await client.get("/", headers: [.secFetchSite: "cross-site", .secFetchMode: "navigate"])
            #expect(link.status == .ok)
            let frame = try await client.get(
                "/v1/models", headers: [.secFetchSite: "cross-site", .secFetchMode: "no-cors"])
            #expect(frame.status == .forbidden)
        }
    }

    @Test(arguments: [
        nil, "", "text/plain", "text/plain; x=application/json", "application/jsonp", "application/json-seq",
        "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
    ])
    func `a body is JSON by its type, or it is not looked at`(type: String?) async throws {
        try await withServer { client, server in
            for path in ["/v1/searches", "/v1/completions", "/v1/chat/completions", "/v1/responses"] {
                let response = try await client.execute(
                    uri: path, method: .post, headers: type.map { [.contentType: $0] } ?? [:],
                    body: ByteBuffer(string: #"{"problem":"What is 7","prompt":"What is 7"}"#)
                ) { $0 }
                #expect(response.status.code == 415)
            }
            #expect(server.running + server.queued == 0)
        }
    }

    @Test(arguments: ["application/json", "application/json; charset=utf-8", "Application/JSON ;charset=utf-8"])
    func `a type of JSON may have parameters`(type: String) async throws {
        try await withServer { client, _ in
            let response = try await client.execute(
                uri: "/v1/completions", method: .post, headers: [.contentType: type],
                body: ByteBuffer(string: #"{"prompt":"What is 7"}"#)
            ) { $0 }
            #expect(response.status == .ok)
        }
    }

    @Test func `a preflight allows what OpenAI's client sends from a browser`() async throws {
        try await withServer(TestModel.make(), { $0.allowedOrigins = ["https://good.example"] }) { client, _ in
            let asked = "authorization, content-type, x-stainless-arch, x-stainless-lang, x-stainless-retry-count"
            let headers: HTTPFields = [
                .origin: "https://good.example", .accessControlRequestMethod: "POST",
                .accessControlRequestHeaders: asked,
            ]
            let response = try await client.execute(uri: "/v1/responses", method: .options, headers: headers) { $0 }
            #expect(response.status == .noContent)
            let allowed = try #require(response.headers[.accessControlAllowHeaders])
            for name in asked.split(separator: ", ") { #expect(allowed.contains(name)) }
            #expect(response.headers[.accessControlAllowOrigin] == "https://good.example")
            var foreign = headers
            foreign[.origin] = "https://bad.example"
            let refused = try await client.execute(uri: "/v1/responses", method: .options, headers: foreign) { $0 }
            #expect(refused.status == .forbidden && refused.headers[.accessControlAllowOrigin] == nil)
        }
    }

    @Test func `an allowed page can read every error`() async throws {
        let origin: HTTPFields = [.origin: "https://good.example"]
        let change: (inout ServerConfiguration) -> Void = {
            $0.allowedOrigins = ["https://good.example"]
            $0.limits.bodyBytes = 1024
        }
        try await withServer(TestModel.make(fails: true), change) { client, _ in
            let long = #"{"prompt":"\#(String(repeating: "x", count: 2000))"}"#
            let answers = try await [
                client.post("/v1/completions", "{", headers: origin),
                client.post("/v1/completions", long, headers: origin), client.get("/nowhere", headers: origin),
                client.get("/v1/completions", headers: origin), client.get("/v1/models/none", headers: origin),
                client.post("/v1/completions", #"{"prompt":"What is 7"}"#, headers: origin),
            ]
            #expect(answers.map(\.status.code) == [400, 413, 404, 405, 404, 500])
            for answer in answers {
                #expect(answer.headers[.accessControlAllowOrigin] == "https://good.example")
                #expect(answer.headers[.vary]?.contains("Origin") == true)
            }
        }
        try await withServer(
            TestModel.make(),
            {
                $0.allowedOrigins = ["*"]
                $0.keys = KeyRing(keys: ["right"])
            }
        ) {
            client, _ in
            let answer = try await client.get("/v1/models", headers: origin)
            #expect(answer.status == .unauthorized)
            #expect(answer.headers[.accessControlAllowOrigin] == "https://good.example")
        }
    }

    @Test(arguments: ["good.example", "https://good.example/", "https://good.example/chat", "https://", "**", ""])
    func `an origin that no browser sends is refused at the start`(origin: String) {
        var configuration = ServerConfiguration()
        configuration.allowedOrigins = [origin]
        #expect(throws: SpecSearchError.self) {
            try SearchServer(model: TestModel.make(), configuration: configuration)
        }
    }

    @Test(arguments: ["*", "https://good.example", "http://localhost:3000", "app://obsidian.md"])
    func `origins as browsers send them are taken`(origin: String) {
        var configuration = ServerConfiguration()
        configuration.allowedOrigins = [origin]
        #expect(throws: Never.self) { try SearchServer(model: TestModel.make(), configuration: configuration) }
    }

    @Test(arguments: [[""], [" "], ["right", ""]]) func `an empty key opens no server`(keys: [String]) {
        var configuration = ServerConfiguration()
        configuration.keys = KeyRing(keys: keys)
        #expect(throws: SpecSearchError.self) {
            try SearchServer(model: TestModel.make(), configuration: configuration)
        }
    }
}
