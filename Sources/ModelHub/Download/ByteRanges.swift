/// A set of bytes of a file, as ascending ranges that neither meet nor overlap.
package struct ByteRanges: Sendable, Hashable {
    /// The ranges.
    package private(set) var ranges: [Range<Int64>] = []

    package init() {}

    /// The number of bytes.
    package var count: Int64 { ranges.reduce(0) { $0 + Int64($1.count) } }

    /// Adds a range; O(number of ranges).
    package mutating func insert(_ range: Range<Int64>) {
        guard !range.isEmpty else { return }
        var joined = range
        var result: [Range<Int64>] = []
        for other in ranges {
            if other.upperBound < joined.lowerBound || joined.upperBound < other.lowerBound {
                result.append(other)
            } else {
                joined = min(joined.lowerBound, other.lowerBound)..<max(joined.upperBound, other.upperBound)
            }
        }
        let place = result.firstIndex { $0.lowerBound > joined.lowerBound } ?? result.endIndex
        result.insert(joined, at: place)
        ranges = result
    }

    /// What is missing of the first `size` bytes, in pieces of at most `piece` bytes.
    package func missing(of size: Int64, piece: Int64) -> [Range<Int64>] {
        var result: [Range<Int64>] = []
        var position: Int64 = 0
        func add(upTo end: Int64) {
            while position < end {
                let next = min(position + max(piece, 1), end)
                result.append(position..<next)
                position = next
            }
        }
        for range in ranges {
            add(upTo: min(range.lowerBound, size))
            position = max(position, range.upperBound)
        }
        add(upTo: size)
        return result
    }
}

extension ByteRanges: Codable {
    /// Reads pairs of the first byte and the byte after the last.
    package init(from decoder: any Decoder) throws {
        for pair in try [[Int64]](from: decoder) {
            guard pair.count == 2, pair[0] >= 0, pair[0] <= pair[1] else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "A range is two ascending numbers."))
            }
            insert(pair[0]..<pair[1])
        }
    }

    package func encode(to encoder: any Encoder) throws {
        try ranges.map { [$0.lowerBound, $0.upperBound] }.encode(to: encoder)
    }
}
