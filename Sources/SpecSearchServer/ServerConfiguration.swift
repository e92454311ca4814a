/// What a server allows, and where it listens.
public struct ServerConfiguration: Sendable {
    /// The most that one request, or one caller, may ask for.
    public struct Limits: Sendable {
        /// Bytes of a request's body.
        public var bodyBytes = 2 << 20
        /// Messages of a chat.
        public var messages = 1000
        /// Characters of a problem, all messages together.
        public var problemCharacters = 200_000
        /// Paths side by side.
        public var beams = 32
        /// Thoughts for each of them at every step.
        public var width = 64
        /// Steps of a path.
        public var depth = 200
        /// Iterations of Monte Carlo tree search.
        public var iterations = 1000
        /// Tokens of a step.
        public var stepTokens = 4096
        /// Seconds of a search; one that asks for no deadline has this one.
        public var seconds = 600.0
        /// Searches that run at the same time.
        public var runningSearches = 4
        /// Searches that wait for one to end.
        public var queuedSearches = 64
        /// Searches of one key, waiting ones included; nil for no limit beside the others.
        public var searchesPerKey: Int?
        /// Finished searches of the page that are kept for replay.
        public var keptSearches = 16

        public init() {}
    }

    /// The address to listen on.
    public var host = "127.0.0.1"
    /// The port; 0 takes a free one.
    public var port = 8080
    /// Who may ask; without keys, whoever reaches the address.
    public var keys = KeyRing(keys: [])
    /// Whether to listen beyond this machine without keys.
    public var isInsecureAllowed = false
    public var limits = Limits()
    /// Web pages of other origins that may use the API.
    public var allowedOrigins: Set<String> = []
    /// Whether problems may stand in the log.
    public var logsProblems = false
    /// How long searches may go on after the order to stop.
    public var drainSeconds = 30.0
    /// How long a search of the page goes on when nobody watches.
    public var reconnectSeconds = 10.0
    /// How often a silent stream says that it is alive.
    public var pingSeconds = 10.0
    /// Seconds after which a connection that sends nothing is closed.
    public var idleSeconds = 60.0
    /// Seconds after which a connection is closed whose client takes nothing of the answer that waits for it.
    public var writeSeconds = 30.0

    public init() {}

    /// - Throws: ``ServerError`` where the settings would open the server to the network without a key.
    func validate() throws {
        let isLocal = ["127.0.0.1", "::1", "localhost"].contains(host)
        guard isLocal || !keys.isEmpty || isInsecureAllowed else {
            throw ServerError(
                "The server would listen on \(host) without a key, for everybody.",
                remedy: "Set a key, listen on 127.0.0.1, or say --insecure.")
        }
        let rules: [(Bool, String)] = [
            (limits.runningSearches >= 1, "At least 1 search must be able to run."),
            (limits.queuedSearches >= 0, "The queue cannot be negative."),
            (limits.bodyBytes >= 1024, "Bodies of fewer than 1024 bytes hold no question."),
            (drainSeconds >= 0 && drainSeconds.isFinite, "The time to drain is not negative."),
            (pingSeconds > 0 && pingSeconds.isFinite, "The time between pings is more than 0."),
            (writeSeconds > 0 && writeSeconds <= 1e9, "The time to take an answer is more than 0 seconds."),
            (limits.seconds > 0 && limits.seconds <= 1e9, "The deadline is more than 0 seconds."),
        ]
        for (holds, message) in rules where !holds { throw ServerError(message, remedy: "") }
    }
}

/// A server that cannot be started, and what to do about it.
public struct ServerError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public let remedy: String

    public init(_ message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    public var description: String { remedy.isEmpty ? message : "\(message) \(remedy)" }
}
