package import Foundation
import Synchronization

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// A failure below HTTP: no server, no route, or a connection that broke.
package struct TransportError: Error, Sendable, CustomStringConvertible {
    /// Whether not even the head of an answer came.
    package let isUnreachable: Bool
    /// What happened.
    package let description: String
}

/// The status line and the headers of an answer.
package struct HTTPResponse: Sendable {
    /// The address that was asked.
    package let url: URL
    /// The status, such as 206.
    package let status: Int
    /// The headers; their names in lower case.
    package let headers: [String: String]

    /// The address that the answer sends to; nil where it is no redirect.
    package var redirect: URL? {
        guard [301, 302, 303, 307, 308].contains(status), let location = headers["location"] else { return nil }
        return URL(string: location, relativeTo: url)?.absoluteURL
    }
}

/// A client that asks one question at a time per call, follows no redirects, and hands on bytes as they come.
///
/// Redirects are left to the caller, who knows which server may see a token.
package final class HTTPClient: Sendable {
    /// How long to wait for the head of an answer.
    private let headTimeout: Duration
    /// How long to wait for the next bytes.
    private let idleTimeout: Duration
    private let session: URLSession
    private let delegate = SessionDelegate()

    /// A client; sixteen connections to a server at most.
    package init(headTimeout: Duration = .seconds(30), idleTimeout: Duration = .seconds(60)) {
        self.headTimeout = headTimeout
        self.idleTimeout = idleTimeout
        let configuration = URLSessionConfiguration.ephemeral
        configuration.urlCache = nil
        configuration.requestCachePolicy = .reloadIgnoringLocalCacheData
        configuration.httpCookieStorage = nil
        configuration.httpShouldSetCookies = false
        configuration.httpMaximumConnectionsPerHost = 16
        // The timeouts are ours: Foundation's on Linux end the process when they fire late.
        configuration.timeoutIntervalForRequest = 86_400
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 1
        session = URLSession(configuration: configuration, delegate: delegate, delegateQueue: queue)
    }

    deinit { session.invalidateAndCancel() }

    /// Asks, and hands the answer on as it comes.
    ///
    /// - Parameters:
    ///   - patience: How long to wait for the head of the answer, if not as long as the client does.
    ///   - onResponse: Is given the head; what it throws ends the exchange and is thrown on.
    ///   - onBytes: Is given the parts of the body in order, never after this function has ended.
    /// - Returns: The head of the answer.
    /// - Throws: ``TransportError``, `CancellationError`, or what the closures throw.
    @discardableResult
    package func send(
        _ method: String, _ url: URL, headers: [String: String] = [:], patience: Duration? = nil,
        onResponse: @escaping @Sendable (HTTPResponse) throws -> Void = { _ in },
        onBytes: @escaping @Sendable (Data) throws -> Void = { _ in }
    ) async throws -> HTTPResponse {
        var request = URLRequest(url: url)
        request.httpMethod = method
        request.timeoutInterval = 86_400
        request.setValue("identity", forHTTPHeaderField: "Accept-Encoding")
        request.setValue("specsearch", forHTTPHeaderField: "User-Agent")
        for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
        let task = session.dataTask(with: request)
        let exchange = Exchange(url: url, onResponse: onResponse, onBytes: onBytes)
        delegate.register(exchange, task)
        let (headTimeout, idleTimeout) = (patience ?? headTimeout, idleTimeout)
        let watchdog = Task {
            while !Task.isCancelled {
                try await Task.sleep(for: .milliseconds(500))
                if exchange.expire(head: headTimeout, idle: idleTimeout) { task.cancel() }
            }
        }
        defer {
            watchdog.cancel()
            delegate.forget(task)
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                exchange.start(continuation)
                task.resume()
            }
        } onCancel: {
            exchange.finish(.failure(CancellationError()))
            task.cancel()
        }
    }

    /// The body of a GET, of at most `limit` bytes.
    package func body(
        _ url: URL, headers: [String: String] = [:], patience: Duration? = nil, limit: Int = 1 << 24
    ) async throws -> (response: HTTPResponse, body: Data) {
        let body = Mutex(Data())
        let response = try await send("GET", url, headers: headers, patience: patience, onResponse: { _ in }) { part in
            try body.withLock { body in
                guard body.count + part.count <= limit else {
                    throw TransportError(
                        isUnreachable: false, description: "the answer is longer than \(limit) bytes")
                }
                body.append(part)
            }
        }
        return (response, body.withLock { $0 })
    }
}

/// One question and its answer; all that happens to it happens under its lock.
private final class Exchange: Sendable {
    private struct State {
        var continuation: CheckedContinuation<HTTPResponse, any Error>?
        var response: HTTPResponse?
        var result: Result<HTTPResponse, any Error>?
        var lastActivity = ContinuousClock.now
    }

    private let url: URL
    private let onResponse: @Sendable (HTTPResponse) throws -> Void
    private let onBytes: @Sendable (Data) throws -> Void
    private let state = Mutex(State())

