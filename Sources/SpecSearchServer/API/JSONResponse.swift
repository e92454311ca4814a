internal import Foundation
package import HTTPTypes
internal import Hummingbird
internal import NIOCore

extension HTTPField.Name {
    private static func custom(_ name: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name("\(name)") else { preconditionFailure("\(name) is no header's name") }
        return name
    }
    package static let retryAfterMilliseconds = custom("retry-after-ms")
    package static let shouldRetry = custom("x-should-retry")
    package static let requestID = custom("x-request-id")
    package static let apiKey = custom("x-api-key")
    package static let accelBuffering = custom("x-accel-buffering")
    package static let lastEventID = custom("last-event-id")
    package static let secFetchSite = custom("sec-fetch-site")
    package static let secFetchMode = custom("sec-fetch-mode")
    package static let accessControlRequestPrivateNetwork = custom("access-control-request-private-network")
    package static let accessControlAllowPrivateNetwork = custom("access-control-allow-private-network")
}

extension Response {
    /// A JSON body; the keys are sorted.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        var headers = headers
        headers[.contentType] = "application/json"
        headers[.cacheControl] = "no-store"
        return Response(
            status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: try JSON.data(value))))
    }

    /// A body of text.
    static func text(_ text: String, type: String, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        headers[.contentType] = type
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: ByteBuffer(string: text)))
    }
}

/// JSON as the server sends it: with sorted keys.
enum JSON {
    static func data(_ value: some Encodable) throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(value)
    }

    static func text(_ value: some Encodable) throws -> String { String(decoding: try data(value), as: UTF8.self) }
}
