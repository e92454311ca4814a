internal import Foundation
internal import NIOCore
internal import NIOHTTP1

/// What RFC 9110 and RFC 9112 ask of a server on one HTTP/1 connection, and the framework leaves open.
///
/// - A request that is not well framed is refused, and the connection ends: no host or several, a transfer coding that is
///   not known, a version other than 1, an expectation that is not met, or what the parser does not understand.
/// - After the answer to a request with `Connection: close`, of HTTP/1.0, or after an answer that says so itself, nothing
///   is looked at any more, and the connection is closed in steps (RFC 9112 §9.6): our side first, and the whole of it once
///   the client has closed its side, or a moment later. An immediate end could cost the client the answer.
/// - An answer that comes before the whole of its request ends the connection: what is still to come need not be read.
/// - A client of HTTP/1.0 gets no chunks and no interim answers.
final class ConnectionRules: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// How long a client may take to close its side.
    private static let patience = TimeAmount.seconds(2)

    /// A request whose answer is not complete.
    private struct Exchange {
        let version: HTTPVersion
        /// Whether nothing follows its answer.
        var isLast: Bool
    }

    private struct Refusal {
        var status: HTTPResponseStatus
        var message: String
    }

    private let line: RequestLine
    /// Oldest first.
    private var exchanges: CircularBuffer<Exchange> = []
    /// Whether the youngest request is still coming.
    private var isReading = false
    /// Whether what comes is not looked at any more.
    private var isDeaf = false
    /// What is to be said once all before it is answered.
    private var refusal: Refusal?
    /// Whether the last answer is written, so that nothing may follow it.
    private var isSilent = false
    /// Whether our side of the connection is at its end.
    private var hasEnded = false

    init(line: RequestLine) { self.line = line }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isDeaf { return }
        switch unwrapInboundIn(data) {
        case .head(var head):
            if let refusal = Self.refusal(of: head) { return refuse(refusal, context) }
            // A target in absolute form has a host of its own, which counts (RFC 9112 §3.2.2).
            if let target = head.uri.firstMatch(of: /^https?:\/\/([^\/?]*)/.ignoresCase()) {
                guard Authority(String(target.output.1)) != nil else {
                    return refuse(Refusal(status: .badRequest, message: "The target has no host."), context)
                }
                let path = head.uri[target.range.upperBound...]
                head.uri = (path.first == "/" ? "" : "/") + path
                head.headers.replaceOrAdd(name: "host", value: String(target.output.1))
            }
            isReading = true
            exchanges.append(Exchange(version: head.version, isLast: head.version.isOld || !head.isKeepAlive))
            return context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body: break
        case .end:
            isReading = false
            if exchanges.last?.isLast == true { isDeaf = true }
        }
        context.fireChannelRead(data)
    }

    private static func refusal(of head: HTTPRequestHead) -> Refusal? {
        if head.version.major != 1 {
            return Refusal(status: .httpVersionNotSupported, message: "HTTP/1.1 is spoken here.")
        }
        let hosts = head.headers["host"]
        guard hosts.count == 1 || hosts.isEmpty && head.version.isOld, hosts.allSatisfy(isHost) else {
            return Refusal(status: .badRequest, message: "A request has one header field Host, with one host in it.")
        }
        let codings = head.headers[canonicalForm: "transfer-encoding"].map { $0.lowercased() }
        if !codings.isEmpty {
            // Framing that another server on the way may have read otherwise.
            if head.version.isOld || head.headers.contains(name: "content-length") {
                return Refusal(status: .badRequest, message: "The length of the body is not clear.")
            }
            if codings != ["chunked"] {
                return Refusal(status: .notImplemented, message: "The only transfer coding here is chunked.")
            }
        }
        let expectations = head.headers[canonicalForm: "expect"]
        if expectations.contains(where: { $0.lowercased() != "100-continue" }) {
            return Refusal(
                status: .expectationFailed, message: "The only expectation that is met here is 100-continue.")
        }
        return nil
    }

    private static func isHost(_ text: String) -> Bool { text.isEmpty || Authority(text) != nil }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if isDeaf { return }
        guard let error = error as? HTTPParserError else { return context.fireErrorCaught(error) }
        if isReading {
            // Whoever reads the body says what is wrong with it.
            isDeaf = true
            if let last = exchanges.indices.last { exchanges[last].isLast = true }
            return context.fireErrorCaught(error)
        }
        let refusal: Refusal =
            switch error {
            case .headerOverflow:
                Refusal(status: .requestHeaderFieldsTooLarge, message: "The header fields are too long.")
            case .invalidVersion where line.version != nil && line.version != 1:
                Refusal(status: .httpVersionNotSupported, message: "HTTP/1.1 is spoken here.")
            case .invalidMethod where line.version == 1:
                Refusal(status: .notImplemented, message: "There is no such method.")
            default: Refusal(status: .badRequest, message: "This is no request of HTTP/1.1.")
            }
        refuse(refusal, context)
    }

    private func refuse(_ refusal: Refusal, _ context: ChannelHandlerContext) {
        isDeaf = true
        self.refusal = refusal
        if exchanges.isEmpty { sayRefusal(context) }
    }

    private func sayRefusal(_ context: ChannelHandlerContext) {
        guard let refusal, !isSilent else { return }
        self.refusal = nil
        isSilent = true
        let type = refusal.status.code < 500 ? "invalid_request_error" : "server_error"
        let error = APIError(statusCode: Int(refusal.status.code), type: type, message: refusal.message)
        let body = ByteBuffer(bytes: (try? JSON.data(error)) ?? Data())
        let head = HTTPResponseHead(
            version: .http1_1, status: refusal.status,
            headers: [
                "content-type": "application/json", "content-length": "\(body.readableBytes)", "connection": "close",
                "date": HTTPDate.now, "server": "specsearch",
            ])
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.end(context) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard !isSilent else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        switch unwrapOutboundIn(data) {
        case .head(let head) where (100..<200).contains(head.status.code):
            if exchanges.first?.version.isOld == true {
                promise?.succeed()
                return
            }
            context.write(data, promise: promise)
        case .head(var head):
            if !exchanges.isEmpty {
                if exchanges[exchanges.startIndex].version.isOld { head.version = .http1_0 }
                if head.headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "close" })
                    || exchanges.count == 1 && isReading
                {
                    exchanges[exchanges.startIndex].isLast = true
                    isDeaf = true
                }
                if exchanges[exchanges.startIndex].isLast {
                    head.headers.replaceOrAdd(name: "connection", value: "close")
                }
            }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .body: context.write(data, promise: promise)
        case .end:
            let isLast = exchanges.popFirst()?.isLast ?? false
            guard isLast || refusal != nil && exchanges.isEmpty else { return context.write(data, promise: promise) }
            isSilent = isLast
            let promise = promise ?? context.eventLoop.makePromise()
            promise.futureResult.assumeIsolated().whenComplete { _ in
                if isLast { self.end(context) } else { self.sayRefusal(context) }
            }
            context.writeAndFlush(data, promise: promise)
        }
    }

    /// Ends our side, and the whole connection when the client has ended its side too, or after a while.
    private func end(_ context: ChannelHandlerContext) {
        guard !hasEnded else { return }
        hasEnded = true
        isDeaf = true
        context.close(mode: .output, promise: nil)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { context.close(promise: nil) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        context.fireUserInboundEventTriggered(event)
        if hasEnded, event as? ChannelEvent == .inputClosed { context.close(promise: nil) }
    }
}

extension HTTPVersion {
    /// Whether chunks and interim answers are unknown to it.
    fileprivate var isOld: Bool { major < 1 || major == 1 && minor < 1 }
}

/// The date of a header field (RFC 9110 §5.6.7).
enum HTTPDate {
    static var now: String {
        var (time, parts) = (time(nil), tm())
        gmtime_r(&time, &parts)
        let days = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        return
            "\(days[Int(parts.tm_wday)]), \(two(parts.tm_mday)) \(months[Int(parts.tm_mon)]) \(1900 + parts.tm_year) "
            + "\(two(parts.tm_hour)):\(two(parts.tm_min)):\(two(parts.tm_sec)) GMT"
    }

    private static func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
