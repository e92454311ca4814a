import Foundation
import SpecSearch
import Synchronization

/// The requests for one file: where its bytes are at the moment, and what to do when a request fails.
struct Transfer: Sendable {
    /// An answer whose status says no; it has been told apart already.
    private struct Refusal: Error {
        var response: HTTPResponse
    }

    let client: HubClient
    let file: HubFile
    let address: URL
    let partial: PartialFile
    let meter: ProgressMeter
    /// The last address of the redirects; it is signed for a while only.
    private let current: CurrentAddress

    private final class CurrentAddress: Sendable {
        let url = Mutex<URL?>(nil)
    }

    init(client: HubClient, file: HubFile, address: URL, partial: PartialFile, meter: ProgressMeter) {
        self.client = client
        self.file = file
        self.address = address
        self.partial = partial
        self.meter = meter
        current = CurrentAddress()
    }

    /// The file is not what was announced.
    var changed: SpecSearchError {
        SpecSearchError(
            .badChecksum, "\(file.name) is not what the hub announced: other bytes or another size.",
            remedy: "Pull again; it starts afresh.")
    }

    /// The connection ended early.
    var cut: TransportError {
        TransportError(isUnreachable: false, description: "\(address.host ?? "?"): the connection was cut")
    }

    /// One GET, through redirects; the closures see only the answer at their end, and only if it is 200 or 206.
    func get(
        _ headers: [String: String], onResponse: @escaping @Sendable (HTTPResponse) throws -> Void,
        onBytes: @escaping @Sendable (Data) throws -> Void
    ) async throws {
        let known = current.url.withLock { $0 }
        var url = known ?? address
        for _ in 0..<10 {
            let response: HTTPResponse
            do {
                response = try await client.http.send(
                    "GET", url, headers: headers.merging(client.headers(for: url)) { $1 },
                    onResponse: { response in
                        if response.redirect != nil { return }
                        guard response.status == 200 || response.status == 206 else {
                            throw Refusal(response: response)
                        }
                        try onResponse(response)
                    },
                    onBytes: onBytes)
            } catch let refusal as Refusal {
                // A signed address that has run out is asked for once more.
                if let known, url == known, (400..<500).contains(refusal.response.status),
                    ![408, 416, 429].contains(refusal.response.status)
                {
                    current.url.withLock { if $0 == known { $0 = nil } }
                    url = address
                    continue
                }
                throw refusal
            }
            guard let next = response.redirect else {
                current.url.withLock { $0 = url == address ? nil : url }
                return
            }
            url = next
        }
        throw TransportError(isUnreachable: false, description: "\(address.host ?? "?"): too many redirects")
    }

    /// Repeats a request until it succeeds, or has failed too often without progress.
    ///
    /// - Parameter position: How far the request has come.
    func repeated(position: @Sendable () -> Int64, _ request: @Sendable () async throws -> Void) async throws {
        var failures = 0
        var last = position()
        while true {
            try Task.checkCancellation()
            let error: SpecSearchError
            var requested: Duration?
            do {
                return try await request()
            } catch let refusal as Refusal {
                let response = refusal.response
                error = HubClient.error(response, what: file.name, token: client.environment.token != nil)
                guard RetryPolicy.isPassing(response.status) else { throw error }
                requested = RetryPolicy.requested(response.headers["retry-after"])
            } catch let failure as TransportError {
                try Task.checkCancellation()
                error = HubClient.error(failure)
            }
            // The signed address may be what fails.
            current.url.withLock { $0 = nil }
            let reached = position()
            failures = reached > last ? 1 : failures + 1
            last = reached
            guard let delay = client.retry.delay(failures: failures, requested: requested) else { throw error }
            meter.begin(.downloading, message: "\(error.message) Again in \(RetryPolicy.text(delay)).")
            try await client.retry.sleep(delay)
        }
    }
}
