import Foundation
import Synchronization

/// A small HTTP/1.1 server on loopback: one thread for each connection, one question for each connection.
final class LoopbackServer: Sendable {
    /// A question.
    struct Request: Sendable {
        var method: String
        /// The path with its query.
        var path: String
        /// The headers; their names in lower case.
        var headers: [String: String]

        /// The name by which the client reached the server.
        var host: String { headers["host"]?.split(separator: ":").first.map(String.init) ?? "" }

        /// The bytes that are asked for.
        func range(of count: Int) -> Range<Int>? {
            guard let match = headers["range"]?.wholeMatch(of: #/bytes=(\d+)-(\d+)/#), let first = Int(match.1),
                let last = Int(match.2)
            else { return nil }
            return first..<min(last + 1, count)
        }
    }

    /// An answer.
    struct Reply: Sendable {
        var status = 200
        var headers: [String: String] = [:]
        var body: [UInt8] = []
        /// The announced length, where it is not that of the body.
        var length: Int?
        /// The connection is closed after so many bytes of the body.
        var cut: Int?
        /// Called after so many bytes of the body have been sent.
        var pause: (after: Int, wait: @Sendable () -> Void)?
    }

    let port: UInt16
    private let listener: Int32
    private let isOpen = Atomic(true)
    private let seen = Mutex<[Request]>([])

    /// A server that answers as it is told.
    init(_ answer: @escaping @Sendable (Request) -> Reply) throws {
        #if canImport(Darwin)
            let kind = SOCK_STREAM
        #else
            let kind = Int32(SOCK_STREAM.rawValue)
        #endif
        listener = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isReady = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        guard isReady else { throw CocoaError(.fileNoSuchFile) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [weak self] in
            defer { close(listener) }
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                guard let self else {
                    close(connection)
                    continue
                }
                Thread.detachNewThread { self.serve(connection, answer) }
            }
        }
    }

    deinit { stop() }

    /// Answers nothing more: the port is closed.
    func stop() {
        // Once, and the thread that accepts closes it: the number may become another file's.
        guard isOpen.exchange(false, ordering: .relaxed) else { return }
        shutdown(listener, Int32(SHUT_RDWR))
    }

    /// The questions so far.
    var requests: [Request] { seen.withLock { $0 } }

    /// Forgets the questions.
    func forget() { seen.withLock { $0 = [] } }

    private func serve(_ connection: Int32, _ answer: @Sendable (Request) -> Reply) {
        defer { close(connection) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while !text.suffix(4).elementsEqual([13, 10, 13, 10]) {
            let count = recv(connection, &buffer, buffer.count, 0)
            guard count > 0 else { return }
            text += buffer[..<count]
        }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\r\n")
        let words = lines.first?.split(separator: " ") ?? []
        guard words.count == 3 else { return }
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces)
        }
        let request = Request(method: String(words[0]), path: String(words[1]), headers: headers)
        seen.withLock { $0.append(request) }
        let reply = answer(request)
        let length = reply.length ?? reply.body.count
        var head = "HTTP/1.1 \(reply.status) X\r\nConnection: close\r\nContent-Length: \(length)\r\n"
        for (name, value) in reply.headers { head += "\(name): \(value)\r\n" }
        guard send(Array((head + "\r\n").utf8)[...], to: connection), request.method != "HEAD" else { return }
        var body = reply.body.prefix(reply.cut ?? .max)
        if let pause = reply.pause {
            guard send(body.prefix(pause.after), to: connection) else { return }
            body = body.dropFirst(pause.after)
            pause.wait()
        }
        _ = send(body, to: connection)
        shutdown(connection, Int32(SHUT_WR))
        // Until the client has closed, so that it reads all that was sent.
        while recv(connection, &buffer, buffer.count, 0) > 0 {}
    }

    private func send(_ bytes: ArraySlice<UInt8>, to connection: Int32) -> Bool {
        #if canImport(Darwin)
            let flags: Int32 = 0
        #else
            let flags = Int32(MSG_NOSIGNAL)
        #endif
        var rest = bytes
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Foundation.send(connection, $0.baseAddress, $0.count, flags) }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
