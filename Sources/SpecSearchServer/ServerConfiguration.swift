package import SpecSearch

/// The settings of a server: what it allows, and where it listens.
public struct ServerConfiguration: Sendable {
    /// The most that one request, or one caller, may ask for.
    public struct Limits: Sendable {
        /// Bytes of a request's body.
        public var bodyBytes = 2 << 20
        /// Tokens of JSON or a call that is written after a search.
        public var answerTokens = 4096
        /// Messages of a chat.
        public var messages = 1000
        /// Prompts of one request.
        public var prompts = 32
        /// Answers to one problem.
        public var choices = 16
        /// Characters of a problem, all messages together.
        public var problemCharacters = 200_000
        /// Narrower ranges of a search's settings than ``SearchSetting/all`` has, by key; numbers only.
        ///
        /// A search that asks for no deadline has the upper bound of `deadline`, and no step has more tokens than that of
        /// `max-tokens`.
        public var settings: [String: ClosedRange<Double>] = [
            "beams": 1...32, "width": 1...64, "depth": 1...200, "iterations": 1...1000, "lookahead": 0...16,
            "draft-factor": 1...8, "draft-steps": 1...8, "exploration": 0...1000, "temperature": 0...2,
            "max-tokens": 1...4096,
            "deadline": 1e-3...600, "thought-budget": 1...1e9, "token-budget": 1...1e9,
        ]
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
    /// A path to listen on as a Unix domain socket, in place of ``host`` and ``port``.
    public var socketPath: String?
    /// Who may ask; without keys, whoever reaches the address.
    public var keys = KeyRing(keys: [])
    /// Whether to listen beyond this machine without keys.
    public var isInsecureAllowed = false
    public var limits = Limits()
    /// Names, beside this machine's own, under which a server without keys may be asked.
    ///
    /// Where it listens on this machine only, no others are answered: any name can be given the address 127.0.0.1. Where
    /// it is open to the network, all are, unless there are some here.
    public var allowedHosts: Set<String> = []
    /// Origins of other sites whose pages may use the API, such as `https://chat.example`; `*` for all.
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

    /// Whether only this machine can reach it.
    var isLocal: Bool { socketPath != nil || Authority(host.contains(":") ? "[\(host)]" : host)?.isLoopback ?? false }

    /// - Throws: ``SpecSearchError`` `badSetting` where the settings make no sense, or would open the server to the
    ///   network without a key.
    package func validate() throws(SpecSearchError) {
        guard !keys.hasEmptyKeys else {
            throw SpecSearchError(
                .badSetting, "One of the server's keys is empty, which would let everybody in.",
                remedy: "Give a key, or none at all.")
        }
        guard isLocal || !keys.isEmpty || isInsecureAllowed else {
            throw SpecSearchError(
                .badSetting, "The server would listen on \(host) without a key, for everybody.",
                remedy: "Set a key, listen on 127.0.0.1, or say --insecure.")
        }
        let rules: [(Bool, String)] = [
            (limits.runningSearches >= 1, "At least 1 search must be able to run."),
            (limits.queuedSearches >= 0, "The queue cannot be negative."),
            (limits.bodyBytes >= 1024, "Bodies of fewer than 1024 bytes hold no question."),
            ((0...1e9).contains(drainSeconds), "The time to drain is not negative, and at most 1e9 seconds."),
            ((0...1e9).contains(reconnectSeconds), "The time to come back is not negative, and at most 1e9 seconds."),
            (pingSeconds > 0 && pingSeconds <= 1e9, "The time between pings is more than 0, and at most 1e9 seconds."),
            ((1...1e9).contains(idleSeconds), "The time without requests is 1 to 1e9 seconds."),
            (
                writeSeconds > 0 && writeSeconds <= 1e9,
                "The time to take an answer is more than 0, and at most 1e9 seconds."
            ),
            (limits.answerTokens >= 1, "What is written after a search has at least 1 token."),
        ]
        for (holds, message) in rules where !holds { throw SpecSearchError(.badSetting, message) }
        if let origin = allowedOrigins.first(where: { $0 != "*" && Origin($0) == nil }) {
            throw SpecSearchError(
                .badSetting, "\"\(origin)\" is no origin, so no page would ever be allowed by it.",
                remedy: "Write it as browsers do, without a path: https://chat.example, or * for all.")
        }
        if let name = allowedHosts.first(where: { Authority($0) == nil }) {
            throw SpecSearchError(
                .badSetting, "\"\(name)\" is no host's name.", remedy: "Write it without scheme and path: box.example.")
        }
        for (key, range) in limits.settings {
            guard let whole = try SearchSetting.required(key).range, whole.contains(range.lowerBound) else {
                throw SpecSearchError(.badSetting, "\(key) cannot be limited to \(range.words).")
            }
        }
    }
}

extension ServerConfiguration.Limits {
    /// The numbers that a setting may have here; nil for one that takes none.
    func range(of setting: SearchSetting) -> ClosedRange<Double>? {
        setting.range.map { whole in settings[setting.key].map(whole.clamped) ?? whole }
    }

    /// Checks a value against this server's ranges.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming the setting.
    func check(_ value: SettingValue, for setting: SearchSetting) throws(SpecSearchError) {
        try setting.check(value)
        let number: Double? =
            switch value {
            case .integer(let integer): Double(integer)
            case .number(let number): number
            case .text, .flag: nil
            }
        guard let number, let range = range(of: setting), !range.contains(number) else { return }
        throw SpecSearchError(.badSetting, "\(setting.field) lies in \(range.words) on this server.")
    }
}

extension SearchSetting {
    /// The numbers that the setting takes; nil for one that takes none.
    var range: ClosedRange<Double>? {
        switch domain {
        case .integer(let range): Double(range.lowerBound)...Double(range.upperBound)
        case .number(let range): range
        case .choice, .flag, .text: nil
        }
    }
}

extension ClosedRange<Double> {
    /// The range for people.
    fileprivate var words: String { "\(lowerBound.formatted) ... \(upperBound.formatted)" }
}

extension Double {
    /// The number, a whole one without a fraction.
    var formatted: String { Int(exactly: self).map(String.init) ?? "\(self)" }
}
