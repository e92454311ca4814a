internal import Foundation
internal import Numerics

/// The values of formulas at fixed points, for equality that cannot be decided exactly.
enum NumericEvaluation {
    /// Points at which formulas with variables are compared.
    static let points = 10

    /// The value at a point; not finite where there is none.
    static func value(of expression: Expression, at point: Int) -> Complex<Double> {
        func value(_ expression: Expression) -> Complex<Double> { self.value(of: expression, at: point) }
        switch expression {
        case .number(let number): return Complex(number.double)
        case .variable(let name): return Complex(coordinate(of: name, at: point))
        case .constant(.pi): return Complex(Double.pi)
        case .constant(.euler): return Complex(Foundation.exp(1))
        case .constant(.imaginary): return .i
        case .constant(.infinity): return .infinity
        case .sum(let parts): return parts.reduce(.zero) { $0 + value($1) }
        case .product(let parts): return parts.reduce(.one) { $0 * value($1) }
        case .quotient(let left, let right):
            return ratio(value(left), value(right))
        case .power(let base, let exponent):
            let (size, height) = (value(base), value(exponent))
            return size.isFinite && height.isFinite ? power(size, exponent, height) : .infinity
        case .factorial(let count):
            let count = value(count)
            return isReal(count) && count.real > -1 ? Complex(tgamma(count.real + 1)) : .infinity
        case .binomial(let top, let bottom):
            let (top, bottom) = (value(top), value(bottom))
            guard isReal(top), isReal(bottom), top.real > -1, bottom.real > -1, top.real - bottom.real > -1 else {
                return .infinity
            }
            return Complex(tgamma(top.real + 1) / tgamma(bottom.real + 1) / tgamma(top.real - bottom.real + 1))
        case .function(let function, let argument):
            let argument = value(argument)
            return argument.isFinite ? apply(function, argument) : .infinity
        case .logarithm(let base, let argument): return Complex.log(value(argument)) / Complex.log(value(base))
        case .plusMinus: return .infinity
        }
    }

    /// Whether two values are equal up to rounding.
    static func isEqual(_ left: Complex<Double>, _ right: Complex<Double>) -> Bool {
        (left - right).length <= 1e-12 + 1e-10 * max(left.length, right.length)
    }

    /// A quotient; a point too near to a pole says nothing.
    private static func ratio(_ top: Complex<Double>, _ bottom: Complex<Double>) -> Complex<Double> {
        !bottom.isFinite || bottom.length < 1e-9 ? .infinity : top / bottom
    }

    private static func isReal(_ value: Complex<Double>) -> Bool {
        value.isFinite && abs(value.imaginary) <= 1e-14 * max(1, abs(value.real))
    }

    /// Between 0.4 and 2.6 in size, positive at the first four points, by a hash of the name (FNV-1a) and the point.
    static func coordinate(of name: String, at point: Int) -> Double {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in Array(name.utf8) + [UInt8(truncatingIfNeeded: point), 0x5a] {
            hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
        }
        hash = (hash ^ (hash >> 29)) &* 0xbf58_476d_1ce4_e5b9
        hash ^= hash >> 32
        let size = 0.4 + 2.2 * Double(hash >> 11) / Double(1 << 53 as UInt64)
        return point < 4 || hash & 1 == 0 ? size : -size
    }

    /// A power; that of a negative number to a fraction with an odd denominator is real, as in school.
    private static func power(
        _ base: Complex<Double>, _ exponent: Expression, _ value: Complex<Double>
    ) -> Complex<Double> {
        if base == .zero { return value.real > 0 ? .zero : value == .zero ? .one : .infinity }
        if case let rational? = exponent.exact?.rational {
            if let count = rational.integer { return Complex.pow(base, count) }
            let isOdd = rational.hasOddDenominator
            if isReal(base) {
                let size = Foundation.pow(abs(base.real), rational.double)
                if base.real > 0 { return Complex(size) }
                if isOdd { return Complex(rational.hasEvenNumerator ? size : -size) }
            }
        }
        return Complex.pow(base, value)
    }

    private static func apply(_ function: Function, _ value: Complex<Double>) -> Complex<Double> {
        switch function {
        case .sin: return Complex.sin(value)
        case .cos: return Complex.cos(value)
        case .tan: return ratio(Complex.sin(value), Complex.cos(value))
        case .cot: return ratio(Complex.cos(value), Complex.sin(value))
        case .sec: return ratio(.one, Complex.cos(value))
        case .csc: return ratio(.one, Complex.sin(value))
        case .arcsin: return Complex.asin(value)
        case .arccos: return Complex.acos(value)
        case .arctan: return isReal(value) ? Complex(atan(value.real)) : Complex.atanh(value * .i) / .i
        case .sinh: return Complex.sinh(value)
        case .cosh: return Complex.cosh(value)
        case .tanh: return Complex.tanh(value)
        case .ln: return Complex.log(value)
        case .log: return Complex.log(value) / Complex(Foundation.log(10))
        case .exp: return Complex.exp(value)
        case .abs: return Complex(value.length)
        case .floor: return isReal(value) ? Complex(value.real.rounded(.down)) : .infinity
        case .ceil: return isReal(value) ? Complex(value.real.rounded(.up)) : .infinity
        }
    }
}
