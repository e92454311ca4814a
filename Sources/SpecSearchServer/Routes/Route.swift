internal import HTTPTypes
internal import Hummingbird
internal import NIOCore

/// One route, as data, so that what needs a key can be enumerated.
struct Route: Sendable {
    typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

    let method: HTTPRequest.Method
    let path: String
    /// Whether it answers without a key.
    let isPublic: Bool
    let handler: Handler

    init(_ method: HTTPRequest.Method, _ path: String, isPublic: Bool = false, handler: @escaping Handler) {
        self.method = method
        self.path = path
        self.isPublic = isPublic
        self.handler = handler
    }
}

extension Request {
    /// The body of a JSON request for a search.
    ///
    /// - Throws: ``APIError``: 413 for a long one, 415 for another type, 408 for one that does not come in time, and what
    ///   `admission` says where there is no place for the search: then the body is not even read.
    mutating func jsonBody(
        _ configuration: ServerConfiguration, _ admission: Admission, caller: String
    ) async throws -> ByteBuffer {
        let limit = configuration.limits.bodyBytes
        if let type = headers[.contentType]?.lowercased(), !type.hasPrefix("application/json") {
            throw APIError(
                statusCode: 415, type: "invalid_request_error", message: "The body is to be application/json.",
                code: "unsupported_media_type")
        }
        if let length = headers[.contentLength].flatMap(Int.init), length > limit { throw APIError.tooLarge(limit) }
        try admission.check(caller)
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
        }
    }
}
