/// A host and a port, as the header field `Host` and the target of a request have them (RFC 9110 §7.2, RFC 3986 §3.2).
struct Authority: Hashable, Sendable {
    /// The name in lower case, without the dot at its end; an IPv6 address without brackets.
    let host: String
    let port: Int?

    /// - Returns: Nil for what is no host with or without a port; user names are none of it.
    init?(_ text: String) {
        var host = text[...]
        var port: Substring?
        if host.first == "[" {
            guard let end = host.firstIndex(of: "]") else { return nil }
            let rest = host[host.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { return nil }
            port = rest.isEmpty ? nil : rest.dropFirst()
            host = host[host.index(after: host.startIndex)..<end]
            guard !host.isEmpty, host.utf8.allSatisfy({ $0.isHexDigit || $0 == 0x3A || $0 == 0x2E }) else { return nil }
        } else {
            if let colon = host.lastIndex(of: ":") {
                port = host[host.index(after: colon)...]
                host = host[..<colon]
            }
            // Letters, digits, and the marks of names that are in use; others as they stand in RFC 3986's reg-name.
            guard !host.isEmpty, host.utf8.allSatisfy({ $0.isAlphanumeric || "-._~%!$&'()*+,;=".utf8.contains($0) })
            else { return nil }
            if host.last == "." { host.removeLast() }
        }
        if let port, !port.isEmpty {
            guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port) else { return nil }
            self.port = Int(number)
        } else {
            self.port = nil
        }
        self.host = host.lowercased()
    }

    /// Whether this is the machine itself, by a name that no name server can give to another: `localhost`, an address in
    /// 127.0.0.0/8, or ::1.
    var isLoopback: Bool {
        if host == "localhost" || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127"
            && parts.allSatisfy { part in
                (1...3).contains(part.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
                    && UInt8(part) != nil
            }
    }
}

/// The origin of a web page: scheme, host and port (RFC 6454).
struct Origin: Hashable, Sendable {
    let scheme: String
    let authority: Authority

    /// - Returns: Nil for `null`, and for what has a path or is no origin at all.
    init?(_ text: String) {
        guard let range = text.firstRange(of: "://") else { return nil }
        let scheme = text[..<range.lowerBound].lowercased()
        guard let first = scheme.utf8.first, first.isAlphanumeric,
            let authority = Authority(String(text[range.upperBound...]))
        else { return nil }
        self.scheme = scheme
        self.authority = authority
    }

    private var port: Int? { authority.port ?? ["http": 80, "https": 443][scheme] }

    static func == (left: Origin, right: Origin) -> Bool {
        left.scheme == right.scheme && left.authority.host == right.authority.host && left.port == right.port
    }

    func hash(into hasher: inout Hasher) {
        hasher.combine(scheme)
        hasher.combine(authority.host)
        hasher.combine(port)
    }

    /// Whether it is the origin of what is asked at this authority; TLS may end at a proxy before this server.
    func isServed(at other: Authority) -> Bool {
        guard authority.host == other.host else { return false }
        return authority.port == other.port || port == other.port ?? ["http": 80, "https": 443][scheme]
    }
}

extension UInt8 {
    fileprivate var isAlphanumeric: Bool {
        (0x30...0x39).contains(self) || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self)
    }

    fileprivate var isHexDigit: Bool {
        (0x30...0x39).contains(self) || (0x41...0x46).contains(self) || (0x61...0x66).contains(self)
    }
}
