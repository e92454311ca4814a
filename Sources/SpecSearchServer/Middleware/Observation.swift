internal import Dispatch
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore
internal import SpecSearch

/// The outermost middleware: gives every request a name, and notes it and its outcome in log and metrics.
struct Observation: RouterMiddleware {
    let metrics: ServerMetrics

    func handle(
        _ request: Request, context: ServerContext, next: @concurrent (Request, ServerContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.requestID = Self.name(request.headers[.requestID])
        context.log[metadataKey: "request"] = "\(context.requestID)"
        let begin = DispatchTime.now().uptimeNanoseconds
        var response = try await next(request, context)
        response.headers[.requestID] = context.requestID
        Self.secure(&response.headers)
        let status = response.status.code
        let route = "\(request.method) \(context.endpointPath ?? "unknown")"
        let logger = context.log
        let metrics = metrics
        let body = response.body
        let channel = context.channel
        let isHead = request.method == .head
        // Streams end long after their head is written.
        response.body = ResponseBody(contentLength: body.contentLength) { writer in
            // Where the client went away meanwhile, that is the outcome, whatever was said to it.
            var outcome = APIError.clientGone.statusCode
            defer {
                let seconds = Double(DispatchTime.now().uptimeNanoseconds - begin) * 1e-9
                metrics.request(route: route, status: outcome, seconds: seconds)
                logger.info(
                    "\(route)", metadata: ["status": "\(outcome)", "ms": "\(Int(seconds * 1000))"])
            }
            if isHead {
                try await writer.finish(nil)
            } else {
                try await body.write(PortionedWriter(base: writer, channel: channel))
            }
            outcome = status
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
