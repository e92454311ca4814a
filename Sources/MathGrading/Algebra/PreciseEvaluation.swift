internal import BigInt
internal import Foundation

/// The values of formulas with hundreds of digits, for numbers that double precision cannot tell apart.
enum PreciseEvaluation {
    /// Why a formula has no real value.
    private enum Failure: Error {
        /// A pole, 0/0, or the logarithm of 0.
        case undefined
        /// A complex number, or one beyond the limits.
        case unknown
    }

    /// Whether two formulas have the same real value at a point; nil where that cannot be said.
    ///
    /// The precision grows with the numbers in the formulas: √(n² + 1) and n differ by 1 in n².
    static func equal(_ left: Expression, _ right: Expression, at point: Int) -> Bool? {
        let length = max(longestNumber(left), longestNumber(right))
        guard length <= GradingLimits.preciseBits / 8 else { return nil }
        let arithmetic = PreciseArithmetic(bits: 256 + 4 * length)
        do {
            let first = try value(of: left, at: point, arithmetic)
            let second = try value(of: right, at: point, arithmetic)
            let difference = arithmetic.sum(first, second.negated)
            return difference.isZero || difference.scale < max(first.scale, second.scale) - arithmetic.bits / 2
        } catch Failure.undefined {
            return false
        } catch is PreciseArithmetic.OutOfRange {
            return false
        } catch {
            return nil
        }
    }

    private static func longestNumber(_ expression: Expression) -> Int {
        if case .number(let value) = expression { return value.bits }
        if let value = expression.exact?.rational { return value.bits }
        return expression.children.reduce(0) { max($0, longestNumber($1)) }
    }

    private static func value(
        of expression: Expression, at point: Int, _ arithmetic: PreciseArithmetic
    ) throws -> PreciseNumber {
        func value(_ expression: Expression) throws -> PreciseNumber {
            try self.value(of: expression, at: point, arithmetic)
        }
        let one = PreciseNumber(mantissa: 1, exponent: 0)
        switch expression {
        case .number(let number): return arithmetic.number(number)
        case .variable(let name): return arithmetic.number(NumericEvaluation.coordinate(of: name, at: point))
        case .constant(.pi): return arithmetic.pi
        case .constant(.euler): return try arithmetic.exponential(one)
        case .constant: throw Failure.unknown
        case .sum(let parts): return try parts.reduce(.zero) { arithmetic.sum($0, try value($1)) }
        case .product(let parts): return try parts.reduce(one) { arithmetic.product($0, try value($1)) }
        case .quotient(let left, let right):
            let divisor = try value(right)
            guard !divisor.isZero else { throw Failure.undefined }
            return arithmetic.divided(try value(left), divisor)
        case .power(let base, let exponent): return try power(try value(base), exponent, value, arithmetic)
        case .function(let function, let argument): return try apply(function, try value(argument), arithmetic)
        case .logarithm(let base, let argument):
            let divisor = try apply(.ln, try value(base), arithmetic)
            guard !divisor.isZero else { throw Failure.undefined }
            return arithmetic.divided(try apply(.ln, try value(argument), arithmetic), divisor)
        case .factorial, .binomial:
            guard let rational = expression.exact?.rational else { throw Failure.unknown }
            return arithmetic.number(rational)
        case .plusMinus: throw Failure.unknown
        }
    }

    /// As ``NumericEvaluation`` has it: a negative number to a fraction with an odd denominator is real.
    private static func power(
        _ base: PreciseNumber, _ exponent: Expression, _ value: (Expression) throws -> PreciseNumber,
        _ arithmetic: PreciseArithmetic
    ) throws -> PreciseNumber {
        let rational = exponent.exact?.rational
        if let count = rational?.integer, abs(count) < 1 << 24 {
            if base.isZero, count < 0 { throw Failure.undefined }
            return arithmetic.power(base, count)
        }
        let height = try value(exponent)
        if base.isZero {
            if height.isNegative { throw Failure.undefined }
            return height.isZero ? PreciseNumber(mantissa: 1, exponent: 0) : .zero
        }
        if let rational, rational.denominator == 2, !base.isNegative {
            guard let count = Int(exactly: rational.numerator), abs(count) < 1 << 24 else { throw Failure.unknown }
            return arithmetic.power(arithmetic.squareRoot(base), count)
        }
        let isOdd = rational?.hasOddDenominator == true
        guard !base.isNegative || isOdd else { throw Failure.unknown }
        let size = try arithmetic.exponential(arithmetic.product(height, try arithmetic.logarithm(base.magnitude)))
        return base.isNegative && rational?.hasEvenNumerator == false ? size.negated : size
    }

    private static func apply(
        _ function: Function, _ value: PreciseNumber, _ arithmetic: PreciseArithmetic
    ) throws -> PreciseNumber {
        let one = PreciseNumber(mantissa: 1, exponent: 0)
        func ratio(_ top: PreciseNumber, _ bottom: PreciseNumber) throws -> PreciseNumber {
            guard !bottom.isZero else { throw Failure.undefined }
            return arithmetic.divided(top, bottom)
        }
        func logarithm(_ value: PreciseNumber) throws -> PreciseNumber {
            if value.isZero { throw Failure.undefined }
            if value.isNegative { throw Failure.unknown }
            return try arithmetic.logarithm(value)
        }
        func hyperbolic(_ sign: PreciseNumber) throws -> PreciseNumber {
            let up = try arithmetic.exponential(value)
            return arithmetic.sum(up, arithmetic.product(sign, try ratio(one, up))).shifted(by: -1)
        }
        switch function {
        case .abs: return value.magnitude
        case .ln: return try logarithm(value)
        case .log: return try ratio(try logarithm(value), try logarithm(arithmetic.number(10)))
        case .exp: return try arithmetic.exponential(value)
        case .sin: return try arithmetic.circular(value).sine
        case .cos: return try arithmetic.circular(value).cosine
        case .tan, .cot, .sec, .csc:
            let (sine, cosine) = try arithmetic.circular(value)
            return switch function {
            case .tan: try ratio(sine, cosine)
            case .cot: try ratio(cosine, sine)
            case .sec: try ratio(one, cosine)
            default: try ratio(one, sine)
            }
        case .arctan: return arithmetic.arctangent(value)
        case .arcsin, .arccos:
            let rest = arithmetic.sum(one, arithmetic.product(value, value).negated)
            guard !rest.isNegative else { throw Failure.unknown }
            let quarter = arithmetic.pi.shifted(by: -1)
            let sine =
                rest.isZero
                ? (value.isNegative ? quarter.negated : quarter)
                : arithmetic.arctangent(arithmetic.divided(value, arithmetic.squareRoot(rest)))
            return function == .arcsin ? sine : arithmetic.sum(quarter, sine.negated)
        case .sinh: return try hyperbolic(one.negated)
        case .cosh: return try hyperbolic(one)
        case .tanh: return try ratio(try hyperbolic(one.negated), try hyperbolic(one))
        case .floor, .ceil:
            let sign: (PreciseNumber) -> PreciseNumber = { function == .floor ? $0 : $0.negated }
            // What is a whole number but for rounding is one.
            let nudged = arithmetic.sum(sign(value), one.shifted(by: -arithmetic.bits / 2))
            return sign(PreciseNumber(mantissa: arithmetic.floor(nudged), exponent: 0))
        }
    }
}
