internal import HTTPTypes
internal import NIOCore
internal import NIOHTTPTypes

/// The watch of one connection: how soon its answers begin, and whether its client takes them.
///
/// Back-pressure holds back what a client does not read, and would do so as long as it keeps its connection open.
final class ClientWatch: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart
    typealias OutboundIn = HTTPResponsePart
    typealias OutboundOut = HTTPResponsePart

    /// How long a client may take nothing while the server stops.
    private static let lastPatience = TimeAmount.milliseconds(500)

    private var patience: TimeAmount
    private let metrics: ServerMetrics
    /// When requests came whose answers have not begun.
    private var asked: CircularBuffer<NIODeadline> = []
    /// Writes that the client has not taken.
    private var waiting = 0
    private var lastTaken = NIODeadline.now()
    private var check: Scheduled<Void>?
    /// Who waits until everything is taken.
    private var waiters: [EventLoopPromise<Void>] = []

    /// The event that asks for a notice when everything is taken.
    private struct Taken {}

    /// Waits until the client has taken what was written, or its connection has ended.
    static func taken(_ channel: any Channel) async throws {
        try await channel.triggerUserOutboundEvent(Taken()).get()
    }

    /// - Parameter seconds: How long a client may take nothing of what waits for it.
    init(seconds: Double, metrics: ServerMetrics) {
        patience = .nanoseconds(Int64(seconds * 1e9))
        self.metrics = metrics
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head = unwrapInboundIn(data) { asked.append(.now()) }
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(let head) where head.status.kind != .informational:
            let begin = asked.popFirst()
            forward(.head(head), promise, context) { [metrics] in
                if let begin { metrics.began(status: head.status.code, after: .now() - begin) }
            }
        case let part: forward(part, promise, context)
        }
    }

    private func forward(
        _ part: HTTPResponsePart, _ promise: EventLoopPromise<Void>?, _ context: ChannelHandlerContext,
        then taken: @escaping () -> Void = {}
    ) {
        if waiting == 0 { lastTaken = .now() }
        waiting += 1
        let promise = promise ?? context.eventLoop.makePromise()
        promise.futureResult.assumeIsolated().whenComplete { [self] result in
            waiting -= 1
            lastTaken = .now()
            if case .success = result { taken() }
            answerWaiters()
        }
        context.write(wrapOutboundOut(part), promise: promise)
        if check == nil { look(after: patience, context) }
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is Taken, let promise else {
            return context.triggerUserOutboundEvent(event, promise: promise)
        }
        waiters.append(promise)
        answerWaiters()
    }

    private func answerWaiters() {
        guard waiting == 0 else { return }
        for waiter in waiters { waiter.succeed() }
        waiters = []
    }

    private func look(after time: TimeAmount, _ context: ChannelHandlerContext) {
        check = context.eventLoop.assumeIsolated().scheduleTask(in: time) { [self] in
            check = nil
            guard waiting > 0 else { return }
            let rest = lastTaken + patience - .now()
            guard rest <= .zero else { return look(after: rest, context) }
            metrics.gaveUp()
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            patience = min(patience, Self.lastPatience)
            check?.cancel()
            look(after: patience, context)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        check?.cancel()
        check = nil
        context.fireChannelInactive()
    }
}
