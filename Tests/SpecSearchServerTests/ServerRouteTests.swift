import Foundation
import HTTPTypes
import HummingbirdTesting
import SpecSearch
import SpecSearchServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct ServerRouteTests {
    @Test func `every route but the public ones asks for a key`() async throws {
        try await withServer(TestModel.make(), { $0.keys = KeyRing(keys: ["right", "other"]) }) { client, server in
            #expect(server.routes.filter { !$0.isPublic }.count >= 8)
            for route in server.routes {
                let path = route.path.replacing(":id", with: "toy")
                let method = try #require(HTTPRequest.Method(rawValue: route.method))
                for key in [nil, "", "wrong", "right2"] {
                    var headers: HTTPFields = [:]
                    if let key { headers[.authorization] = "Bearer \(key)" }
                    let status = try await client.execute(uri: path, method: method, headers: headers) { $0.status }
                    #expect((status == .unauthorized) != route.isPublic, "\(route.method) \(path)")
                }
                let headers: HTTPFields = [.authorization: "Bearer right"]
                let status = try await client.execute(uri: path, method: method, headers: headers) { $0.status }
                #expect(status != .unauthorized)
            }
            #expect(try await client.get("/v1/models", headers: [.apiKey: "other"]).status == .ok)
            #expect(try await client.get("/nowhere").status == .unauthorized)
        }
    }

    @Test func `without a key only this machine is served`() {
        let model = TestModel.make()
        var configuration = ServerConfiguration()
        configuration.host = "0.0.0.0"
        #expect(throws: SpecSearchError.self) { try SearchServer(model: model, configuration: configuration) }
        configuration.keys = KeyRing(keys: ["key"])
        #expect(throws: Never.self) { try SearchServer(model: model, configuration: configuration) }
        configuration.keys = KeyRing(keys: [""])
        #expect(throws: SpecSearchError.self) { try SearchServer(model: model, configuration: configuration) }
    }

    @Test func `status, models, version and metrics`() async throws {
        try await withServer { client, _ in
            #expect(try await client.get("/health").status == .ok)
            #expect(try await client.get("/ready").status == .ok)
            #expect(try await client.get("/v1/models").value("data", "0", "id") as? String == "toy")
            #expect(try await client.get("/v1/models/toy").status == .ok)
            #expect(try await client.get("/v1/models/none").status == .notFound)
            #expect(try await client.get("/version").value("model") as? String == "toy")
            _ = try await client.post("/v1/completions", #"{"prompt":"What is 7"}"#)
            let metrics = try await client.get("/metrics")
            #expect(metrics.headers[.contentType] == PrometheusMetrics.contentType)
            #expect(metrics.text.contains(#"specsearch_steps_total{outcome="accepted"}"#))
            #expect(metrics.text.contains(#"specsearch_steps_total{outcome="regenerated"}"#))
            let expected = #"specsearch_searches_total{method="specsearch",end="finished"} 1"#
            #expect(metrics.text.contains(expected))
            #expect(metrics.text.contains(#"specsearch_requests_total{route="POST /v1/completions",code="200"} 1"#))
        }
    }

    @Test func `the page loads nothing from elsewhere`() async throws {
        try await withServer { client, _ in
            let page = try await client.get("/")
            #expect(page.headers[.contentSecurityPolicy]?.contains("default-src 'none'") == true)
            for path in ["/", "/page.css", "/katex.js", "/page.js"] {
                let text = try await client.get(path).text
                let links = text.matches(of: /https?:\/\/[a-z0-9.]+/).map { String($0.output) }
                // Names of XML vocabularies are not addresses.
                #expect(Set(links).subtracting(["http://www.w3.org"]).isEmpty)
                #expect(!text.contains("innerHTML"))
            }
        }
    }

    @Test func `foreign pages may ask only where they are allowed`() async throws {
        try await withServer(TestModel.make(), { $0.allowedOrigins = ["https://good.example"] }) { client, _ in
            let good = try await client.get("/v1/models", headers: [.origin: "https://good.example"])
            #expect(good.headers[.accessControlAllowOrigin] == "https://good.example")
            let bad = try await client.get("/v1/models", headers: [.origin: "https://bad.example"])
            #expect(bad.headers[.accessControlAllowOrigin] == nil)
            let asked = try await client.execute(
                uri: "/v1/chat/completions", method: .options, headers: [.origin: "https://good.example"]
            ) { $0 }
            #expect(asked.status == .noContent)
        }
    }

    @Test func `a watched search sends every event and can be watched again from any place`() async throws {
        try await withServer { client, _ in
            let begun = try await client.post("/v1/searches", #"{"problem":"What is 7"}"#)
            #expect(begun.status == .created)
            let id = try #require(try begun.value("id") as? String)
            let whole = try await client.get("/v1/searches/\(id)/events").text
            #expect(whole.contains("event: end"))
            let lines = whole.split(separator: "\n").filter { $0.hasPrefix("data: {") }.dropLast()
            let trace = try SearchTrace(data: Data(lines.map { $0.dropFirst(6) + "\n" }.joined().utf8))
            guard case .finished(let result)? = trace.events.last else {
                Issue.record("The last event is not the result.")
                return
            }
            #expect(result.answer == "7")
            // Flat lines, each thought once; everything else names its nodes by ids.
            let tree = try trace.tree()
            #expect(tree.text(to: result.best.node).hasSuffix("The answer is 7."))
            let ends = tree.ids.count { tree[$0].isFinished }
            #expect(lines.count { $0.contains(#""text":"The answer is 7.""#) } == ends)
            #expect(lines.allSatisfy { $0.contains(#""type":""#) })
            let rest = try await client.get("/v1/searches/\(id)/events", headers: [.lastEventID: "2"]).text
            #expect(rest.hasPrefix("id: 3\n"))
            #expect(whole.hasSuffix(rest))
            #expect(try await client.get("/v1/searches/nothing/events").status == .notFound)
        }
    }

    @Test func `a watched search can be stopped`() async throws {
        try await withServer(TestModel.make(delay: .seconds(20))) { client, server in
            let begun = try await client.post("/v1/searches", #"{"problem":"What is 7"}"#)
            let id = try #require(try begun.value("id") as? String)
            while server.running == 0 { await Task.yield() }
            #expect(try await client.execute(uri: "/v1/searches/\(id)", method: .delete) { $0.status } == .noContent)
            let text = try await client.get("/v1/searches/\(id)/events").text
            #expect(text.contains(#""end":"cancelled""#))
        }
    }
}
