/// Finds where a thought ends: at the token in whose text the delimiter is completed.
///
/// The delimiter is looked for in the bytes that were written, because it is often merged with other characters into one
/// token (".\n\n"). The cut is always at the token's end; text is never cut inside a token.
package struct StepDelimiter: Sendable, Hashable {
    private let delimiter: [UInt8]

    /// A delimiter such as a blank line.
    ///
    /// An empty one never ends a thought.
    package init(_ delimiter: String) { self.delimiter = Array(delimiter.utf8) }

    /// The end of the bytes that were written, as much of it as can be the beginning of a delimiter.
    package struct Tail: Sendable, Hashable {
        fileprivate var bytes: [UInt8] = []
        package init() {}
    }

    /// Adds a token's bytes, and answers whether the delimiter is complete.
    package func isComplete(_ tail: inout Tail, adding bytes: some Collection<UInt8>) -> Bool {
        guard !delimiter.isEmpty else { return false }
        tail.bytes.append(contentsOf: bytes)
        let count = tail.bytes.count
        if count >= delimiter.count {
            for start in 0...(count - delimiter.count)
            where tail.bytes[start..<start + delimiter.count].elementsEqual(delimiter) { return true }
            tail.bytes.removeFirst(count - delimiter.count + 1)
        }
        return false
    }
}
