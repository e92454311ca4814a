/// The decimal numerals of the numbers between two bounds, fractions included, as an expression of a grammar.
///
/// The numerals are without exponents, and have at most some 16 digits more after the point than the bounds. A fraction lies
/// between two others where its digits do, read from the left: at each digit it may stay with a bound, or leave it for good.
struct FractionRange {
    /// A bound by its digits.
    struct Bound {
        var isNegative = false
        var whole = 0
        /// The digits after the point, without zeros at the end.
        var fraction: [Int] = []
        /// Whether the bound itself is in the range.
        var isIncluded = true
        /// About the number itself.
        private(set) var value = 0.0

        /// Reads a JSON number; nil for more digits than a grammar is made for.
        init?(_ literal: String, isIncluded: Bool) {
            self.isIncluded = isIncluded
            value = Double(literal) ?? 0
            isNegative = literal.hasPrefix("-")
            let parts = literal.lowercased().drop { $0 == "-" }.split(separator: "e", omittingEmptySubsequences: false)
            let mantissa = (parts.first ?? "").split(separator: ".", omittingEmptySubsequences: false)
            guard let exponent = parts.count > 1 ? Int(parts[1]) : 0, abs(exponent) <= 15 else { return nil }
            var digits = mantissa.joined().compactMap(\.wholeNumberValue)
            var point = (mantissa.first?.count ?? 0) + exponent
            while point < 1 { (digits, point) = ([0] + digits, point + 1) }
            while digits.count < point { digits.append(0) }
            guard let whole = Int(digits[..<point].map(String.init).joined()), whole <= DecimalRange.widest else {
                return nil
            }
            self.whole = whole
            fraction = Array(digits[point...])
            while fraction.last == 0 { fraction.removeLast() }
            guard fraction.count <= 15 else { return nil }
            if whole == 0, fraction.isEmpty { isNegative = false }
        }

        private init() {}
        static let zero = Bound()
    }

    let expression: String

    /// - Parameters:
    ///   - lower: Nil for no bound.
    ///   - upper: Nil for no bound.
    /// - Returns: Nil for a range without a number.
    init?(_ lower: Bound?, _ upper: Bound?) {
        var pieces: [String] = []
        if upper?.isNegative ?? false {
            pieces += Self.magnitudes(upper ?? .zero, lower).map { "\"-\" \($0)" }
        } else {
            // Zero is among the others.
            if lower?.isNegative ?? true {
                var zero = Bound.zero
                zero.isIncluded = false
                pieces += Self.magnitudes(zero, lower).map { "\"-\" \($0)" }
            }
            pieces += Self.magnitudes(lower.map { $0.isNegative ? .zero : $0 } ?? .zero, upper)
        }
        if pieces.isEmpty { return nil }
        expression = pieces.joined(separator: " | ")
    }

    /// The numerals from one magnitude to another.
    private static func magnitudes(_ low: Bound, _ high: Bound?) -> [String] {
        func piece(_ whole: String, _ from: Bound?, _ to: Bound?) -> String? {
            let (digits, isEmptyToo) = tail(
                from.map { ($0.fraction, $0.isIncluded) }, to.map { ($0.fraction, $0.isIncluded) })
            guard let digits else { return isEmptyToo ? whole : nil }
            return isEmptyToo ? "\(whole) (\".\" \(digits))?" : "\(whole) \".\" \(digits)"
        }
        let most = high?.whole ?? DecimalRange.widest
        if low.whole > most { return [] }
        if low.whole == most { return [piece("\"\(most)\"", low, high)].compactMap(\.self) }
        let between = DecimalRange(low.whole + 1, high == nil ? most : most - 1).map { "(\($0.expression))" }
        return [
            piece("\"\(low.whole)\"", low, nil), between.flatMap { piece($0, nil, nil) },
            high == nil ? nil : piece("\"\(most)\"", nil, high),
        ].compactMap(\.self)
    }

    private typealias Edge = (digits: [Int], isIncluded: Bool)

    /// The digits of fractions between two others; nil where there are none, and whether no digit at all is one, too.
    private static func tail(_ low: Edge?, _ high: Edge?) -> (digits: String?, isEmptyToo: Bool) {
        // Nothing lies below no digits.
        let low = low.flatMap { $0.digits.isEmpty && $0.isIncluded ? nil : $0 }
        if let high, high.digits.isEmpty {
            // Only zeros are no more than nothing.
            return low == nil && high.isIncluded ? ("\"0\"{1,16}", true) : (nil, false)
        }
        guard let low else { return high.map { (alternatives(nil, $0), true) } ?? ("[0-9]{1,16}", true) }
        if low.digits.isEmpty, high == nil { return ("\"0\"{0,15} [1-9] [0-9]{0,16}", false) }
        return (alternatives(low, high), false)
    }

    private static func alternatives(_ low: Edge?, _ high: Edge?) -> String? {
        let (first, last) = (low.map { $0.digits.first ?? 0 } ?? 0, high.map { $0.digits.first ?? 0 } ?? 9)
        guard first <= last else { return nil }
        func rest(_ edge: Edge?) -> Edge? { edge.map { (Array($0.digits.dropFirst()), $0.isIncluded) } }
        var found: [String] = []
        func add(_ digits: ClosedRange<Int>, _ low: Edge?, _ high: Edge?) {
            let (more, isEmptyToo) = tail(low, high)
            let digit =
                digits.lowerBound == digits.upperBound
                ? "\"\(digits.lowerBound)\"" : "[\(digits.lowerBound)-\(digits.upperBound)]"
            if let more {
                found.append(isEmptyToo ? "\(digit) (\(more))?" : "\(digit) \(more)")
            } else if isEmptyToo {
                found.append(digit)
            }
        }
        let (leavesLow, leavesHigh) = (low == nil ? first : first + 1, high == nil ? last : last - 1)
        if low != nil { add(first...first, rest(low), first == last ? rest(high) : nil) }
        if leavesLow <= leavesHigh { add(leavesLow...leavesHigh, nil, nil) }
        if high != nil, low == nil || first < last { add(last...last, nil, rest(high)) }
        return found.isEmpty ? nil : "(\(found.joined(separator: " | ")))"
    }
}
