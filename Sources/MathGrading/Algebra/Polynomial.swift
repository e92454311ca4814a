internal import BigInt

/// A product of powers: of variables, of π, e and i, and of roots of prime numbers.
///
/// A root of a prime is that prime with an exponent between 0 and 1. Products of such roots with different exponents are
/// linearly independent over the rational numbers (Besicovitch 1940), and so a polynomial of them is 0 only if no term
/// is left.
struct Monomial: Hashable, Sendable {
    struct Power: Hashable, Sendable {
        let base: Base
        /// The exponent is `exponent / root`; `root` is 1 except for primes.
        let exponent: Int
        let root: Int
    }

    enum Base: Hashable, Sendable {
        case variable(String)
        case prime(Int)
        case constant(Constant)

        /// An arbitrary fixed order, so that equal products have equal keys.
        var order: String {
            switch self {
            case .variable(let name): "v" + name
            case .prime(let prime): "p\(prime)"
            case .constant(let constant): "c" + constant.rawValue
            }
        }
    }

    let powers: [Power]

    static let one = Monomial(powers: [])

    /// The product, and the rational factor that came out of it (i² = −1, √2·√2 = 2).
    func times(_ other: Monomial) -> (Monomial, Rational)? {
        if powers.isEmpty { return (other, .one) }
        if other.powers.isEmpty { return (self, .one) }
        var merged: [Power] = []
        var factor = Rational.one
        var left = powers[...]
        var right = other.powers[...]
        while let first = left.first, let second = right.first {
            if first.base == second.base {
                guard let (power, outer) = Self.combined(first, second) else { return nil }
                if let power { merged.append(power) }
                factor = factor * outer
                left.removeFirst()
                right.removeFirst()
            } else if first.base.order < second.base.order {
                merged.append(left.removeFirst())
            } else {
                merged.append(right.removeFirst())
            }
        }
        return (Monomial(powers: merged + left + right), factor)
    }

    private static func combined(_ first: Power, _ second: Power) -> (Power?, Rational)? {
        switch first.base {
        case .constant(.imaginary):
            return (nil, Rational(-1))
        case .prime(let prime):
            let (sum, product) = (
                first.exponent * second.root + second.exponent * first.root, first.root * second.root
            )
            guard product <= 1 << 20 else { return nil }
            return Self.root(of: prime, exponent: sum, root: product)
        default:
            let (sum, overflow) = first.exponent.addingReportingOverflow(second.exponent)
            return overflow ? nil : (Power(base: first.base, exponent: sum, root: 1), .one)
        }
    }

    /// A prime to a fraction: its proper part as a power, its whole part as a factor.
    static func root(of prime: Int, exponent: Int, root: Int) -> (Power?, Rational)? {
        let whole = exponent >= 0 ? exponent / root : -((-exponent + root - 1) / root)
        let rest = exponent - whole * root
        guard let factor = Rational(prime).power(whole) else { return nil }
        let divisor = max(1, Int(BigInt(rest).greatestCommonDivisor(with: BigInt(root))))
        return (
            rest == 0 ? nil : Power(base: .prime(prime), exponent: rest / divisor, root: root / divisor), factor
        )
    }
}

/// A sum of monomials with rational coefficients, in the one form that it has: equal values are equal dictionaries.
struct Polynomial: Hashable, Sendable {
    private(set) var terms: [Monomial: Rational]

    init(_ value: Rational) { terms = value.isZero ? [:] : [.one: value] }

    init(_ monomial: Monomial, times factor: Rational = .one) { terms = factor.isZero ? [:] : [monomial: factor] }

    static let one = Polynomial(.one)
    var isZero: Bool { terms.isEmpty }

    /// The value, if it is a rational number.
    var rational: Rational? {
        if terms.isEmpty { return .zero }
        return terms.count == 1 ? terms[.one] : nil
    }

    static func + (left: Polynomial, right: Polynomial) -> Polynomial {
        var sum = left
        for (monomial, factor) in right.terms { sum.add(factor, monomial) }
        return sum
    }

    static prefix func - (value: Polynomial) -> Polynomial { value.times(Rational(-1)) }

    /// The product; nil beyond the limits.
    func times(_ other: Polynomial) -> Polynomial? {
        if let factor = other.rational { return times(factor) }
        if let factor = rational { return other.times(factor) }
        guard terms.count * other.terms.count <= GradingLimits.terms * 20 else { return nil }
        var product = Polynomial(.zero)
        for (left, leftFactor) in terms {
            for (right, rightFactor) in other.terms {
                guard let (monomial, outer) = left.times(right) else { return nil }
                product.add(leftFactor * rightFactor * outer, monomial)
            }
            guard product.isBounded else { return nil }
        }
        return product
    }

    func times(_ factor: Rational) -> Polynomial {
        if factor == .one { return self }
        var product = self
        product.terms = factor.isZero ? [:] : terms.mapValues { $0 * factor }
        return product
    }

    /// Whether the polynomial is small enough to go on with.
    var isBounded: Bool {
        terms.count <= GradingLimits.terms && terms.values.allSatisfy { $0.bits <= 2 * GradingLimits.bits }
    }

    private mutating func add(_ factor: Rational, _ monomial: Monomial) {
        let sum = (terms[monomial] ?? .zero) + factor
        terms[monomial] = sum.isZero ? nil : sum
    }
}
