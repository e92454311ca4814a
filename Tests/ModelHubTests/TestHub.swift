import Checksums
import Foundation
import ModelHub
import Synchronization

/// A hub on loopback with files in memory, and the faults that a test asks for.
final class TestHub: Sendable {
    /// How the hub behaves.
    struct Behaviour: Sendable {
        /// The files by repository and path.
        var files: [String: [String: [UInt8]]] = [:]
        /// The commit of every repository.
        var commit = String(repeating: "c", count: 40)
        /// The host to which downloads are sent; nil for no redirect.
        var redirectHost: String?
        /// Whether the server knows ranges.
        var knowsRanges = true
        /// The next answers to a GET of bytes; 0 for a right one.
        var statuses: [Int] = []
        /// The same for all of HEAD, list and GET that follow.
        var refusal: Int?
        /// Headers of refusals.
        var refusalHeaders: [String: String] = [:]
        /// How many bytes of the body of the next downloads are sent before the connection is cut.
        var cuts: [Int] = []
        /// After how many bytes every download is cut.
        var cutAlways: Int?
        /// Changes the bytes on their way.
        var damages = false
        /// The files are small ones that git has itself.
        var isGit = false
        /// Repositories that have a new name.
        var renamed: [String: String] = [:]
        /// How many files a page of the list has.
        var page = 1000
        /// Makes a download wait.
        var pause: (after: Int, wait: @Sendable () -> Void)?
    }

    private final class Holder: Sendable {
        let behaviour = Mutex(Behaviour())
        let port = Mutex<UInt16>(0)
    }

    private let holder = Holder()
    let server: LoopbackServer

    init(_ files: [String: [String: [UInt8]]] = [:]) throws {
        let holder = holder
        server = try LoopbackServer { request in
            let port = holder.port.withLock { $0 }
            return holder.behaviour.withLock { Self.answer(request, &$0, port: port) }
        }
        holder.port.withLock { $0 = server.port }
        holder.behaviour.withLock { $0.files = files }
    }

    /// Changes how the hub behaves.
    func change(_ body: (inout Behaviour) -> Void) { holder.behaviour.withLock { body(&$0) } }

    var endpoint: String { "http://127.0.0.1:\(server.port)" }

    /// The ranges of bytes that were asked for, by the first byte.
    var ranges: [Range<Int>] {
        server.requests.filter { $0.method == "GET" }.compactMap { $0.range(of: .max) }
            .sorted { $0.lowerBound < $1.lowerBound }
    }

    static func hash(_ bytes: [UInt8]) -> String { SHA256.hexadecimal(SHA256.hash(bytes)) }

    private static func answer(
        _ request: LoopbackServer.Request, _ hub: inout Behaviour, port: UInt16
    ) -> LoopbackServer.Reply {
        if let refusal = hub.refusal { return .init(status: refusal, headers: hub.refusalHeaders) }
        let path = request.path.split(separator: "?")[0].split(separator: "/").map(String.init)
        if path.first == "api" { return list(request, hub, path) }
        if path.first == "cdn", path.count == 2 {
            guard let bytes = hub.files.values.flatMap(\.values).first(where: { hash($0) == path[1] }) else {
                return .init(status: 404)
            }
            return download(request, &hub, bytes, [:])
        }
        guard path.count >= 5, path[2] == "resolve" else { return .init(status: 404) }
        let repository = "\(path[0])/\(path[1])"
        if let name = hub.renamed[repository] {
            return .init(status: 307, headers: ["Location": "/\(name)/\(path[2...].joined(separator: "/"))"])
        }
        let file = path[4...].joined(separator: "/")
        guard let bytes = hub.files[repository]?[file] else {
            return .init(status: 404, headers: ["X-Error-Code": "EntryNotFound"])
        }
        let etag = hub.isGit ? String(hash(bytes).prefix(40)) : hash(bytes)
        var headers = ["X-Repo-Commit": hub.commit, "ETag": "\"\(etag)\""]
        if !hub.isGit {
            headers["X-Linked-Etag"] = "\"\(etag)\""
            headers["X-Linked-Size"] = "\(bytes.count)"
        }
        if let host = hub.redirectHost {
            headers["Location"] = "http://\(host):\(port)/cdn/\(etag)"
            return .init(status: 302, headers: headers)
        }
        if request.method == "HEAD" { return .init(headers: headers, length: bytes.count) }
        return download(request, &hub, bytes, headers)
    }

    private static func download(
        _ request: LoopbackServer.Request, _ hub: inout Behaviour, _ bytes: [UInt8], _ headers: [String: String]
    ) -> LoopbackServer.Reply {
        if !hub.statuses.isEmpty {
            let status = hub.statuses.removeFirst()
            if status != 0 { return .init(status: status, headers: hub.refusalHeaders) }
        }
        var reply = LoopbackServer.Reply(headers: headers, body: bytes)
        if hub.knowsRanges, let range = request.range(of: bytes.count) {
            reply.status = 206
            reply.headers["Content-Range"] = "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(bytes.count)"
            reply.body = Array(bytes[range])
        }
        reply.length = reply.body.count
        if hub.damages { reply.body[reply.body.count / 2] ^= 1 }
        reply.cut = hub.cuts.isEmpty ? hub.cutAlways : hub.cuts.removeFirst()
        reply.pause = hub.pause
        return reply
    }

    private static func list(
        _ request: LoopbackServer.Request, _ hub: Behaviour, _ path: [String]
    ) -> LoopbackServer.Reply {
        guard path.count == 6, path[1] == "models", path[4] == "tree",
            let files = hub.files["\(path[2])/\(path[3])"]
        else {
            return .init(status: 404, headers: ["X-Error-Code": "RepoNotFound"])
        }
        let start = request.path.firstMatch(of: #/cursor=(\d+)/#).flatMap { Int($0.1) } ?? 0
        let names = files.keys.sorted()
        let page = names[start..<min(names.count, start + hub.page)]
        var entries = page.map { "{\"type\":\"file\",\"path\":\"\($0)\",\"size\":1}" }
        entries.append("{\"type\":\"directory\",\"path\":\"d\"}")
        var headers = ["Content-Type": "application/json"]
        if page.endIndex < names.count {
            let base = "http://\(request.headers["host"] ?? "")/api/models/\(path[2])/\(path[3])/tree/main"
            headers["Link"] = "<\(base)?recursive=true&cursor=\(page.endIndex)>; rel=\"next\""
        }
        return .init(headers: headers, body: Array("[\(entries.joined(separator: ","))]".utf8))
    }
}
