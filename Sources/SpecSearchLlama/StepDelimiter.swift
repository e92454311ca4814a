/// Finds where a thought ends: at the token in whose text the delimiter is completed.
///
/// The delimiter is looked for in the bytes that were written, because it is often merged with other characters into one
/// token (".\n\n"). The cut is always at the token's end; text is never cut inside a token.
package struct StepDelimiter: Sendable, Hashable {
    private let delimiter: [UInt8]
    /// `fallback[n]`: how much of the delimiter the end of its first `n` bytes is (Knuth, Morris and Pratt, 1977).
    private let fallback: [Int]

    /// A delimiter such as a blank line.
    ///
    /// An empty one never ends a thought.
    package init(_ delimiter: String) {
        let bytes = Array(delimiter.utf8)
        var fallback = [Int](repeating: 0, count: bytes.count + 1)
        var matched = 0
        for place in bytes.indices.dropFirst() {
            while matched > 0 && bytes[place] != bytes[matched] { matched = fallback[matched] }
            if bytes[place] == bytes[matched] { matched += 1 }
            fallback[place + 1] = matched
        }
        self.delimiter = bytes
        self.fallback = fallback
    }

    /// How much of the delimiter the end of what was written is.
    package struct Tail: Sendable, Hashable {
        fileprivate var matched = 0
        package init() {}
    }

    /// Adds a token's bytes, and answers whether the delimiter is complete.
    package func isComplete(_ tail: inout Tail, adding bytes: some Collection<UInt8>) -> Bool {
        guard !delimiter.isEmpty else { return false }
        for byte in bytes {
            while tail.matched > 0 && byte != delimiter[tail.matched] { tail.matched = fallback[tail.matched] }
            if byte == delimiter[tail.matched] { tail.matched += 1 }
            if tail.matched == delimiter.count {
                tail.matched = fallback[tail.matched]
                return true
            }
        }
        return false
    }
}
