#if Cluster
    internal import Foundation
    internal import NIOCore
    internal import NIOHTTP1
    internal import NIOPosix
    internal import Synchronization

    /// An HTTP server on loopback whose every answer can go wrong in a way that the test says.
    ///
    /// ```swift
    /// let server = FaultServer { request in .json("{}", fault: request.index == 0 ? .truncate(1) : nil) }
    /// try await server.start()
    /// ```
    /// It writes its answers byte by byte itself, so that they can be cut anywhere, claim a wrong length, drip, or never
    /// come.
    public final class FaultServer: Sendable {
        /// A request as it came.
        public struct Request: Sendable {
            public var method: String
            public var path: String
            public var headers: [String: String]
            public var body: [UInt8]
            /// Its place among all requests to this server, from 0.
            public var index: Int
        }

        /// How an answer goes wrong.
        public enum Fault: Sendable, Hashable {
            /// The connection ends in good order after this many bytes of the body, whose length was announced whole.
            case truncate(Int)
            /// The connection is reset after this many bytes of the body.
            case reset(Int)
            /// Pieces of `size` bytes with a pause between them.
            case drip(size: Int, pause: Duration)
            /// The connection stays open, and nothing comes.
            case blackHole
            /// The announced length, whatever the body has.
            case announce(Int)
        }

        /// An answer.
        public struct Reply: Sendable {
            public var status: Int
            public var headers: [(String, String)]
            public var body: [UInt8]
            public var delay: Duration?
            public var fault: Fault?

            public init(
                status: Int = 200, headers: [(String, String)] = [], body: [UInt8], delay: Duration? = nil,
                fault: Fault? = nil
            ) {
                self.status = status
                self.headers = headers
                self.body = body
                self.delay = delay
                self.fault = fault
            }

            /// A JSON text.
            public static func json(_ text: String, status: Int = 200, fault: Fault? = nil) -> Reply {
                Reply(
                    status: status, headers: [("Content-Type", "application/json")], body: Array(text.utf8),
                    fault: fault)
            }
        }

        /// The counts of what happened so far.
        public struct Counts: Sendable, Hashable {
            public var requests = 0
            /// Requests whose connection the client closed before they were answered.
            public var abandoned = 0
            public var openConnections = 0
            /// Requests that are being answered.
            public var inFlight = 0
            public var mostInFlight = 0
        }

        private let respond: @Sendable (Request) async -> Reply
        private let state = Mutex(State())

        private struct State {
            var counts = Counts()
            var listener: (any Channel)?
            var channels: [ObjectIdentifier: any Channel] = [:]
            var port = 0
        }

        /// - Parameter respond: The answer to a request; cancelled where the client hangs up.
        public init(_ respond: @escaping @Sendable (Request) async -> Reply) { self.respond = respond }

        public var counts: Counts { state.withLock { $0.counts } }
        /// Where it listens.
        public var url: String { "http://127.0.0.1:\(state.withLock { $0.port })" }

        /// Listens, after ``kill()`` on the same port as before.
        public func start() async throws {
            let port = state.withLock { $0.port }
            let listener = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .serverChannelOption(.backlog, value: 512)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let operations = channel.pipeline.syncOperations
                        try operations.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                        try operations.addHandler(FaultHandler(server: self))
                    }
                }
                .bind(host: "127.0.0.1", port: port).get()
            state.withLock {
                $0.listener = listener
                $0.port = listener.localAddress?.port ?? port
            }
        }

        /// As `kill -9` would: nothing listens any more, and every connection is reset.
        public func kill() async {
            let (listener, channels) = state.withLock { state in
                defer { state.listener = nil }
                return (state.listener, Array(state.channels.values))
            }
            try? await listener?.close()
            for channel in channels { await Self.reset(channel) }
        }

        static func reset(_ channel: any Channel) async {
            if let socket = channel as? any SocketOptionProvider {
                _ = try? await socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
            }
            try? await channel.close()
        }

        func opened(_ channel: any Channel) {
            state.withLock {
                $0.channels[ObjectIdentifier(channel)] = channel
                $0.counts.openConnections += 1
            }
        }

        func closed(_ channel: any Channel, abandoned: Bool) {
            state.withLock {
                $0.channels[ObjectIdentifier(channel)] = nil
                $0.counts.openConnections -= 1
                if abandoned { $0.counts.abandoned += 1 }
            }
        }

        /// Answers one request; returns whether the connection may be used again.
        func serve(_ request: Request, on channel: any Channel) async -> Bool {
            var request = request
            request.index = state.withLock { state in
                defer { state.counts.requests += 1 }
                state.counts.inFlight += 1
                state.counts.mostInFlight = max(state.counts.mostInFlight, state.counts.inFlight)
                return state.counts.requests
            }
            defer { state.withLock { $0.counts.inFlight -= 1 } }
            let reply = await respond(request)
            do {
                if let delay = reply.delay { try await Task.sleep(for: delay) }
                try Task.checkCancellation()
                return try await write(reply, to: channel)
            } catch {
                return false
            }
        }

        private func write(_ reply: Reply, to channel: any Channel) async throws -> Bool {
            var announced = reply.body.count
            if case .announce(let length)? = reply.fault { announced = length }
            var head = "HTTP/1.1 \(reply.status) \(reply.status == 200 ? "OK" : "Refused")\r\n"
            for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
            head += "Content-Length: \(announced)\r\n\r\n"
            switch reply.fault {
            case .blackHole:
                try await Task.sleep(for: .seconds(3600))
                return false
            case .truncate(let count):
                try await channel.writeAndFlush(ByteBuffer(bytes: Array(head.utf8) + reply.body.prefix(count)))
                return false
            case .reset(let count):
                try await channel.writeAndFlush(ByteBuffer(bytes: Array(head.utf8) + reply.body.prefix(count)))
                await Self.reset(channel)
                return false
            case .drip(let size, let pause):
                try await channel.writeAndFlush(ByteBuffer(string: head))
                for start in stride(from: 0, to: reply.body.count, by: size) {
                    try await Task.sleep(for: pause)
                    try await channel.writeAndFlush(
                        ByteBuffer(bytes: reply.body[start..<min(reply.body.count, start + size)]))
                }
                return true
            case .announce, nil:
                try await channel.writeAndFlush(ByteBuffer(bytes: Array(head.utf8) + reply.body))
                return announced == reply.body.count
            }
        }
    }

    /// Puts requests together and has them answered, one after the other.
    private final class FaultHandler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart

        private let server: FaultServer
        private var request: FaultServer.Request?
        private var task: Task<Void, Never>?
        private let busy = Flag()

        init(server: FaultServer) { self.server = server }

        func channelActive(context: ChannelHandlerContext) { server.opened(context.channel) }

        func channelInactive(context: ChannelHandlerContext) {
            server.closed(context.channel, abandoned: busy.isOn.load(ordering: .acquiring))
            task?.cancel()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                request = FaultServer.Request(
                    method: head.method.rawValue, path: head.uri,
                    headers: Dictionary(head.headers.map { ($0.name.lowercased(), $0.value) }) { first, _ in first },
                    body: [], index: 0)
            case .body(let part): request?.body.append(contentsOf: part.readableBytesView)
            case .end:
                guard let request else { return }
                self.request = nil
                let (server, channel, busy) = (server, context.channel, busy)
                busy.isOn.store(true, ordering: .releasing)
                task = Task {
                    let staysOpen = await server.serve(request, on: channel)
                    busy.isOn.store(false, ordering: .releasing)
                    if !staysOpen { try? await channel.close() }
                }
            }
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        /// Whether a request is being answered; the handler and the answering task share it.
        private final class Flag: Sendable {
            let isOn = Atomic(false)
        }
    }
#endif
