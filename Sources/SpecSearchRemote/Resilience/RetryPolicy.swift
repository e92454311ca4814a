/// How often, and after how long, a call is tried again.
///
/// Exponential backoff with full jitter (M. Brooker, "Exponential Backoff and Jitter", 2015).
public struct RetryPolicy: Sendable, Hashable {
    /// Tries of one call, the first included.
    public var attempts = 3
    /// The longest first pause, in seconds; it doubles with each try.
    public var base = 0.25
    /// The longest pause, in seconds.
    public var cap = 8.0
    /// The longest `Retry-After` that is waited for, in seconds; a longer one counts as this.
    public var longestRetryAfter = 30.0

    public init() {}

    /// The pause before the next try, in seconds.
    ///
    /// - Parameters:
    ///   - attempt: Tries so far, from 1.
    ///   - uniform: A random number in 0 ..< 1.
    ///   - retryAfter: What the server asked for.
    package func pause(after attempt: Int, uniform: Double, retryAfter: Double? = nil) -> Double {
        let jittered = min(cap, base * Double(1 << min(attempt - 1, 20))) * uniform
        guard let retryAfter, retryAfter.isFinite, retryAfter > 0 else { return jittered }
        return max(jittered, min(retryAfter, longestRetryAfter))
    }
}

/// The tries of one call so far: a value that decides what follows a failed one.
package struct CallAttempts: Sendable {
    /// What follows a failed try.
    package enum Decision: Sendable, Hashable {
        case giveUp
        /// Another try, after so many seconds.
        case retry(after: Double)
    }

    private let policy: RetryPolicy
    private let replicaCount: Int
    private var count = 1
    /// Replicas that the next try is to avoid.
    package private(set) var excluded: Set<Int> = []

    package init(_ policy: RetryPolicy, replicaCount: Int) {
        self.policy = policy
        self.replicaCount = replicaCount
    }

    /// Decides after a failure.
    ///
    /// The budget keeps retries from burying a struggling server. Moving to another replica because this one is gone
    /// buries nobody, and has to work for everything that was under way, so it does not count.
    ///
    /// - Parameters:
    ///   - replica: The replica that failed.
    ///   - uniform: A random number in 0 ..< 1.
    ///   - takeBudget: Takes one retry from the budget, if there is room for it.
    package mutating func next(
        after failure: RemoteFailure, of replica: Int, uniform: Double, takeBudget: () -> Bool
    ) -> Decision {
        let hasOthers = replicaCount > 1
        let isFailover = failure.kind == .connection && hasOthers
        guard failure.isRetryable, count < policy.attempts, isFailover || takeBudget() else { return .giveUp }
        excluded.insert(replica)
        if excluded.count == replicaCount { excluded = [replica] }
        defer { count += 1 }
        // Another replica is asked at once; the same one after a pause.
        guard !hasOthers || count > 1 || failure.kind == .overloaded else { return .retry(after: 0) }
        return .retry(
            after: policy.pause(after: count, uniform: uniform, retryAfter: hasOthers ? nil : failure.retryAfter))
    }
}
