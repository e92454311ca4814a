internal import HummingbirdCore
internal import Logging
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTPTypesHTTP1

/// HTTP/1 connections as hummingbird has them, under the rules of ``ConnectionRules``.
struct HTTPConnections: ServerChildChannel {
    let base: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        base.setup(channel: channel, logger: logger).flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let line = RequestLine()
            try pipeline.addHandler(line, position: .first)
            try pipeline.addHandler(
                ConnectionRules(line: line), position: .before(pipeline.handler(type: HTTP1ToHTTPServerCodec.self)))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await base.handle(value: value, logger: logger) }
}

/// The bytes that came last: whether they begin as a request does, which the parser's error does not tell.
final class RequestLine: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var latest = ByteBuffer()

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        latest = unwrapInboundIn(data)
        context.fireChannelRead(data)
    }

    /// The major version of HTTP of the request line that they begin with, whose method is a token, known or not
    /// (RFC 9112 §3); nil where they do not.
    var version: Int? {
        let text = String(
            buffer: latest.getSlice(at: latest.readerIndex, length: min(8192, latest.readableBytes)) ?? latest)
        let line = /[!#$%&'*+.^_`|~0-9A-Za-z-]+ [^ \r\n]+ HTTP\/([0-9])\.[0-9]\r?\n/.matchingSemantics(.unicodeScalar)
        return text.prefixMatch(of: line).flatMap { Int($0.output.1) }
    }
}
