internal import Foundation
internal import SpecSearch

/// A secret that no description, log or error shows.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// A text without the secret: some servers repeat the key that they refuse.
    package func hidden(in text: String) -> String {
        value.isEmpty ? text : text.replacingOccurrences(of: value, with: description)
    }
}

/// The servers that hold one model: replicas with the same model, the same dialect and the same key.
public struct BackendGroup: Sendable, Hashable {
    /// The replicas' base URLs, such as `http://127.0.0.1:8000`.
    public var urls: [String]
    /// Their language.
    public var dialect: Dialect
    /// The model's name, where a server has several.
    public var model: String?
    /// The key that is sent as a bearer token.
    public var apiKey: Secret?
    /// Calls (llama-server: sequences) that each replica gets at once; nil to adapt (llama-server: to ask for its slots).
    public var concurrency: Int?
    /// The header that carries a search's routing key to a router in front of the replicas.
    public var routingHeader = "X-Session-Id"
    /// The prompt with `{problem}` in it, or `server` for the chat template of the server's model.
    public var template = "{problem}\n\n"
    /// Whether the model's tokenizer begins a text with a token of its own.
    public var addsBeginToken = true

    public init(urls: [String], dialect: Dialect, model: String? = nil, apiKey: Secret? = nil) {
        self.urls = urls
        self.dialect = dialect
        self.model = model
        self.apiKey = apiKey
    }
}

/// How calls to servers are guarded.
public struct CallPolicy: Sendable, Hashable {
    /// The seconds of one try: this, and ``secondsPerToken`` for each token that may be written.
    public var seconds = 30.0
    public var secondsPerToken = 0.1
    /// The seconds that a call waits while no replica may be asked at all, before it is given up.
    public var patience = 30.0
    public var retry = RetryPolicy()
    /// Retries for each call, over ten seconds; a few are always allowed.
    public var retryShare = 0.2
    /// Second requests to another replica for each call, over ten seconds; 0 for none.
    public var hedgeShare = 0.05
    /// The soonest, in seconds, that another replica is asked too.
    public var soonestHedge = 0.2
    /// The first pause of a failed replica, and the longest, in seconds.
    public var breakerPause = 5.0
    public var longestBreakerPause = 60.0
    /// The largest answer, in bytes.
    public var largestAnswer = 32 << 20

    public init() {}

    package var breaker: CircuitBreaker.Configuration {
        var configuration = CircuitBreaker.Configuration()
        configuration.pause = breakerPause
        configuration.longestPause = longestBreakerPause
        return configuration
    }

    /// The seconds of one try that may write `tokens`.
    package func deadline(tokens: Int) -> Double { seconds + secondsPerToken * Double(tokens) }
}

/// What the calls to one group of replicas came to.
public struct CallStatistics: Sendable, Hashable, Codable {
    /// Calls asked for.
    public var calls = 0
    /// Requests sent, retries and hedges included.
    public var requests = 0
    public var retries = 0
    public var hedges = 0
    /// Hedges that answered first.
    public var hedgesWon = 0
    /// Requests that failed, by kind.
    public var failures: [String: Int] = [:]
    /// Times that a breaker opened.
    public var breakerOpenings = 0
}
