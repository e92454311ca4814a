#if Server
    internal import ArgumentParser
    internal import Foundation
    internal import Logging
    internal import Metrics
    internal import SpecSearch
    internal import SpecSearchServer

    /// `specsearch serve`.
    struct ServeCommand: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "serve", abstract: "Serve searched answers over HTTP, as OpenAI's API does, with a live page.",
            discussion: """
                Point any OpenAI client at http://127.0.0.1:8080/v1, or a browser at http://127.0.0.1:8080/. Keys come from \
                --api-key, --api-key-file and SPECSEARCH_API_KEY; without one, only this machine may ask. SIGTERM lets \
                running searches end.
                """)

        @Option(help: "The address to listen on.")
        var host = "127.0.0.1"

        @Option(help: "The port; 0 takes a free one.")
        var port = 8080

        @Option(help: ArgumentHelp("A Unix domain socket to listen on, in place of host and port.", valueName: "path"))
        var unixSocket: String?

        @Option(help: ArgumentHelp("A key that lets in; may be given several times.", valueName: "key"))
        var apiKey: [String] = []

        @Option(help: ArgumentHelp("A file of keys, one a line.", valueName: "file"))
        var apiKeyFile: String?

        @Flag(help: "Listen beyond this machine without a key.")
        var insecure = false

        @Option(help: "Searches that run at the same time.")
        var concurrency = 4

        @Option(help: "Searches that wait for their turn; more are refused.")
        var queue = 64

        @Option(help: ArgumentHelp("Searches of one key, waiting ones included.", valueName: "n"))
        var perKey: Int?

        @Option(help: ArgumentHelp("The most bytes of a request.", valueName: "bytes"))
        var maxBody = 2 << 20

        @Option(help: ArgumentHelp("How long searches may go on after SIGTERM.", valueName: "seconds"))
        var drain = 30.0

        @Option(
            help: ArgumentHelp(
                "Another origin whose pages may ask, such as https://chat.example, or * for all; may be given several times.",
                valueName: "origin"))
        var corsOrigin: [String] = []

        @Option(
            help: ArgumentHelp(
                "A name beside localhost under which a server without a key may be asked; may be given several times.",
                valueName: "name"))
        var allowHost: [String] = []

        @Flag(help: "Write problems into the log.")
        var logProblems = false

        @Flag(name: .shortAndLong, help: "Log warnings and errors only.")
        var quiet = false

        @Option(setting: "method")
        var method: String?

        @OptionGroup(title: "Search, where a request does not say")
        var search: SearchArguments

        @OptionGroup
        var models: ModelArguments

        func validate() throws {
            guard (0...65_535).contains(port) else { throw ValidationError("--port lies in 0 ... 65535.") }
            guard (1...1 << 16).contains(concurrency), (0...1 << 20).contains(queue), perKey ?? 1 >= 1 else {
                throw ValidationError("--concurrency and --per-key are at least 1, --queue at least 0.")
            }
            guard (1024...1 << 40).contains(maxBody) else {
                throw ValidationError("--max-body lies in 1024 ... \(1 << 40).")
            }
            guard (0...31_536_000).contains(drain) else {
                throw ValidationError("--drain lies in 0 ... 31536000 seconds.")
            }
            _ = try search.configuration(method)
        }

        func run() async throws {
            let metrics = SearchServer.makeMetrics()
            MetricsSystem.bootstrap(metrics)
            LoggingSystem.bootstrap { StreamLogHandler.standardError(label: $0) }
            var logger = Logger(label: "specsearch")
            logger.logLevel = quiet ? .warning : .info
            Self.raiseFileLimit()
            let configuration = try configuration()
            try await configuration.checkAddress()
            let engine = try await models.engine(Terminal(quiet: quiet), for: method)
            let defaults = try search.configuration(method, for: engine)
            // A server whose every answer would be an error is not started.
            _ = try Search(engine, configuration: defaults)
            let model = ServedModel(id: engine.defaults.name, engine: engine, defaults: defaults)
            let server = try SearchServer(model: model, configuration: configuration, metrics: metrics, logger: logger)
            let host = host.contains(":") ? "[\(host)]" : host
            try await server.run { [unixSocket] port in
                if let unixSocket {
                    return Terminal.say("Serving \(model.id) at \(unixSocket) (API: http://localhost/v1)")
                }
                Terminal.say("Serving \(model.id) at http://\(host):\(port)/ (API: http://\(host):\(port)/v1)")
            }
        }

        private func configuration() throws -> ServerConfiguration {
            var configuration = ServerConfiguration()
            configuration.host = host
            configuration.port = port
            configuration.socketPath = unixSocket
            configuration.keys = KeyRing(keys: try keys())
            configuration.isInsecureAllowed = insecure
            configuration.limits.bodyBytes = maxBody
            configuration.limits.runningSearches = concurrency
            configuration.limits.queuedSearches = queue
            configuration.limits.searchesPerKey = perKey
            configuration.drainSeconds = drain
            configuration.allowedOrigins = Set(corsOrigin)
            configuration.allowedHosts = Set(allowHost)
            configuration.logsProblems = logProblems
            return configuration
        }

        private func keys() throws -> [String] {
            var keys = apiKey
            if let apiKeyFile {
                guard let data = FileManager.default.contents(atPath: apiKeyFile) else {
                    throw SpecSearchError(
                        .badSetting, "The keys \(apiKeyFile) cannot be read.", remedy: "Is the file there?")
                }
                let found = String(decoding: data, as: UTF8.self).split(whereSeparator: \.isNewline)
                    .map { $0.trimmingCharacters(in: .whitespaces) }
                    .filter { !$0.isEmpty && !$0.hasPrefix("#") }
                guard !found.isEmpty else {
                    throw SpecSearchError(
                        .badSetting, "There is no key in \(apiKeyFile).",
                        remedy: "Write one on a line, or leave the file out.")
                }
                keys += found
            }
            if let listed = ProcessInfo.processInfo.environment["SPECSEARCH_API_KEY"] {
                let found = listed.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
                    .filter { !$0.isEmpty }
                guard !found.isEmpty else {
                    throw SpecSearchError(
                        .badSetting, "SPECSEARCH_API_KEY is set, and there is no key in it.",
                        remedy: "Give one, or unset it.")
                }
                keys += found
            }
            return keys
        }

        /// Every connection is a file, and many systems allow a process only 1024 unless it asks for more.
        private static func raiseFileLimit() {
            var limit = rlimit()
            guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
            limit.rlim_cur = limit.rlim_max
            _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        }
    }
#endif
