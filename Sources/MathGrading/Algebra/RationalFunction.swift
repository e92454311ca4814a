internal import BigInt

/// A quotient of polynomials, whose equality is decided exactly.
struct RationalFunction: Hashable, Sendable {
    let numerator: Polynomial
    let denominator: Polynomial

    init(_ value: Rational) { self.init(Polynomial(value)) }

    init(_ numerator: Polynomial) {
        self.numerator = numerator
        denominator = .one
    }

    /// A quotient; nil if the divisor is 0.
    private init?(_ numerator: Polynomial, over denominator: Polynomial) {
        guard !denominator.isZero, numerator.isBounded, denominator.isBounded else { return nil }
        if let inverse = denominator.rational?.inverse {
            self.numerator = numerator.times(inverse)
            self.denominator = .one
        } else {
            self.numerator = numerator
            self.denominator = denominator
        }
    }

    /// The value, if it is written as a rational number.
    var rational: Rational? { denominator == .one ? numerator.rational : nil }
    var isZero: Bool { numerator.isZero }

    /// Whether the values are equal; nil beyond the limits.
    func equals(_ other: RationalFunction) -> Bool? {
        if denominator == other.denominator { return numerator == other.numerator }
        guard let left = numerator.times(other.denominator), let right = other.numerator.times(denominator) else {
            return nil
        }
        return left == right
    }

    func plus(_ other: RationalFunction) -> RationalFunction? {
        if denominator == other.denominator {
            return RationalFunction(numerator + other.numerator, over: denominator)
        }
        guard let left = numerator.times(other.denominator), let right = other.numerator.times(denominator),
            let common = denominator.times(other.denominator)
        else { return nil }
        return RationalFunction(left + right, over: common)
    }

    func times(_ other: RationalFunction) -> RationalFunction? {
        guard let top = numerator.times(other.numerator), let bottom = denominator.times(other.denominator) else {
            return nil
        }
        return RationalFunction(top, over: bottom)
    }

    var negated: RationalFunction? { RationalFunction(-numerator, over: denominator) }
    var inverse: RationalFunction? { RationalFunction(denominator, over: numerator) }

    /// A power; nil where it is not exact, not defined, or beyond the limits.
    func power(_ exponent: Rational) -> RationalFunction? {
        guard let count = exponent.integer else { return exponent.isInteger ? nil : root(exponent) }
        if let rational { return rational.power(count).map { RationalFunction($0) } }
        guard let base = count < 0 ? inverse : self, count.magnitude <= GradingLimits.exponent else { return nil }
        var result: RationalFunction? = RationalFunction(Rational.one)
        for _ in 0..<count.magnitude { result = result?.times(base) }
        return result
    }

    /// A fractional power of a real number that is one term; odd roots of negative numbers are real, as in school.
    private func root(_ exponent: Rational) -> RationalFunction? {
        guard denominator == .one, numerator.terms.count == 1, let (monomial, factor) = numerator.terms.first,
            let root = Int(exactly: exponent.denominator), root <= 64,
            let power = Int(exactly: exponent.numerator), abs(power) <= 64
        else { return isZero && !exponent.isNegative ? RationalFunction(Rational.zero) : nil }
        var value = Polynomial(.one)
        if factor.isNegative {
            if root == 2 {
                // i to the power: 1, i, −1, −i.
                let turn = ((power % 4) + 4) % 4
                let imaginary = Monomial(powers: [.init(base: .constant(.imaginary), exponent: 1, root: 1)])
                value = Polynomial(turn % 2 == 0 ? .one : imaginary, times: Rational(turn < 2 ? 1 : -1))
            } else if root.isMultiple(of: 2) {
                return nil
            } else {
                value = Polynomial(Rational(power.isMultiple(of: 2) ? 1 : -1))
            }
        }
        var primes: [(prime: Int, exponent: Int, root: Int)] = []
        for (number, sign) in [(factor.numerator, 1), (factor.denominator, -1)] {
            guard let factors = PrimeFactors.of(number.magnitude) else { return nil }
            primes += factors.map { ($0.prime, $0.count * power * sign, root) }
        }
        for part in monomial.powers {
            guard case .prime(let prime) = part.base, part.root * root <= 1 << 16 else { return nil }
            primes.append((prime, part.exponent * power, part.root * root))
        }
        for (prime, exponent, root) in primes {
            guard let (power, outer) = Monomial.root(of: prime, exponent: exponent, root: root),
                let next = value.times(Polynomial(Monomial(powers: power.map { [$0] } ?? []), times: outer))
            else { return nil }
            value = next
        }
        return RationalFunction(value, over: .one)
    }
}

/// The factors of integers, by trial division.
enum PrimeFactors {
    /// The primes of a number with their counts; nil if it has two factors that trial division does not reach.
    static func of(_ number: BigUInt) -> [(prime: Int, count: Int)]? {
        guard number.bitWidth <= 256 else { return nil }
        var rest = number
        var factors: [(prime: Int, count: Int)] = []
        var divisor: UInt = 2
        while divisor < 5_000, BigUInt(divisor * divisor) <= rest {
            if let small = UInt(exactly: rest), !small.isMultiple(of: divisor) {
                divisor += divisor == 2 ? 1 : 2
                continue
            }
            var count = 0
            while case (let quotient, let remainder) = rest.quotientAndRemainder(dividingBy: BigUInt(divisor)),
                remainder == 0
            {
                rest = quotient
                count += 1
            }
            if count > 0 { factors.append((Int(divisor), count)) }
            divisor += divisor == 2 ? 1 : 2
        }
        guard rest > 1 else { return factors }
        for (power, value) in [(1, rest), (2, rest.squareRoot())] where value.power(power) == rest {
            // No divisor below 5,000: prime if below 25,000,000.
            if value < 25_000_000, let prime = Int(exactly: value) { return factors + [(prime, power)] }
        }
        return nil
    }
}
