internal import BigInt
internal import Foundation

/// An exact fraction in lowest terms, with a positive denominator.
struct Rational: Hashable, Sendable {
    let numerator: BigInt
    let denominator: BigInt

    static let zero = Rational(0)
    static let one = Rational(1)

    init(_ integer: BigInt) {
        numerator = integer
        denominator = 1
    }

    init(_ integer: Int) { self.init(BigInt(integer)) }

    /// A quotient; nil if the divisor is 0.
    init?(_ numerator: BigInt, over denominator: BigInt) {
        guard denominator != 0 else { return nil }
        let divisor = numerator.greatestCommonDivisor(with: denominator) * (denominator < 0 ? -1 : 1)
        self.numerator = divisor == 1 ? numerator : numerator / divisor
        self.denominator = divisor == 1 ? denominator : denominator / divisor
    }

    /// A decimal numeral such as `12`, `.5`, `1.50` or `1.5e-3`; nil for anything else, or beyond the limits.
    init?(decimal text: String) {
        let lowered = text.lowercased()
        let halves = lowered.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[0].split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count > 1 ? parts[1] : ""
        var exponent = -fraction.count
        if halves.count > 1 {
            guard let power = Int(halves[1]), abs(power) <= GradingLimits.bits / 4 else { return nil }
            exponent += power
        }
        let digits = parts[0] + fraction
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }), let integer = BigInt(digits) else {
            return nil
        }
        if exponent >= 0 {
            self.init(integer * BigInt(10).power(exponent))
        } else {
            self.init(integer, over: BigInt(10).power(-exponent))
        }
    }

    /// The decimal with a period that repeats for ever, `head` being what stands before it, such as `0.1` and `6`.
    init?(decimal head: String, repeating period: String) {
        guard let start = Rational(decimal: head), let cycle = BigInt(period), !period.isEmpty else { return nil }
        let places = head.split(separator: ".", omittingEmptySubsequences: false).dropFirst().first?.count ?? 0
        guard let tail = Rational(cycle, over: (BigInt(10).power(period.count) - 1) * BigInt(10).power(places)) else {
            return nil
        }
        self = start + tail
    }

    var isZero: Bool { numerator == 0 }
    var isInteger: Bool { denominator == 1 }
    var isNegative: Bool { numerator < 0 }
    /// The value as an `Int`, if it is one.
    var integer: Int? { isInteger ? Int(exactly: numerator) : nil }
    var hasOddDenominator: Bool { denominator % 2 == 1 }
    var hasEvenNumerator: Bool { numerator % 2 == 0 }
    var bits: Int { numerator.bitWidth + denominator.bitWidth }

    /// The nearest number of double precision.
    var double: Double {
        if numerator.bitWidth < 1_000, denominator.bitWidth < 1_000 { return Double(numerator) / Double(denominator) }
        let shift = numerator.bitWidth - denominator.bitWidth - 64
        let scaled = shift > 0 ? numerator / (denominator << shift) : (numerator << -shift) / denominator
        return scalbn(Double(scaled), shift)
    }

    static func + (left: Rational, right: Rational) -> Rational {
        if left.isInteger, right.isInteger { return Rational(left.numerator + right.numerator) }
        return Rational(
            left.numerator * right.denominator + right.numerator * left.denominator,
            over: left.denominator * right.denominator) ?? .zero
    }

    static func * (left: Rational, right: Rational) -> Rational {
        if left.isInteger, right.isInteger { return Rational(left.numerator * right.numerator) }
        return Rational(left.numerator * right.numerator, over: left.denominator * right.denominator) ?? .zero
    }

    static prefix func - (value: Rational) -> Rational { value * Rational(-1) }
    static func - (left: Rational, right: Rational) -> Rational { left + -right }

    static func < (left: Rational, right: Rational) -> Bool { (left - right).isNegative }

    /// 1 over the value; nil for 0.
    var inverse: Rational? { Rational(denominator, over: numerator) }

    /// A power; nil for a negative power of 0, or beyond the limits.
    func power(_ exponent: Int) -> Rational? {
        guard let base = exponent < 0 ? inverse : self else { return nil }
        let count = exponent.magnitude
        if base.isInteger, base.numerator.magnitude <= 1 {
            return base.isNegative && count.isMultiple(of: 2) ? .one : base.isZero && count == 0 ? .one : base
        }
        guard count <= GradingLimits.bits, base.bits * Int(count) <= 2 * GradingLimits.bits else { return nil }
        return Rational(base.numerator.power(Int(count)), over: base.denominator.power(Int(count)))
    }

    var floor: Rational {
        let (quotient, remainder) = numerator.quotientAndRemainder(dividingBy: denominator)
        return Rational(remainder < 0 ? quotient - 1 : quotient)
    }
}
