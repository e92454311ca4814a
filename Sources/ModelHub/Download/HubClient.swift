package import Foundation
package import SpecSearch
import Synchronization

/// What the hub says about a file before its bytes come.
package struct HubFileInfo: Sendable, Hashable {
    /// The commit that the revision is at the moment.
    package var commit: String?
    /// The name of the bytes: the SHA-256 for large files, the SHA-1 of git for small ones.
    package var etag: String
    /// The size in bytes.
    package var size: Int64
    /// Where the bytes are.
    package var address: URL
}

/// Asks the hub about files; the token is shown to the hub and to nobody else.
package struct HubClient: Sendable {
    let environment: HubEnvironment
    let http: HTTPClient
    package let retry: RetryPolicy

    package init(environment: HubEnvironment, http: HTTPClient = HTTPClient(), retry: RetryPolicy = RetryPolicy()) {
        self.environment = environment
        self.http = http
        self.retry = retry
    }

    /// The address of a file.
    package func address(_ file: HubFile, revision: String) throws(SpecSearchError) -> URL {
        let path = file.path.split(separator: "/").map { Self.escape($0) }.joined(separator: "/")
        return try url("/\(file.repository)/resolve/\(Self.escape(revision))/\(path)")
    }

    private func url(_ path: String) throws(SpecSearchError) -> URL {
        guard ["http", "https"].contains(environment.endpoint.scheme ?? ""),
            let url = URL(string: environment.endpoint.absoluteString + path)
        else {
            throw SpecSearchError(
                .badSetting, "The hub's address \(environment.endpoint.absoluteString) is not one.",
                remedy: "HF_ENDPOINT names it; set it to something like https://huggingface.co, or unset it.")
        }
        return url
    }

    private static func escape(_ text: some StringProtocol) -> String {
        let plain = CharacterSet(charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
        return String(text).addingPercentEncoding(withAllowedCharacters: plain) ?? String(text)
    }

    /// The headers that a server may see: the token only if it is the hub itself.
    package func headers(for url: URL) -> [String: String] {
        func port(_ url: URL) -> Int? { url.port ?? (url.scheme == "https" ? 443 : 80) }
        let hub = environment.endpoint
        guard let token = environment.token, url.scheme == hub.scheme, url.host?.lowercased() == hub.host?.lowercased(),
            port(url) == port(hub)
        else { return [:] }
        return ["Authorization": "Bearer \(token)"]
    }

    /// Asks about a file; follows redirects until the name of its bytes is known.
    ///
    /// - Throws: ``SpecSearchError`` `unavailable`, `unauthorized`, `notFound`; `CancellationError`.
    package func info(_ file: HubFile, meter: ProgressMeter? = nil) async throws -> HubFileInfo {
        let first = try address(file, revision: file.revision)
        let response = try await repeated(first, what: file.name, meter: meter) {
            try await follow("HEAD", first, until: { $0.headers["x-linked-etag"] != nil })
        }
        let headers = response.headers
        let etag = Self.etag(headers["x-linked-etag"] ?? headers["etag"])
        let size = Int64(headers["x-linked-size"] ?? headers["content-length"] ?? "")
        guard let etag, Names.isBlobName(etag), let size, (0...ModelFile.mostBytes).contains(size) else {
            throw SpecSearchError(
                .unavailable, "\(first.host ?? "The server") does not say what \(file.path) is.",
                remedy: "Check that HF_ENDPOINT is a hub: it has to answer with an ETag and a size.")
        }
        let commit = headers["x-repo-commit"].flatMap { Names.isBlobName($0) ? $0 : nil }
        let address = try commit.map { try self.address(file, revision: $0) } ?? first
        return HubFileInfo(commit: commit, etag: etag, size: size, address: address)
    }

    /// The text of an ETag, without its quotation marks and the mark for weak ones.
    static func etag(_ header: String?) -> String? {
        header.map { $0.replacing("W/", with: "").trimmingCharacters(in: CharacterSet(charactersIn: "\" ")) }
    }

    /// Asks, and follows redirects by hand; what earlier answers said of the file is kept.
    private func follow(
        _ method: String, _ url: URL, until isEnough: (HTTPResponse) -> Bool
    ) async throws -> HTTPResponse {
        var url = url
        var known: [String: String] = [:]
        for _ in 0..<10 {
            let response = try await http.send(
                method, url, headers: headers(for: url), patience: environment.patience)
            for name in ["x-repo-commit", "x-linked-etag", "x-linked-size"] where known[name] == nil {
                known[name] = response.headers[name]
            }
            let merged = HTTPResponse(
                url: url, status: response.status, headers: response.headers.merging(known) { $1 })
            guard let next = response.redirect, !isEnough(merged) else { return merged }
            url = next
        }
        throw TransportError(isUnreachable: false, description: "\(url.host ?? "?"): too many redirects")
    }

    /// The paths of a repository's files.
    package func files(_ repository: String, revision: String, meter: ProgressMeter? = nil) async throws -> [String] {
        struct Entry: Decodable {
            var type: String
            var path: String
        }
        var next: URL? = try url("/api/models/\(repository)/tree/\(Self.escape(revision))?recursive=true")
        var paths: [String] = []
        for _ in 0..<100 {
            guard let page = next else { break }
            let body = Mutex(Data())
            let response = try await repeated(page, what: repository, meter: meter) {
                var url = page
                for _ in 0..<10 {
                    let (response, data) = try await http.body(
                        url, headers: headers(for: url), patience: environment.patience)
                    body.withLock { $0 = data }
                    guard let redirect = response.redirect else { return response }
                    url = redirect
                }
                throw TransportError(isUnreachable: false, description: "\(page.host ?? "?"): too many redirects")
            }
            guard let entries = try? JSONDecoder().decode([Entry].self, from: body.withLock { $0 }) else {
                throw SpecSearchError(
                    .unavailable, "\(page.host ?? "The server") does not list the files of \(repository).",
                    remedy: "Check that HF_ENDPOINT is a hub, or name the file: hf:\(repository)/FILE.")
            }
            paths += entries.filter { $0.type == "file" && Names.isPath($0.path) }.map(\.path)
            next = response.headers["link"].flatMap { Self.nextPage($0, after: page) }
        }
        return paths
    }

    private static func nextPage(_ header: String, after url: URL) -> URL? {
        guard let match = header.firstMatch(of: #/<([^>]+)>\s*;\s*rel="?next"?/#) else { return nil }
        return URL(string: String(match.1), relativeTo: url)?.absoluteURL
    }

    /// Asks until there is an answer that will not be another one soon.
    ///
    /// A server that cannot be reached is asked twice only, since there may be other sources.
    private func repeated(
        _ url: URL, what: String, meter: ProgressMeter?, _ ask: () async throws -> HTTPResponse
    ) async throws -> HTTPResponse {
        var failures = 0
        var isUnreached = false
        while true {
            try Task.checkCancellation()
            let answer: Result<HTTPResponse, TransportError>
            do { answer = .success(try await ask()) } catch let failure as TransportError { answer = .failure(failure) }
            let error: SpecSearchError
            var requested: Duration?
            switch answer {
            case .success(let response):
                if (200..<400).contains(response.status) { return response }
                error = Self.error(response, what: what, token: environment.token != nil)
                guard RetryPolicy.isPassing(response.status) else { throw error }
                requested = RetryPolicy.requested(response.headers["retry-after"])
                failures += 1
            case .failure(let failure):
                error = Self.error(failure)
                guard !(failure.isUnreachable && isUnreached) else { throw error }
                isUnreached = failure.isUnreachable
                failures += 1
            }
            guard let delay = retry.delay(failures: failures, requested: requested) else { throw error }
            meter?.begin(.waiting, message: "\(error.message) Again in \(RetryPolicy.text(delay)).")
            try await retry.sleep(delay)
        }
    }

    /// The error of a connection.
    static func error(_ failure: TransportError) -> SpecSearchError {
        SpecSearchError(
            .unavailable, failure.isUnreachable ? "Not reached: \(failure)." : "Broken off: \(failure).",
            remedy: "Check the network (HF_ENDPOINT names another hub); the next pull goes on where this one stopped.")
    }

    /// The error of a status.
    static func error(_ response: HTTPResponse, what: String, token: Bool) -> SpecSearchError {
        let host = response.url.host ?? "the hub"
        let said = response.headers["x-error-message"].map { " It says: \($0.prefix(200))" } ?? ""
        let code = response.headers["x-error-code"] ?? ""
        let tokenRemedy =
            token
            ? "Check the token in HF_TOKEN, and the name: private repositories look the same as missing ones."
            : "Set HF_TOKEN to a token of yours if it is private, and check the name: "
                + "private repositories look the same as missing ones."
        return switch response.status {
        case 401 where code == "GatedRepo", 403:
            SpecSearchError(
                .unauthorized, "\(host) does not give out \(what) (\(response.status)).\(said)",
                remedy: "Accept its licence on its page at the hub with your account, and set HF_TOKEN to a token of "
                    + "that account.")
        case 401:
            SpecSearchError(.unauthorized, "\(host) asks who wants \(what) (401).\(said)", remedy: tokenRemedy)
        case 404, 410:
            SpecSearchError(
                .notFound, "\(host) does not have \(what) (\(response.status)).\(said)",
                remedy: "Check the names of repository, revision and file on the hub's page.")
        case 416:
            SpecSearchError(
                .badChecksum, "At \(host), \(what) has another size than announced (416).",
                remedy: "Pull again: it starts afresh.")
        case 429:
            SpecSearchError(
                .unavailable, "\(host) has been asked too often (429).",
                remedy: "Pull again later; it goes on where it stopped. With HF_TOKEN the hub allows more.")
        default:
            SpecSearchError(
                .unavailable, "\(host) answers \(response.status) for \(what).\(said)",
                remedy: "Pull again later; it goes on where it stopped.")
        }
    }
}
