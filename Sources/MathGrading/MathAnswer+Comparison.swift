extension MathAnswer.Form {
    /// Whether this form of `answer` has the value of another; nil if the question must be put the other way round.
    func matches(_ other: Self, _ answer: MathAnswer, _ others: MathAnswer) -> Bool? {
        switch (self, other) {
        case (.qualified(let left, let condition), .qualified(let right, let other)):
            return condition == other && left.equals(right)
        case (.qualified(let left, _), _): return left.equals(others)
        case (.approximated(let left, _), .approximated(let right, _)): return left.equals(right)
        case (.approximated(let exact, let rounded), _):
            return exact.equals(others) || rounded.contains { $0.equals(others) }
        case (_, .approximated), (_, .qualified): return nil
        case (.time(let left), .time(let right)): return left == right
        case (.ratio(let left), .ratio(let right)): return Self.ordered(left, right)
        case (.time(let time), .text), (.time(let time), .ratio): return TimeOfDay(plain: others.text) == time
        case (.formula(let left), .formula(let right)): return left.equals(right)
        case (.quantity(let left, let unit), .quantity(let right, let otherUnit)):
            if unit == otherUnit { return left.equals(right) }
            return unit.factor(to: otherUnit).map { left.scaled(by: $0)?.equals(right) ?? false }
        case (.quantity(let value, let unit), _):
            if value.equals(others) { return true }
            return unit.impliedFactor.map { value.scaled(by: $0)?.equals(others) ?? false }
        case (.sequence(let open, let left, let close), .sequence(let otherOpen, let right, let otherClose)):
            return open == otherOpen && close == otherClose && Self.ordered(left, right)
        case (.set(let left), .set(let right)), (.set(let left), .list(let right)),
            (.union(let left), .union(let right)):
            return Self.unordered(left, right)
        case (.set(let items), .union(let parts)):
            // x < 1 or x > 3.
            let areRelations = items.allSatisfy { if case .relation = $0.form { true } else { false } }
            return areRelations && Self.unordered(items, parts)
        case (.set(let items), .formula), (.set(let items), .quantity):
            return items.count == 1 && items[0].equals(others)
        case (.list(let left), .list(let right)):
            return Self.ordered(left, right) || Self.sameAssignments(left, right)
                || (Self.arePoints(left) && Self.arePoints(right) && Self.unordered(left, right))
        case (.list(let items), .sequence("(", let values, ")")):
            guard let sorted = Self.byName(items) else { return false }
            return Self.ordered(sorted.compactMap { $0.value }, values)
        case (.matrix(let left), .matrix(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { Self.ordered($0, $1) }
        case (.relation(let left), .relation(let right)): return left.equals(right)
        case (.relation(let relation), _): return relation.value?.equals(others) ?? nil
        case (.choice(let letter, let content), .choice(let otherLetter, let otherContent)):
            guard letter == otherLetter else { return false }
            guard let content, let otherContent else { return true }
            return content.equals(otherContent)
        case (.choice(let letter, nil), .formula(let formula)): return formula.name?.uppercased() == String(letter)
        case (.choice(_, let content?), _): return content.equals(others)
        case (.based(let digits, let base), .based(let otherDigits, let otherBase)):
            return digits == otherDigits && base == otherBase
        case (.text, .text): return !answer.plainText.isEmpty && answer.plainText == others.plainText
        default: return nil
        }
    }

    private static func ordered(_ left: [MathAnswer], _ right: [MathAnswer]) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { $0.equals($1) }
    }

    /// Whether each element of one is an element of the other; too many are compared in their order.
    private static func unordered(_ left: [MathAnswer], _ right: [MathAnswer]) -> Bool {
        guard max(left.count, right.count) <= GradingLimits.unordered else { return ordered(left, right) }
        return left.allSatisfy { item in right.contains { item.equals($0) } }
            && right.allSatisfy { item in left.contains { item.equals($0) } }
    }

    /// The relations of a list such as `y = 4, x = 3`, in the order of their names; nil if it is no such list.
    private static func byName(_ items: [MathAnswer]) -> [Relation]? {
        var relations: [String: Relation] = [:]
        for item in items {
            guard case .relation(let relation) = item.form, relation.kind == .equal, let name = relation.name,
                relation.value != nil, relations.updateValue(relation, forKey: name) == nil
            else { return nil }
        }
        return relations.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Whether each of several items is a tuple, or a list of assignments that stands for one.
    private static func arePoints(_ items: [MathAnswer]) -> Bool {
        items.allSatisfy { item in
            switch item.form {
            case .sequence("(", _, ")"): true
            case .list(let parts): byName(parts) != nil
            default: false
            }
        }
    }

    private static func sameAssignments(_ left: [MathAnswer], _ right: [MathAnswer]) -> Bool {
        guard let left = byName(left), let right = byName(right), left.count == right.count else { return false }
        return zip(left, right).allSatisfy { $0.equals($1) }
    }
}

extension MathAnswer {
    /// The answer times a number; nil if it is no formula.
    func scaled(by factor: Expression) -> MathAnswer? {
        formula.map { MathAnswer(Formula(.product([$0.expression, factor]))) }
    }
}

extension MeasurementUnit {
    /// What a bare number with this unit may also be multiplied by to be read without it: 50 % is 0.5.
    var impliedFactor: Expression? {
        self == .percent ? .quotient(.number(.one), .number(Rational(100))) : nil
    }

    /// The factor between two units that are often written for each other.
    func factor(to other: MeasurementUnit) -> Expression? {
        switch (name, other.name) {
        case ("dollar", "cent"): .number(Rational(100))
        case ("degree", "radian"): .quotient(.constant(.pi), .number(Rational(180)))
        default: nil
        }
    }
}
