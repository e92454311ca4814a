/// Numbers from outside, within bounds: the one way from a text, from JSON or from a floating-point number to an integer or
/// a duration. Nothing here ends the program, whatever the number is.
///
/// ```swift
/// let count = Int(text, in: 1...100)                                  // nil for what lies elsewhere
/// let length = try container.decode(.contextLength, in: 2...4096)     // an error that names the key and the range
/// try await Task.sleep(for: Duration(boundedSeconds: seconds))        // 1e300 is a year
/// ```
extension Int {
    /// The integer that a text stands for; nil for another text, and for one outside of the range.
    package init?(_ text: some StringProtocol, in range: ClosedRange<Int>) {
        guard let value = Int(text), range.contains(value) else { return nil }
        self = value
    }

    /// The nearest integer in a range; its lower bound for what is no number.
    package init(rounding value: Double, in range: ClosedRange<Int>) {
        if value.isNaN || value <= Double(range.lowerBound) {
            self = range.lowerBound
        } else if value >= Double(range.upperBound) {
            self = range.upperBound
        } else {
            self = Int(exactly: value.rounded()) ?? range.upperBound
        }
    }
}

extension Duration {
    /// The longest time that anything waits, in seconds: a year.
    package static var longestSeconds: Double { 31_536_000 }

    /// So many seconds, from none to a year; none for what is no number.
    package init(boundedSeconds seconds: Double) {
        self = .seconds(seconds > 0 ? min(seconds, Self.longestSeconds) : 0)
    }
}

extension KeyedDecodingContainer {
    /// An integer within a range.
    ///
    /// - Throws: `DecodingError`, naming the key and the range.
    package func decode(_ key: Key, in range: ClosedRange<Int>) throws -> Int {
        try checked(key, range, shown: "\(range.lowerBound) ... \(range.upperBound)")
    }

    /// A number within a range.
    ///
    /// - Throws: `DecodingError`, naming the key and the range.
    package func decode(_ key: Key, in range: ClosedRange<Double>) throws -> Double {
        try checked(key, range, shown: "\(range.lowerBound) ... \(range.upperBound)")
    }

    /// An integer within a range; nil where there is none.
    package func decodeIfPresent(_ key: Key, in range: ClosedRange<Int>) throws -> Int? {
        try contains(key) && !decodeNil(forKey: key) ? decode(key, in: range) : nil
    }

    /// A number within a range; nil where there is none.
    package func decodeIfPresent(_ key: Key, in range: ClosedRange<Double>) throws -> Double? {
        try contains(key) && !decodeNil(forKey: key) ? decode(key, in: range) : nil
    }

    private func checked<Value: Decodable & Comparable>(
        _ key: Key, _ range: ClosedRange<Value>, shown: String
    ) throws -> Value {
        let value = try decode(Value.self, forKey: key)
        guard range.contains(value) else {
            throw DecodingError.dataCorruptedError(
                forKey: key, in: self, debugDescription: "it is \(value), and lies in \(shown)")
        }
        return value
    }
}
