internal import Numerics

/// A formula ready to be compared.
struct Formula: Hashable, Sendable {
    let expression: Expression
    let exact: RationalFunction?
    let variables: Set<String>
    /// The values at the fixed points, where there is no exact one.
    private let samples: [Complex<Double>]

    init(_ expression: Expression) {
        self.expression = expression
        exact = expression.exact
        variables = expression.variables
        samples =
            exact == nil ? Self.samples(of: expression, count: variables.isEmpty ? 1 : NumericEvaluation.points) : []
    }

    /// The value, if it is a rational number.
    var rational: Rational? { exact?.rational }

    /// The value rounded, if it is a real number.
    var number: Double? {
        guard variables.isEmpty, let value = values(1).first, value.isFinite,
            abs(value.imaginary) <= 1e-12 * abs(value.real)
        else { return nil }
        return value.real
    }

    /// The variable's name, if the formula is nothing else.
    var name: String? {
        if case .variable(let name) = expression { return name }
        return nil
    }

    /// Whether the values are equal: exactly where both are exact, else at the fixed points.
    ///
    /// What agrees in double precision is computed once more, with hundreds of digits. A formula that has no value at most
    /// of the points equals nothing.
    func equals(_ other: Formula) -> Bool {
        if let exact, let others = other.exact, let verdict = exact.equals(others) { return verdict }
        let isConstant = variables.isEmpty && other.variables.isEmpty
        let count = isConstant ? 1 : NumericEvaluation.points
        var agreements: [Int] = []
        for (point, (left, right)) in zip(values(count), other.values(count)).enumerated() {
            guard left.isFinite, right.isFinite else { continue }
            guard NumericEvaluation.isEqual(left, right) else { return false }
            agreements.append(point)
        }
        // What double precision cannot hold.
        if isConstant, agreements.isEmpty {
            return PreciseEvaluation.equal(expression, other.expression, at: 0) ?? false
        }
        guard agreements.count >= (count + 2) / 3 else { return false }
        if let point = agreements.first,
            let verdict = PreciseEvaluation.equal(expression, other.expression, at: point)
        {
            return verdict
        }
        // A long decimal may agree with an irrational number to the last digit of a Double, and is still another number.
        return ![rational, other.rational].contains { $0.map { $0.bits > 80 } ?? false }
    }

    /// Whether one formula is the other times a number that is not 0 (and is positive, if asked).
    func isProportional(to other: Formula, positively: Bool) -> Bool {
        guard variables == other.variables, !variables.isEmpty else { return false }
        var first: Complex<Double>?
        var agreements = 0
        for (left, right) in zip(values(NumericEvaluation.points), other.values(NumericEvaluation.points)) {
            guard left.isFinite, right.isFinite, right.length > 1e-9, left.length > 1e-9 else { continue }
            let ratio = left / right
            let reference = first ?? ratio
            guard NumericEvaluation.isEqual(reference, ratio) else { return false }
            first = reference
            agreements += 1
        }
        guard agreements >= 3, let first else { return false }
        // What is exact is decided exactly, if the factor is a fraction of small numbers.
        if let exact, let others = other.exact, let factor = Self.smallFraction(first) {
            if let scaled = others.times(RationalFunction(factor)), exact.equals(scaled) == false { return false }
        }
        return !positively || (first.real > 0 && abs(first.imaginary) < 1e-9)
    }

    private static func smallFraction(_ value: Complex<Double>) -> Rational? {
        guard abs(value.imaginary) < 1e-9 else { return nil }
        for denominator in 1...1_000 {
            let numerator = (value.real * Double(denominator)).rounded()
            if abs(numerator) < 1e12, abs(value.real - numerator / Double(denominator)) < 1e-11 * abs(value.real),
                let inverse = Rational(denominator).inverse
            {
                return Rational(Int(numerator)) * inverse
            }
        }
        return nil
    }

    private func values(_ count: Int) -> [Complex<Double>] {
        if samples.count >= count { return samples }
        return Self.samples(of: expression, count: count)
    }

    private static func samples(of expression: Expression, count: Int) -> [Complex<Double>] {
        (0..<count).map { NumericEvaluation.value(of: expression, at: $0) }
    }
}
