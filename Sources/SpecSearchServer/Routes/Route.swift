internal import Foundation
internal import HTTPTypes
internal import Hummingbird
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypes

/// One route, as data, so that what needs a key can be enumerated.
struct Route: Sendable {
    typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

    let method: HTTPRequest.Method
    let path: String
    /// Whether it answers without a key.
    let isPublic: Bool
    /// Whether it answers by a stream.
    let isStream: Bool
    let handler: Handler

    init(
        _ method: HTTPRequest.Method, _ path: String, isPublic: Bool = false, isStream: Bool = false,
        handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.isPublic = isPublic
        self.isStream = isStream
        self.handler = handler
    }

    /// The same by another method.
    func by(_ method: HTTPRequest.Method) -> Route {
        Route(method, path, isPublic: isPublic, isStream: isStream, handler: handler)
    }

    /// Whether a request's path is this route's.
    func matches(_ path: String) -> Bool {
        let (pattern, parts) = (self.path.split(separator: "/"), path.split(separator: "/"))
        return pattern.count == parts.count && zip(pattern, parts).allSatisfy { $0.first == ":" || $0 == $1 }
    }
}

extension Request {
    /// The body of a JSON request for a search.
    ///
    /// - Throws: ``APIError``: 400 for one that is badly framed, 413 for a long one, 415 for another type, 408 for one that
    ///   does not come in time, and what `admission` says where there is no place for the search: then the body is not
    ///   even read. `CancellationError` where the client goes away.
    mutating func jsonBody(
        _ configuration: ServerConfiguration, _ admission: Admission, _ context: ServerContext
    ) async throws -> ByteBuffer {
        let limit = configuration.limits.bodyBytes
        // A page of any site can send every other type, and none at all, without asking first.
        guard headers[.contentType].map(Self.isJSON) ?? false else {
            throw APIError.unsupportedBody("The body is to be JSON, with \"Content-Type: application/json\".")
        }
        if let coding = headers[.contentEncoding]?.lowercased(), coding != "identity" {
            throw APIError.unsupportedBody("The body is to be sent as it is, without a Content-Encoding.")
        }
        if let length = headers[.contentLength].flatMap(Int.init), length > limit { throw APIError.tooLarge(limit) }
        try admission.check(context.caller)
        if headers[.expect] != nil {
            // Whoever waits for it sends the body now.
            try? await context.channel.writeAndFlush(HTTPResponsePart.head(HTTPResponse(status: .continue)))
        }
        let request = self
        do {
            let (repaired, buffer) = try await withThrowingTaskGroup(of: (Request, ByteBuffer)?.self) { group in
                group.addTask {
                    var request = request
                    let buffer = try await request.collectBody(upTo: limit)
                    return (request, buffer)
                }
                group.addTask {
                    try await Task.sleep(for: .seconds(configuration.idleSeconds))
                    return nil
                }
                defer { group.cancelAll() }
                guard let first = try await group.next(), let read = first else {
                    throw APIError(
                        statusCode: 408, type: "invalid_request_error", message: "The body did not come in time.",
                        code: "timeout")
                }
                return read
            }
            self = repaired
            return buffer
        } catch is NIOTooManyBytesError {
            throw APIError.tooLarge(limit)
        } catch let error as APIError {
            throw error
        } catch HTTPParserError.invalidEOFState {
            throw CancellationError()
        } catch is HTTPParserError {
            throw APIError.badFraming
        } catch {
            throw CancellationError()
        }
    }

    /// Whether a media type is JSON's, whatever its parameters.
    private static func isJSON(_ type: String) -> Bool {
        let type = type.prefix { $0 != ";" }
        return String(type).trimmingCharacters(in: .whitespaces).lowercased() == "application/json"
    }
}
