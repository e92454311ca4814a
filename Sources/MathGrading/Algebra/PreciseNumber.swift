internal import BigInt
internal import Foundation

/// A binary floating-point number, `mantissa · 2^exponent`, whose length is that of its context.
struct PreciseNumber: Hashable, Sendable {
    let mantissa: BigInt
    let exponent: Int

    static let zero = PreciseNumber(mantissa: 0, exponent: 0)

    var isZero: Bool { mantissa == 0 }
    var isNegative: Bool { mantissa < 0 }
    /// The least power of 2 that is larger than the size of the number.
    var scale: Int { isZero ? Int.min / 4 : mantissa.magnitude.bitWidth + exponent }
    var negated: PreciseNumber { PreciseNumber(mantissa: -mantissa, exponent: exponent) }
    var magnitude: PreciseNumber { isNegative ? negated : self }
    func shifted(by bits: Int) -> PreciseNumber { PreciseNumber(mantissa: mantissa, exponent: exponent + bits) }
}

/// Arithmetic and elementary functions with a chosen number of bits.
///
/// Sums that cancel to nothing but rounding are 0, so that a pole is a pole. Functions are summed as Taylor series in fixed
/// point after the argument was made small (Brent and Zimmermann, Modern Computer Arithmetic, 2010, chapter 4).
struct PreciseArithmetic {
    struct OutOfRange: Error {}

    /// The length of a mantissa.
    let bits: Int
    /// The places of fixed-point numbers.
    private var places: Int { bits + 64 }

    func number(_ value: Rational) -> PreciseNumber {
        divided(
            PreciseNumber(mantissa: value.numerator, exponent: 0),
            PreciseNumber(mantissa: value.denominator, exponent: 0))
    }

    func number(_ value: Double) -> PreciseNumber {
        if value == 0 { return .zero }
        let mantissa = BigInt(value.significand * 0x1p52) * (value < 0 ? -1 : 1)
        return PreciseNumber(mantissa: mantissa, exponent: Int(value.exponent) - 52)
    }

    private func rounded(_ mantissa: BigInt, _ exponent: Int) -> PreciseNumber {
        let excess = mantissa.magnitude.bitWidth - bits
        if excess <= 0 { return PreciseNumber(mantissa: mantissa, exponent: exponent) }
        return PreciseNumber(mantissa: mantissa >> excess, exponent: exponent + excess)
    }

    func sum(_ left: PreciseNumber, _ right: PreciseNumber) -> PreciseNumber {
        if left.isZero { return right }
        if right.isZero { return left }
        let (high, low) = left.exponent >= right.exponent ? (left, right) : (right, left)
        guard high.scale - low.scale <= 2 * bits, high.exponent - low.exponent <= 4 * bits else {
            return high.scale >= low.scale ? high : low
        }
        let total = rounded((high.mantissa << (high.exponent - low.exponent)) + low.mantissa, low.exponent)
        return total.scale < max(left.scale, right.scale) - bits * 3 / 4 ? .zero : total
    }

    func product(_ left: PreciseNumber, _ right: PreciseNumber) -> PreciseNumber {
        rounded(left.mantissa * right.mantissa, left.exponent + right.exponent)
    }

    /// The quotient by a number other than 0.
    func divided(_ left: PreciseNumber, _ right: PreciseNumber) -> PreciseNumber {
        let shift = max(0, bits + 2 + right.mantissa.magnitude.bitWidth - left.mantissa.magnitude.bitWidth)
        return rounded((left.mantissa << shift) / right.mantissa, left.exponent - right.exponent - shift)
    }

    /// The root of a number that is not negative.
    func squareRoot(_ value: PreciseNumber) -> PreciseNumber {
        var shift = max(0, 2 * bits + 2 - value.mantissa.magnitude.bitWidth)
        if !(value.exponent - shift).isMultiple(of: 2) { shift += 1 }
        return rounded(BigInt((value.mantissa << shift).magnitude.squareRoot()), (value.exponent - shift) / 2)
    }

    func power(_ base: PreciseNumber, _ count: Int) -> PreciseNumber {
        var result = PreciseNumber(mantissa: 1, exponent: 0)
        var square = base
        var rest = count.magnitude
        while rest > 0 {
            if rest & 1 == 1 { result = product(result, square) }
            square = product(square, square)
            rest >>= 1
        }
        return count < 0 ? divided(PreciseNumber(mantissa: 1, exponent: 0), result) : result
    }

    /// The nearest whole number, for numbers below 2^62.
    func nearestInteger(_ value: PreciseNumber) throws -> Int {
        guard value.scale < 62 else { throw OutOfRange() }
        return Int(floor(sum(value, PreciseNumber(mantissa: 1, exponent: -1))))
    }

    func floor(_ value: PreciseNumber) -> BigInt {
        value.exponent >= 0 ? value.mantissa << value.exponent : value.mantissa >> -value.exponent
    }

    // MARK: - Constants

    var pi: PreciseNumber {
        let sum = 16 * inverseTangent(of: 5, isHyperbolic: false) - 4 * inverseTangent(of: 239, isHyperbolic: false)
        return PreciseNumber(mantissa: sum, exponent: -places)
    }

