/// How calls to servers are guarded: deadlines, retries, hedges, breakers.
///
/// ```swift
/// var policy = CallPolicy()
/// policy.retry.attempts = 5
/// let engine = try await RemoteEngine(target: target, policy: policy)
/// ```
public struct CallPolicy: Sendable, Hashable {
    /// The seconds of one try: this, and ``secondsPerToken`` for each token that may be generated.
    public var seconds = 30.0
    public var secondsPerToken = 0.1
    /// The seconds that a call waits while no replica may be asked at all, before it is given up.
    public var patience = 30.0
    /// How often, and after how long, a call is tried again.
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

    /// The seconds of one try that may generate `tokens`.
    package func deadline(tokens: Int) -> Double { seconds + secondsPerToken * Double(tokens) }
}

/// The counts of the calls to one group of replicas so far.
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

    public init() {}
}
