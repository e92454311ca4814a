/// The numbers with a name.
enum Constant: String, Hashable, Sendable {
    case pi = "π"
    case euler = "e"
    case imaginary = "i"
    case infinity = "∞"
}

/// The functions with a name.
enum Function: String, Hashable, Sendable, CaseIterable {
    case sin, cos, tan, cot, sec, csc, arcsin, arccos, arctan, sinh, cosh, tanh, ln, log, exp, abs, floor, ceil
}

/// A formula as it was written.
indirect enum Expression: Hashable, Sendable {
    case number(Rational)
    case variable(String)
    case constant(Constant)
    case sum([Expression])
    case product([Expression])
    case quotient(Expression, Expression)
    case power(Expression, Expression)
    case factorial(Expression)
    case binomial(Expression, Expression)
    case function(Function, Expression)
    case logarithm(base: Expression, Expression)
    /// ±, or ∓ where `isUpperMinus`.
    case plusMinus(Expression, isUpperMinus: Bool)

    static func negated(_ value: Expression) -> Expression {
        if case .number(let number) = value { return .number(-number) }
        return .product([.number(Rational(-1)), value])
    }

    var children: [Expression] {
        switch self {
        case .number, .variable, .constant: []
        case .sum(let parts), .product(let parts): parts
        case .quotient(let left, let right), .power(let left, let right), .binomial(let left, let right),
            .logarithm(let left, let right):
            [left, right]
        case .factorial(let value), .function(_, let value), .plusMinus(let value, _): [value]
        }
    }

    /// The names of the variables.
    var variables: Set<String> {
        if case .variable(let name) = self { return [name] }
        return children.reduce(into: []) { $0.formUnion($1.variables) }
    }

    /// Whether a ± stands anywhere.
    var hasPlusMinus: Bool {
        if case .plusMinus = self { return true }
        return children.contains { $0.hasPlusMinus }
    }

    /// The expression with every ± read as its upper sign, or every one as its lower.
    func choosing(upper: Bool) -> Expression {
        switch self {
        case .number, .variable, .constant: self
        case .sum(let parts): .sum(parts.map { $0.choosing(upper: upper) })
        case .product(let parts): .product(parts.map { $0.choosing(upper: upper) })
        case .quotient(let left, let right): .quotient(left.choosing(upper: upper), right.choosing(upper: upper))
        case .power(let left, let right): .power(left.choosing(upper: upper), right.choosing(upper: upper))
        case .binomial(let left, let right): .binomial(left.choosing(upper: upper), right.choosing(upper: upper))
        case .logarithm(let base, let value):
            .logarithm(base: base.choosing(upper: upper), value.choosing(upper: upper))
        case .factorial(let value): .factorial(value.choosing(upper: upper))
        case .function(let function, let value): .function(function, value.choosing(upper: upper))
        case .plusMinus(let value, let isUpperMinus):
            isUpperMinus == upper ? .negated(value.choosing(upper: upper)) : value.choosing(upper: upper)
        }
    }

    /// The exact value, if the formula is made of sums, products, quotients, powers and roots; nil otherwise, and beyond
    /// the limits.
    var exact: RationalFunction? {
        switch self {
        case .number(let value): return RationalFunction(value)
        case .variable(let name):
            return .init(Polynomial(Monomial(powers: [.init(base: .variable(name), exponent: 1, root: 1)])))
        case .constant(let constant):
            return .init(Polynomial(Monomial(powers: [.init(base: .constant(constant), exponent: 1, root: 1)])))
        case .sum(let parts):
            return parts.reduce(RationalFunction(Rational.zero)) { sum, part in part.exact.flatMap { sum?.plus($0) } }
        case .product(let parts):
            return parts.reduce(RationalFunction(Rational.one)) { product, part in
                part.exact.flatMap { product?.times($0) }
            }
        case .quotient(let left, let right):
            guard let inverse = right.exact?.inverse else { return nil }
            return left.exact?.times(inverse)
        case .power(let base, let exponent):
            guard let exponent = exponent.exact?.rational else { return nil }
            return base.exact?.power(exponent)
        case .factorial(let value):
            guard let count = value.exact?.rational?.integer, (0...1_000).contains(count) else { return nil }
            return RationalFunction((1...max(1, count)).reduce(.one) { $0 * Rational($1) })
        case .binomial(let top, let bottom):
            guard let count = bottom.exact?.rational?.integer, (0...GradingLimits.exponent).contains(count),
                let first = top.exact
            else { return nil }
            return (0..<count).reduce(RationalFunction(Rational.one)) { product, index in
                guard let factor = first.plus(RationalFunction(Rational(-index))),
                    let share = Rational(index + 1).inverse
                else { return nil }
                return product?.times(factor)?.times(RationalFunction(share))
            }
        case .function(let function, let value):
            guard let value = value.exact?.rational else { return nil }
            switch function {
            case .abs: return RationalFunction(value.isNegative ? -value : value)
            case .floor: return RationalFunction(value.floor)
            case .ceil: return RationalFunction(-(-value).floor)
            default: return nil
            }
        case .logarithm, .plusMinus: return nil
        }
    }
}
