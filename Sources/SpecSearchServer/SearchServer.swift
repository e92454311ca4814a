internal import Foundation
internal import HTTPTypes
package import Hummingbird
internal import HummingbirdCore
public import Logging
internal import NIOCore
internal import NIOPosix
public import ServiceLifecycle
internal import SpecSearch
internal import UnixSignals

/// An HTTP server whose answers are found by search: any OpenAI client gets them by a change of its base URL.
///
/// ```swift
/// let server = try SearchServer(model: model)
/// try await server.run()  // until SIGTERM or SIGINT, then searches may end
/// ```
public struct SearchServer: Service {
    public let configuration: ServerConfiguration
    private let logger: Logger
    package let admission: Admission
    private let table: [Route]
    private let metrics: ServerMetrics

    /// - Parameters:
    ///   - model: What is served.
    ///   - metrics: Where `/metrics` reads from; hand it to `MetricsSystem.bootstrap` too, to see everybody's metrics there.
    /// - Throws: ``SpecSearchError`` for settings that make no sense, or are not safe.
    public init(
        model: ServedModel, configuration: ServerConfiguration = ServerConfiguration(),
        metrics: PrometheusMetrics? = nil, logger: Logger = Logger(label: "specsearch.server")
    ) throws {
        try configuration.validate()
        _ = try Search(model.engine, configuration: model.defaults)
        self.configuration = configuration
        self.logger = logger
        let prometheus = metrics ?? Self.makeMetrics()
        admission = Admission(configuration.limits)
        self.metrics = ServerMetrics(factory: prometheus)
        let runner = SearchRunner(
            model: model, limits: configuration.limits, metrics: self.metrics, admission: admission)
        let registry = SearchRegistry(limit: configuration.limits.keptSearches)
        table =
            try CompletionRoutes(configuration: configuration, runner: runner).routes
            + SearchRoutes(configuration: configuration, runner: runner, registry: registry).routes
            + StatusRoutes(runner: runner, prometheus: prometheus).routes
            + PageRoutes(settings: OfferedSettings(model: model, limits: configuration.limits)).routes()
    }

    /// A backend of swift-metrics with the descriptions of the server's own metrics.
    public static func makeMetrics() -> PrometheusMetrics {
        PrometheusMetrics(help: ServerMetrics.help, buckets: ServerMetrics.buckets)
    }

    /// Every route: its method, its path, and whether it answers without a key.
    package var routes: [(method: String, path: String, isPublic: Bool)] {
        table.map { ($0.method.rawValue, $0.path, $0.isPublic) }
    }

    /// Searches that run now.
    package var running: Int { admission.running }

    /// Searches that wait for their turn.
    package var queued: Int { admission.queued }

    /// The HTTP side alone, for tests.
    package func application(
        onRunning: @escaping @Sendable (Int) -> Void = { _ in }
    ) -> some ApplicationProtocol {
        let router = Router(context: ServerContext.self)
        // Whatever answers to GET answers to HEAD, but for streams, whose head says nothing.
        let table = table + table.filter { $0.method == .get && !$0.isStream }.map { $0.by(.head) }
        let open = Set(table.filter(\.isPublic).map { "\($0.method) \($0.path)" })
        router.addMiddleware {
            Observation(metrics: metrics)
            CrossOrigin(policy: OriginPolicy(configuration.allowedOrigins))
            ErrorAnswers { path in
                let methods = table.filter { $0.matches(path) }.map(\.method)
                return methods.isEmpty ? [] : methods + [.options]
            }
            HostCheck(configuration)
            Authentication(keys: configuration.keys) { open.contains("\($0.method) \($0.uri.path)") }
        }
        for route in table {
            router.on(RouterPath(route.path), method: route.method, use: route.handler)
        }
        return Application(
            router: router,
            server: HTTPServerBuilder { [configuration, metrics] responder in
                HTTPConnections(
                    base: HTTP1Channel(
                        responder: responder,
                        configuration: HTTP1Channel.Configuration(
                            additionalChannelHandlers: [
                                ClientWatch(seconds: configuration.writeSeconds, metrics: metrics)
                            ],
                            idleTimeout: .seconds(Int64(configuration.idleSeconds)))))
            },
            configuration: ApplicationConfiguration(address: configuration.address, serverName: "specsearch"),
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? configuration.port) },
            logger: logger)
    }

    /// Serves until a signal or a graceful shutdown; then newcomers are refused, and running searches may end.
    ///
    /// A second signal ends them at once.
    ///
    /// - Parameter onRunning: Receives the port when the server listens.
    /// - Throws: ``SpecSearchError`` `ioFailed` where it cannot listen.
    public func run(onRunning: @escaping @Sendable (Int) -> Void) async throws {
        // Services are stopped from the last to the first: the HTTP side goes on until the searches are done.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: application(onRunning: onRunning)),
                    .init(service: Draining(admission: admission, seconds: configuration.drainSeconds, logger: logger)),
                ], logger: logger))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask { [admission] in
                var first: ContinuousClock.Instant?
                // Whoever started this with nohup wants it to go on.
                let signals = [UnixSignal.sigterm, .sigint] + (Self.isIgnored(SIGHUP) ? [] : [.sighup])
                for await _ in await UnixSignalsSequence(trapping: signals) {
                    guard let before = first else {
                        first = .now
                        await group.triggerGracefulShutdown()
                        continue
                    }
                    // `timeout` and service managers signal the process and its group: that is one signal.
                    if ContinuousClock.now - before > .milliseconds(500) { admission.stopAll() }
                }
            }
            defer {
                tasks.cancelAll()
                configuration.removeSocket()
            }
            do {
                try await tasks.next()
            } catch let error as IOError {
                throw configuration.cannotListen(error)
            }
        }
    }

    public func run() async throws {
        try await run { _ in }
    }

    private static func isIgnored(_ number: Int32) -> Bool {
        let handler = signal(number, SIG_IGN)
        signal(number, handler)
        return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
}

/// The service that waits for the order to stop, and then for the searches to end.
private struct Draining: Service {
    let admission: Admission
    let seconds: Double
    let logger: Logger

    func run() async throws {
        try? await gracefulShutdown()
        admission.drain()
        logger.notice("Stopping", metadata: ["searches": "\(admission.running + admission.queued)"])
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [admission, seconds] in
                await admission.isStopped(within: seconds)
                admission.stopAll()
                // A search whose client takes nothing keeps its place; the HTTP side closes its connection.
                try? await Task.sleep(for: .milliseconds(250))
            }
            group.addTask { await admission.becomesIdle() }
            await group.next()
            group.cancelAll()
        }
    }
}
