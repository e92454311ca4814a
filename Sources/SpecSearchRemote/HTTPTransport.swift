internal import AsyncHTTPClient
package import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import SpecSearch

/// One HTTP exchange: the only place of this library that touches the network.
package struct HTTPTransport: Sendable {
    /// Lives as long as the process: a client keeps connections for all engines, and must not be dropped while in use.
    private static let client: HTTPClient = {
        var configuration = HTTPClient.Configuration()
        configuration.timeout.connect = .seconds(5)
        configuration.redirectConfiguration = .disallow
        configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 512
        configuration.connectionPool.retryConnectionEstablishment = false
        return HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
    }()

    package init() {}

    /// Sends a request and reads the whole answer.
    ///
    /// - Parameters:
    ///   - secret: What no error may repeat.
    ///   - seconds: The time for everything, connecting and reading included.
    ///   - limit: The most bytes that the answer may have.
    /// - Returns: The body of an answer of status 200.
    /// - Throws: ``RemoteFailure``, or `CancellationError`; either way the connection is closed or free.
    package func send(
        _ request: WireRequest, to base: String, headers: [(String, String)], secret: Secret?, seconds: Double,
        limit: Int
    ) async throws -> Data {
        try await withThrowingTaskGroup(of: Data.self) { group in
            group.addTask {
                try await Self.exchange(request, base: base, headers: headers, secret: secret, limit: limit)
            }
            group.addTask {
                try await Task.sleep(for: Duration(boundedSeconds: seconds))
                throw RemoteFailure(.timeout, "no whole answer within \(String(format: "%.3g", seconds)) s")
            }
            defer { group.cancelAll() }
            guard let data = try await group.next() else { throw CancellationError() }
            return data
        }
    }

    private static func exchange(
        _ request: WireRequest, base: String, headers: [(String, String)], secret: Secret?, limit: Int
    ) async throws -> Data {
        var wire = HTTPClientRequest(url: base + request.path)
        for (name, value) in headers { wire.headers.add(name: name, value: value) }
        if let body = request.body {
            wire.method = .POST
            wire.headers.replaceOrAdd(name: "Content-Type", value: "application/json")
            wire.body = .bytes(body.bytes, length: .known(Int64(body.bytes.count)))
        }
        do {
            // The deadline that counts is the caller's: this one ends with the head of the answer.
            let response = try await client.execute(wire, timeout: .hours(24))
            var bytes: [UInt8] = []
            if let length = response.headers.first(name: "Content-Length").flatMap(Int.init) {
                guard length <= limit else {
                    throw RemoteFailure(.malformed, "an answer of \(length) bytes, over the limit of \(limit)")
                }
                bytes.reserveCapacity(length)
            }
            for try await part in response.body {
                guard bytes.count + part.readableBytes <= limit else {
                    throw RemoteFailure(.malformed, "an answer of over \(limit) bytes")
                }
                bytes.append(contentsOf: part.readableBytesView)
            }
            guard response.status == .ok else {
                throw RemoteFailure.status(
                    Int(response.status.code), body: bytes,
                    retryAfter: response.headers.first(name: "Retry-After").flatMap(Double.init), hiding: secret)
            }
            return Data(bytes)
        } catch let failure as RemoteFailure {
            throw failure
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            try Task.checkCancellation()
            if let error = error as? HTTPClientError, error == .cancelled { throw CancellationError() }
            if let error = error as? HTTPClientError, error == .connectTimeout {
                throw RemoteFailure(.timeout, "no connection within 5 s")
            }
            throw RemoteFailure(.connection, "\(Self.brief(error))")
        }
    }

    private static func brief(_ error: any Error) -> String {
        if let error = error as? HTTPClientError { return error.shortDescription }
        if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
        if error is HTTPParserError { return "an answer that is not HTTP" }
        return String(describing: error).prefix(120).description
    }
}
