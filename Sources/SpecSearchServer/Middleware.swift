internal import Dispatch
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import SpecSearch

/// The outermost middleware: gives every request a name, notes it and its outcome in log and metrics, and makes answers of
/// errors.
struct Observation: RouterMiddleware {
    let metrics: ServerMetrics

    func handle(
        _ request: Request, context: ServerContext, next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = Self.name(request.headers[.requestID])
        context.log[metadataKey: "request"] = "\(context.requestID)"
        let begin = DispatchTime.now().uptimeNanoseconds
        var response: Response
        do {
            response = try await next(request, context)
        } catch let error as any HTTPResponseError {
            response = try Self.response(error, request, context)
        } catch {
            context.log.error("The request failed", metadata: ["error": "\(SpecSearchError.logged(error))"])
            response = try APIError(error).response(from: request, context: context)
        }
        response.headers[.requestID] = context.requestID
        Self.secure(&response.headers)
        let status = response.status.code
        let route = "\(request.method) \(context.endpointPath ?? "unknown")"
        let logger = context.log
        let metrics = metrics
        let body = response.body
        let channel = context.channel
        // Streams end long after their head is written.
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            defer {
                let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) * 1e-9
                metrics.request(route: route, status: status, seconds: seconds)
                logger.info(
                    "\(route)", metadata: ["status": "\(status)", "ms": "\(Int(seconds * 1000))"])
            }
            try await body.write(PortionedWriter(base: writer, channel: channel))
        }
        return response
    }

    /// The caller's name for the request, if it can stand in a header and a log, or a new one.
    private static func name(_ given: String?) -> String {
        if let given, (1...128).contains(given.utf8.count),
            given.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C })
        {
            return given
        }
        return RandomName.make("req")
    }

    private static func response(
        _ error: any HTTPResponseError, _ request: Request, _ context: ServerContext
    ) throws -> Response {
        if let error = error as? APIError { return try error.response(from: request, context: context) }
        // The framework's own refusals, in our form.
        let status = try error.response(from: request, context: context).status
        let message =
            switch status.code {
            case 404: "There is no such route."
            case 405: "The route does not know this method."
            case 413: "The body is too large."
            default: "The request is not understood."
            }
        return try APIError(
            statusCode: status.code, type: status.code < 500 ? "invalid_request_error" : "server_error",
            message: message,
            code: status.code == 404 ? "not_found" : nil
        ).response(from: request, context: context)
    }

    private static func secure(_ headers: inout HTTPFields) {
        headers[.xContentTypeOptions] = "nosniff"
        if let name = HTTPField.Name("referrer-policy") { headers[name] = "no-referrer" }
    }
}

/// A writer that hands on a long text in portions, each when the client has taken the one before.
///
/// The framework's back-pressure lets a quick writer be some megabytes ahead of the connection.
private struct PortionedWriter: ResponseBodyWriter {
    private static let size = 16 << 10

    var base: any ResponseBodyWriter
    let channel: any Channel

    @concurrent mutating func write(_ buffer: ByteBuffer) async throws {
        var rest = buffer
        repeat {
            guard let portion = rest.readSlice(length: min(Self.size, rest.readableBytes)) else { return }
            try await base.write(portion)
            if portion.readableBytes == Self.size { try await ClientWatch.taken(channel) }
        } while rest.readableBytes > 0
    }

    @concurrent consuming func finish(_ trailingHeaders: HTTPFields?) async throws {
        try await base.finish(trailingHeaders)
    }
}

/// Random names for requests, answers and searches.
enum RandomName {
    static func make(_ kind: String) -> String {
        "\(kind)-\(String(UInt64.random(in: .min ... .max), radix: 36))\(String(UInt32.random(in: .min ... .max), radix: 36))"
    }
}

/// The check of keys: lets in whoever has one.
struct Authentication: RouterMiddleware {
    let keys: KeyRing
    let isPublic: @Sendable (Request) -> Bool

    func handle(
        _ request: Request, context: ServerContext, next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard !keys.isEmpty, !isPublic(request) else { return try await next(request, context) }
        guard let key = Self.key(of: request), let owner = keys.owner(of: key) else { throw APIError.unauthorized }
        var context = context
        context.caller = owner
        return try await next(request, context)
    }

    private static func key(of request: Request) -> String? {
        if let key = request.headers[.apiKey] { return key }
        guard let header = request.headers[.authorization], header.count > 7,
            header.prefix(7).lowercased() == "bearer "
        else { return nil }
        return String(header.dropFirst(7)).trimmingPrefix(while: \.isWhitespace).description
    }
}

/// The answers to pages of other origins: those of allowed ones may use the API; without any it says nothing, which
/// browsers take for no.
struct CrossOrigin: RouterMiddleware {
    let origins: Set<String>

    func handle(
        _ request: Request, context: ServerContext, next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        guard let origin = request.headers[.origin], origins.contains(origin) else {
            return try await next(request, context)
        }
        var response: Response
        if request.method == .options {
            response = Response(
                status: .noContent,
                headers: [
                    .accessControlAllowMethods: "GET, POST, DELETE, OPTIONS",
                    .accessControlAllowHeaders: "authorization, content-type, x-api-key, x-request-id, last-event-id",
                    .accessControlMaxAge: "600",
                ])
        } else {
            do {
                response = try await next(request, context)
            } catch let error as APIError {
                response = try error.response(from: request, context: context)
            }
        }
        response.headers[.accessControlAllowOrigin] = origin
        response.headers[.accessControlExposeHeaders] = "retry-after, retry-after-ms, x-request-id"
        response.headers[.vary] = "Origin"
        return response
    }
}
