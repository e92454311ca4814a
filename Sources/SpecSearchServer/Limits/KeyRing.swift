internal import Checksums

/// The keys that open a server, kept as hashes.
public struct KeyRing: Sendable {
    private let digests: [[UInt8]]

    /// Whether there were keys among them that nobody could send; a server is not started with such.
    let hasEmptyKeys: Bool

    /// - Parameter keys: The keys.
    public init(keys: [String]) {
        let usable = keys.filter { $0.contains { !$0.isWhitespace } }
        digests = usable.map { SHA256.hash($0.utf8) }
        hasEmptyKeys = usable.count < keys.count
    }

    /// Whether there is no key, so everybody may enter.
    public var isEmpty: Bool { digests.isEmpty }

    /// The name of a key's owner for limits, the beginning of the key's hash; nil for a wrong key.
    ///
    /// Every key is compared, each in constant time, so the time says nothing about the keys.
    public func owner(of key: String) -> String? {
        let digest = SHA256.hash(key.utf8)
        var found = false
        for known in digests where Self.areEqual(known, digest) { found = true }
        guard found else { return nil }
        return SHA256.hexadecimal(digest.prefix(4))
    }

    /// Whether two digests are equal, in a time that does not depend on where they differ.
    private static func areEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        zip(left, right).reduce(0 as UInt8) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
