import Foundation

/// A bare connection to a server of this machine, for what well-behaved clients do not do.
struct Connection: ~Copyable {
    private let socket: Int32

    init(port: Int) throws {
        #if canImport(Glibc)
            socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #else
            socket = Darwin.socket(AF_INET, SOCK_STREAM, 0)
        #endif
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw POSIXError(POSIXErrorCode(rawValue: errno) ?? .EIO) }
    }

    deinit { close(socket) }

    /// Sends a POST with a JSON body.
    func post(_ path: String, _ body: String) {
        let text =
            "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
        send(text)
    }

    /// Sends a text as it stands.
    func send(_ text: String) {
        _ = Array(text.utf8).withUnsafeBytes { Self.send(socket, $0) }
    }

    private static func send(_ socket: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
        #if canImport(Glibc)
            Glibc.send(socket, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL))
        #else
            Darwin.send(socket, bytes.baseAddress, bytes.count, 0)
        #endif
    }

    /// Makes closing a reset instead of an orderly end.
    func breakOnClose() {
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(socket, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout.size(ofValue: linger)))
    }

    /// Reads until the other side ends, on a thread of its own.
    func readToEnd() async -> [UInt8] {
        await withCheckedContinuation { [socket] continuation in
            Thread.detachNewThread {
                var all: [UInt8] = []
                var bytes = [UInt8](repeating: 0, count: 1 << 16)
                while true {
                    let found = recv(socket, &bytes, bytes.count, 0)
                    if found <= 0 { break }
                    all += bytes[..<found]
                }
                continuation.resume(returning: all)
            }
        }
    }

    /// Reads at most this many bytes.
    func read(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let found = bytes.withUnsafeMutableBytes { recv(socket, $0.baseAddress, count, 0) }
        return Array(bytes.prefix(max(0, found)))
    }
}
