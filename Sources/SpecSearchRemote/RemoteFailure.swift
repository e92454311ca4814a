public import SpecSearch

extension EngineError.Code {
    /// No server answered, for longer than a call may wait.
    public static let unavailable = EngineError.Code("unavailable")
    /// A server refused the key.
    public static let unauthorized = EngineError.Code("unauthorized")
    /// A server cannot do what its role in the search needs.
    public static let unsupported = EngineError.Code("unsupported")
}

/// One call to one server that gave nothing to use, and whether trying again can help.
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
        let told = ServerErrorBody.message(in: body).map { secret?.hidden(in: $0) ?? $0 }
        let message = "status \(code): \(told ?? text)"
        switch code {
        case 429, 503: return RemoteFailure(.overloaded, message, retryAfter: retryAfter)
        case 401, 403: return RemoteFailure(.unauthorized, message)
        case 408: return RemoteFailure(.timeout, message, retryAfter: retryAfter)
        case 500...: return RemoteFailure(.serverError, message, retryAfter: retryAfter)
        default:
            return RemoteFailure(ServerErrorBody.isContextOverflow(text) ? .contextOverflow : .rejected, message)
        }
    }

    /// The error that a user is shown where the call is given up.
    package func engineError(server: String) -> EngineError {
        switch kind {
        case .contextOverflow:
            EngineError(
                .contextOverflow, "\(server): \(message).", remedy: "Give the server a longer context, or ask less.")
        case .unauthorized:
            EngineError(.unauthorized, "\(server): \(message).", remedy: "Give its key as apiKey in the configuration.")
        case .rejected:
            EngineError(
                .badSetting, "\(server) refused the request: \(message).",
                remedy: "Check the model's name and the dialect; `specsearch doctor` says what the server can do.")
        default:
            EngineError(
                .unavailable, "\(server): \(message).",
                remedy: "Check that the server runs; `specsearch doctor` asks each of them.")
        }
    }
}
