/// The decimal numerals of the whole numbers in a range, as an expression of a grammar.
///
/// A range is cut where a digit changes: 18 to 230 is 18 and 19, 20 to 99, 100 to 199, 200 to 229, 230; each piece is fixed
/// digits, one digit in a range, and any digits.
struct DecimalRange {
    /// The largest magnitude that grammars go to where there is no bound.
    static let widest = 999_999_999_999_999

    let expression: String

    /// - Returns: Nil for a range without a number.
    init?(_ lower: Int, _ upper: Int) {
        guard lower <= upper else { return nil }
        var pieces: [String] = []
        if lower < 0 { pieces += Self.natural(max(1, -min(upper, -1)), -lower).map { "\"-\" \($0)" } }
        if upper >= 0 { pieces += Self.natural(max(0, lower), upper) }
        expression = pieces.joined(separator: " | ")
    }

    private static func natural(_ lower: Int, _ upper: Int) -> [String] {
        var pieces: [String] = []
        var begin = lower
        while begin <= upper {
            // The most low digits that are all 0 here and may all become 9.
            var size = 1
            while begin % (size * 10) == 0, begin + size * 10 - 1 <= upper, begin > 0 { size *= 10 }
            let digit = begin / size % 10
            // As many of these blocks as share all digits but one.
            let last = min(9, digit + (upper - begin + 1) / size - 1)
            let head = begin / size / 10
            let count = String(size).count - 1
            var piece = head > 0 ? "\"\(head)\" " : ""
            piece += digit == last ? "\"\(digit)\"" : "[\(digit)-\(last)]"
            if count > 0 { piece += " [0-9]{\(count)}" }
            pieces.append(piece)
            begin += size * (last - digit + 1)
        }
        return pieces
    }
}
