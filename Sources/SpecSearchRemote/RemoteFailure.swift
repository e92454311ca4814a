package import SpecSearch

/// The failure of one request to one server, by which a pool decides whether trying again can help; callers are thrown
/// ``SpecSearchError`` in its place.
package struct RemoteFailure: Error, Sendable, Equatable, CustomStringConvertible {
    /// What went wrong; each kind may label a metric.
    package enum Kind: String, Sendable, CaseIterable {
        /// No connection, or one that broke.
        case connection
        /// No whole answer by the deadline.
        case timeout
        /// A status that asks to come back later (429, 503).
        case overloaded
        /// Another failure on the server's side.
        case serverError
        /// An answer that is cut, or is not what the dialect says.
        case malformed
        /// An error inside an answer of status 200.
        case reported
        /// A request that this server will never take (400, 404, 413, 422).
        case rejected
        /// The path is longer than the server's context.
        case contextOverflow
        /// The key is missing or wrong.
        case unauthorized
    }

    package let kind: Kind
    package let message: String
    /// The seconds that the server asked to wait.
    package var retryAfter: Double?

    package init(_ kind: Kind, _ message: String, retryAfter: Double? = nil) {
        self.kind = kind
        self.message = message
        self.retryAfter = retryAfter
    }

    package var description: String { message }

    /// Whether the same request may succeed at another time or another server.
    package var isRetryable: Bool {
        switch kind {
        case .connection, .timeout, .overloaded, .serverError, .malformed, .reported: true
        case .rejected, .contextOverflow, .unauthorized: false
        }
    }

    /// Whether it speaks against the server: a bad request or a full queue does not.
    package var indictsServer: Bool { isRetryable && kind != .overloaded }

    /// The same without a secret in its message.
    func hiding(_ secret: Secret?) -> RemoteFailure {
        guard let secret else { return self }
        return RemoteFailure(kind, secret.hidden(in: message), retryAfter: retryAfter)
    }

    /// The failure that an HTTP status other than 200 means.
    package static func status(
        _ code: Int, body: some Collection<UInt8>, retryAfter: Double?, hiding secret: Secret? = nil
    ) -> RemoteFailure {
        let whole = String(decoding: body, as: UTF8.self)
        // Before it is cut: half a key is no longer found.
        let text = String((secret?.hidden(in: whole) ?? whole).prefix(400))
        let reported = ServerErrorBody.message(in: body).map { secret?.hidden(in: $0) ?? $0 }
        let message = "status \(code): \(reported ?? text)"
        switch code {
        case 429, 503: return RemoteFailure(.overloaded, message, retryAfter: retryAfter)
        case 401, 403: return RemoteFailure(.unauthorized, message)
        case 408: return RemoteFailure(.timeout, message, retryAfter: retryAfter)
        case 500...: return RemoteFailure(.serverError, message, retryAfter: retryAfter)
        default:
            return RemoteFailure(ServerErrorBody.isContextOverflow(text) ? .contextOverflow : .rejected, message)
        }
    }
}

extension SpecSearchError {
    /// The error that a caller is thrown where a request is given up.
    package init(_ failure: RemoteFailure, from server: String) {
        let message = failure.message
        switch failure.kind {
        case .contextOverflow:
            self.init(
                .contextOverflow, "\(server): \(message).", remedy: "Give the server a longer context, or ask less.")
        case .unauthorized:
            self.init(.unauthorized, "\(server): \(message).", remedy: "Give its key as apiKey in the configuration.")
        case .rejected:
            self.init(
                .badSetting, "\(server) refused the request: \(message).",
                remedy: "Check the model's name and the dialect; `specsearch doctor` says what the server can do.")
        case .connection, .timeout, .overloaded, .serverError, .malformed, .reported:
            self.init(
                .unavailable, "\(server): \(message).",
                remedy: "Check that the server runs; `specsearch doctor` asks each of them.")
        }
    }
}