    init(
        url: URL, onResponse: @escaping @Sendable (HTTPResponse) throws -> Void,
        onBytes: @escaping @Sendable (Data) throws -> Void
    ) {
        self.url = url
        self.onResponse = onResponse
        self.onBytes = onBytes
    }

    func start(_ continuation: CheckedContinuation<HTTPResponse, any Error>) {
        state.withLock { state in
            if let result = state.result {
                continuation.resume(with: result)
            } else {
                state.continuation = continuation
            }
        }
    }

    func finish(_ result: Result<HTTPResponse, any Error>) {
        state.withLock { Self.finish(&$0, result) }
    }

    private static func finish(_ state: inout State, _ result: Result<HTTPResponse, any Error>) {
        guard state.result == nil else { return }
        state.result = result
        state.continuation?.resume(with: result)
        state.continuation = nil
    }

    /// Takes the head; false where the exchange is over.
    func receive(_ answer: HTTPURLResponse, isRedirect: Bool) -> Bool {
        state.withLock { state in
            guard state.result == nil else { return false }
            var headers: [String: String] = [:]
            for (name, value) in answer.allHeaderFields { headers["\(name)".lowercased()] = "\(value)" }
            let response = HTTPResponse(url: url, status: answer.statusCode, headers: headers)
            state.response = response
            state.lastActivity = .now
            do { try onResponse(response) } catch { Self.finish(&state, .failure(error)) }
            if isRedirect { Self.finish(&state, .success(response)) }
            return state.result == nil
        }
    }

    /// Takes a part of the body; false where the exchange is over.
    func receive(_ data: Data) -> Bool {
        state.withLock { state in
            guard state.result == nil else { return false }
            state.lastActivity = .now
            do { try onBytes(data) } catch { Self.finish(&state, .failure(error)) }
            return state.result == nil
        }
    }

    func complete(_ error: (any Error)?) {
        state.withLock { state in
            if let error {
                let failure = TransportError(
                    isUnreachable: state.response == nil, description: "\(url.host ?? "?"): \(Self.text(error))")
                Self.finish(&state, .failure(failure))
            } else if let response = state.response {
                Self.finish(&state, .success(response))
            } else {
                let failure = TransportError(
                    isUnreachable: true, description: "\(url.host ?? "?"): the connection closed without an answer")
                Self.finish(&state, .failure(failure))
            }
        }
    }

    /// Ends an exchange in which nothing has happened for too long; returns whether it did.
    func expire(head: Duration, idle: Duration) -> Bool {
        state.withLock { state in
            let limit = state.response == nil ? head : idle
            guard state.result == nil, state.lastActivity.duration(to: .now) > limit else { return false }
            let failure = TransportError(
                isUnreachable: state.response == nil,
                description: "\(url.host ?? "?"): nothing came for \(limit.components.seconds) s")
            Self.finish(&state, .failure(failure))
            return true
        }
    }

    private static func text(_ error: any Error) -> String {
        guard let error = error as? URLError else { return "\(error)" }
        return switch error.code {
        case .cannotFindHost, .dnsLookupFailed: "the name is not known"
        case .cannotConnectToHost: "no connection"
        case .notConnectedToInternet: "no network"
        case .networkConnectionLost: "the connection was lost"
        case .timedOut: "no answer in time"
        default: "\(error.localizedDescription) (\(error.code.rawValue))"
        }
    }
}

/// Hands the events of a session to the exchanges they belong to.
private final class SessionDelegate: NSObject, URLSessionDataDelegate, Sendable {
    private let exchanges = Mutex<[Int: Exchange]>([:])

    func register(_ exchange: Exchange, _ task: URLSessionTask) {
        exchanges.withLock { $0[task.taskIdentifier] = exchange }
    }

    func forget(_ task: URLSessionTask) {
        exchanges.withLock { $0[task.taskIdentifier] = nil }
    }

    private func exchange(_ task: URLSessionTask) -> Exchange? {
        exchanges.withLock { $0[task.taskIdentifier] }
    }

    func urlSession(
        _ session: URLSession, task: URLSessionTask, willPerformHTTPRedirection response: HTTPURLResponse,
        newRequest request: URLRequest, completionHandler: @escaping @Sendable (URLRequest?) -> Void
    ) {
        _ = exchange(task)?.receive(response, isRedirect: true)
        // The handler is not called: Foundation on Linux ends the process where a call and a cancellation cross.
        task.cancel()
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        let goesOn = (response as? HTTPURLResponse).map { exchange(dataTask)?.receive($0, isRedirect: false) ?? false }
        completionHandler(.allow)
        // Foundation on Linux does not know the disposition `cancel`.
        if goesOn != true { dataTask.cancel() }
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        if exchange(dataTask)?.receive(data) != true { dataTask.cancel() }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        exchange(task)?.complete(error)
    }
}