    private var logarithmOfTwo: PreciseNumber {
        PreciseNumber(mantissa: 2 * inverseTangent(of: 3, isHyperbolic: true), exponent: -places)
    }

    /// arctan or artanh of 1/n, in fixed point.
    private func inverseTangent(of number: Int, isHyperbolic: Bool) -> BigInt {
        var term = (BigInt(1) << places) / BigInt(number)
        var sum = term
        var index = 1
        while term != 0 {
            term /= BigInt(isHyperbolic ? number * number : -number * number)
            index += 2
            sum += term / BigInt(index)
        }
        return sum
    }

    // MARK: - Functions

    private func fixed(_ value: PreciseNumber, _ places: Int) -> BigInt {
        let shift = value.exponent + places
        return shift >= 0 ? value.mantissa << shift : value.mantissa >> -shift
    }

    func exponential(_ value: PreciseNumber) throws -> PreciseNumber {
        guard value.scale < 40 else { throw OutOfRange() }
        let count = try nearestInteger(divided(value, logarithmOfTwo))
        // The places that the multiple of ln 2 takes are there twice over.
        let rest = sum(value, product(PreciseNumber(mantissa: BigInt(-count), exponent: 0), logarithmOfTwo))
        let halvings = 16
        let places = self.places + 2 * halvings
        let argument = fixed(rest, places) >> halvings
        var term = BigInt(1) << places
        var total = term
        var index = 1
        while term != 0, index < 10_000 {
            term = ((term * argument) >> places) / BigInt(index)
            total += term
            index += 1
            if term == -1 { break }
        }
        for _ in 0..<halvings { total = (total * total) >> places }
        return rounded(total, count - places)
    }

    /// The logarithm of a positive number.
    func logarithm(_ value: PreciseNumber) throws -> PreciseNumber {
        let shift = value.scale
        guard abs(shift) < 1 << 40 else { throw OutOfRange() }
        let mantissa = value.shifted(by: -shift)
        let start = PreciseArithmetic.double(mantissa)
        var guess = number(Foundation.log(start))
        var digits = 40
        while digits < 2 * bits {
            // Halley's step triples the places.
            let power = try exponential(guess)
            let difference = sum(mantissa, power.negated)
            if difference.isZero { break }
            guess = sum(guess, divided(difference.shifted(by: 1), sum(mantissa, power)))
            digits *= 3
        }
        return sum(guess, product(PreciseNumber(mantissa: BigInt(shift), exponent: 0), logarithmOfTwo))
    }

    /// Sine and cosine.
    func circular(_ value: PreciseNumber) throws -> (sine: PreciseNumber, cosine: PreciseNumber) {
        guard value.scale < bits / 4 else { throw OutOfRange() }
        let quarter = pi.shifted(by: -1)
        let turns = floor(sum(divided(value, quarter), PreciseNumber(mantissa: 1, exponent: -1)))
        let rest = fixed(sum(value, product(PreciseNumber(mantissa: -turns, exponent: 0), quarter)), places)
        let square = (rest * rest) >> places
        var terms = (BigInt(1) << places, rest)
        var (cosine, sine) = terms
        var index = 1
        while (terms.0 != 0 || terms.1 != 0), index < 10_000 {
            terms.0 = -((terms.0 * square) >> places) / BigInt(index * (index + 1))
            terms.1 = -((terms.1 * square) >> places) / BigInt((index + 1) * (index + 2))
            cosine += terms.0
            sine += terms.1
            index += 2
            if terms.0.magnitude <= 1, terms.1.magnitude <= 1 { break }
        }
        let (s, c) = (whole(sine), whole(cosine))
        switch Int(((turns % 4) + 4) % 4) {
        case 0: return (s, c)
        case 1: return (c, s.negated)
        case 2: return (s.negated, c.negated)
        default: return (c.negated, s)
        }
    }

    /// A fixed-point number between −1 and 1; nothing but rounding is 0.
    private func whole(_ value: BigInt) -> PreciseNumber {
        let number = rounded(value, -places)
        return number.scale < -bits / 2 ? .zero : number
    }

    func arctangent(_ value: PreciseNumber) -> PreciseNumber {
        let one = PreciseNumber(mantissa: 1, exponent: 0)
        var small = value
        let halvings = 12
        for _ in 0..<halvings {
            small = divided(small, sum(one, squareRoot(sum(one, product(small, small)))))
        }
        let argument = fixed(small, places + 64)
        let square = (argument * argument) >> (places + 64)
        var power = argument
        var total = argument
        var index = 1
        while power.magnitude > 1, index < 20_000 {
            power = -((power * square) >> (places + 64))
            index += 2
            total += power / BigInt(index)
        }
        return rounded(total, halvings - places - 64)
    }

    /// The nearest number of double precision, for numbers between 1/2 and 1.
    private static func double(_ value: PreciseNumber) -> Double {
        let excess = max(0, value.mantissa.magnitude.bitWidth - 60)
        return Double(sign: .plus, exponent: value.exponent + excess, significand: Double(value.mantissa >> excess))
    }
}
