internal import Crypto

/// The keys that open a server, kept as hashes.
public struct KeyRing: Sendable {
    private let digests: [SHA256.Digest]

    /// - Parameter keys: The keys; empty ones do not count.
    public init(keys: [String]) {
        digests = keys.filter { !$0.isEmpty }.map { SHA256.hash(data: Array($0.utf8)) }
    }

    /// Whether there is no key, so everybody may enter.
    public var isEmpty: Bool { digests.isEmpty }

    /// The name of a key's owner for limits, the beginning of the key's hash; nil for a wrong key.
    ///
    /// Every key is compared, each in constant time (as `Digest` compares), so time tells nothing of the keys.
    public func owner(of key: String) -> String? {
        let digest = SHA256.hash(data: Array(key.utf8))
        var found = false
        for known in digests where known == digest { found = true }
        guard found else { return nil }
        return digest.prefix(4).map { String(Int($0) + 256, radix: 16).dropFirst() }.joined()
    }
}
