import Foundation
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import SpecSearchServer

/// Runs a server on a free port of this machine.
func withServer<Value: Sendable>(
    _ model: ServedModel = TestModel.make(), _ change: (inout ServerConfiguration) -> Void = { _ in },
    _ body: @escaping @Sendable (any TestClientProtocol, SearchServer) async throws -> Value
) async throws -> Value {
    var configuration = ServerConfiguration()
    configuration.port = 0
    change(&configuration)
    var logger = Logger(label: "tests")
    logger.logLevel = .critical
    let server = try SearchServer(model: model, configuration: configuration, logger: logger)
    return try await server.application().test(.ahc(.http)) { client in try await body(client, server) }
}

extension SearchServer {
    /// Waits until no search runs or waits: a place becomes free only after its client has the whole answer.
    func idle() async throws {
        while running + queued > 0 { try await Task.sleep(for: .milliseconds(5)) }
    }
}

extension TestClientProtocol {
    /// Sends JSON.
    func post(_ path: String, _ json: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        var headers = headers
        headers[.contentType] = "application/json"
        return try await execute(uri: path, method: .post, headers: headers, body: ByteBuffer(string: json)) { $0 }
    }

    func get(_ path: String, headers: HTTPFields = [:]) async throws -> TestResponse {
        try await execute(uri: path, method: .get, headers: headers) { $0 }
    }
}

extension TestResponse {
    var text: String { String(buffer: body) }

    /// A JSON body's value at a path of keys and indices.
    func value(_ path: String...) throws -> Any? { try jsonValue(in: text, path) }

    /// The data of a stream's events.
    var events: [String] {
        text.components(separatedBy: "\n\n").compactMap { $0.hasPrefix("data: ") ? String($0.dropFirst(6)) : nil }
    }
}

/// The value of a JSON text at a path of keys and indices.
func jsonValue(in json: String, _ path: [String]) throws -> Any? {
    var value: Any? = try JSONSerialization.jsonObject(with: Data(json.utf8))
    for key in path {
        if let list = value as? [Any] {
            value = Int(key).flatMap { list.indices.contains($0) ? list[$0] : nil }
        } else {
            value = (value as? [String: Any])?[key]
        }
    }
    return value is NSNull ? nil : value
}
