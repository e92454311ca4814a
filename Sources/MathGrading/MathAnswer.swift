/// An answer, read once, to be compared with others.
///
/// Equality is of values and exact where it can be: fractions, decimals, roots and polynomials are compared as such, other
/// formulas at fixed points. What is left open by how people write is settled so:
/// - A unit, a currency or a name (`x =`) may be missing on one side; if both sides have one, they must agree.
/// - Degrees are a unit: 180° equals 180, and π radians, but not π.
/// - `50%` equals 50 (the unit is missing) and 0.5 (its value); 50 does not equal 0.5.
/// - `1,234` is a number, `1, 234` and `1,23` are lists; in brackets a comma always separates.
/// - Tuples, intervals and lists are ordered, sets are not; a list equals the set of its elements. `(1,2)` is not `[1,2]`.
/// - Lists of tuples are sets of points, and so are the values of one name (`x = 1, 2`): their order says nothing.
/// - A value may be named by what it is the value of (`\sin A = 3/5`, `|z| = 7`, `2 · 5 = 10`), and may be rounded
///   (`1/3 ≈ 0.333` equals 1/3 and 0.333). What an answer holds for (`for all x`) may be missing on one side.
/// - A numeral with a base (`52_8`) equals only the same numeral with the same base.
/// - Equations are equal if one is the other times a number other than 0; inequalities if the number is positive.
/// - A letter from A to E is a choice, with or without brackets.
/// - What cannot be read is compared as text, case, commas and spaces aside. An empty answer equals nothing.
public struct MathAnswer: Sendable, Hashable {
    /// What an answer is.
    indirect enum Form: Sendable, Hashable {
        case formula(Formula)
        case quantity(MathAnswer, MeasurementUnit)
        /// A tuple or an interval, with its brackets.
        case sequence(Character, [MathAnswer], Character)
        case set([MathAnswer])
        case list([MathAnswer])
        case union([MathAnswer])
        case matrix([[MathAnswer]])
        case relation(Relation)
        case choice(Character, MathAnswer?)
        case based(digits: String, base: Int)
        /// An exact value, and what it was rounded to: `1/3 ≈ 0.333`.
        case approximated(MathAnswer, [MathAnswer])
        /// An answer, and for what it holds: `2k for all integers k`.
        case qualified(MathAnswer, String)
        case time(TimeOfDay)
        /// `3 : 4`, which is told from 6 : 8.
        case ratio([MathAnswer])
        case text
    }

    let form: Form
    /// The normalised text.
    let text: String
    /// The text without its spaces; nil if they can make a difference.
    private let compactText: String?

    /// Reads an answer.
    ///
    /// Every text is an answer; what is no mathematics, or is too long or too deep, is a text.
    public init(_ text: String) {
        let normalised = AnswerText.normalised(text)
        let isLong = normalised.utf8.count > GradingLimits.characters
        self.init(form: isLong ? .text : MathAnswerParser.form(of: normalised), text: normalised)
    }

    init(form: Form, text: String) {
        self.form = form
        self.text = text
        guard text.utf8.count <= GradingLimits.characters else {
            compactText = nil
            return
        }
        let parts = text.split(separator: " ")
        let joinsNumerals = zip(parts, parts.dropFirst()).contains {
            $0.last?.isDigit == true && $1.first?.isDigit == true
        }
        compactText = joinsNumerals || text.contains(",") ? nil : parts.joined()
    }

    init(_ formula: Formula) { self.init(form: .formula(formula), text: "") }

    /// Whether two answers have the same value, as the type's description says.
    public func equals(_ other: MathAnswer) -> Bool {
        if !isBlank, text == other.text || (compactText != nil && compactText == other.compactText) { return true }
        return form.matches(other.form, self, other) ?? other.form.matches(form, other, self) ?? false
    }

    /// Whether nothing was said.
    private var isBlank: Bool { text.isEmpty || (isText && plainText.isEmpty) }
    var isText: Bool { if case .text = form { true } else { false } }
    /// Whether this is a value rather than a statement or a text.
    var isValue: Bool {
        switch form {
        case .formula, .quantity, .sequence: true
        default: false
        }
    }
    var formula: Formula? { if case .formula(let formula) = form { formula } else { nil } }

    /// The value rounded, if it is a number, a quantity, or an equation for one.
    var number: Double? {
        switch form {
        case .formula(let formula): formula.number
        case .quantity(let value, _): value.number
        case .relation(let relation): relation.value?.number
        default: nil
        }
    }

    /// The text without spaces, commas and `\\text{}`, and without case unless it holds mathematics.
    var plainText: String {
        guard text.utf8.count <= GradingLimits.characters else { return text }
        var plain = ""
        var groups: [Bool] = []
        var rest = text[...]
        while let first = rest.first {
            if rest.hasPrefix("\\text{") {
                groups.append(true)
                rest.removeFirst(6)
                continue
            }
            rest.removeFirst()
            if first == "{" { groups.append(false) }
            if first == "}", groups.popLast() == true { continue }
            if first != " ", first != "," { plain.append(first) }
        }
        return plain.contains { "\\^_=".contains($0) } ? plain : plain.lowercased()
    }
}

/// An equation, an inequality, or a membership.
struct Relation: Sendable, Hashable {
    enum Kind: Sendable, Hashable { case equal, notEqual, less, lessOrEqual, member }

    var kind: Kind
    /// The left side minus the right.
    var difference: Formula?
    /// The name that the relation is solved for, or the quantity that it gives.
    var name: String?
    /// What the relation says of the name: its value, or where it lies.
    var value: MathAnswer?

    func equals(_ other: Relation) -> Bool {
        if let name, name == other.name, let value, let others = other.value, value.equals(others) { return true }
        // 2 · 5 = 10.
        if name == nil, other.name == nil, kind == other.kind, let value, let others = other.value {
            return value.equals(others)
        }
        guard kind == other.kind, let difference, let others = other.difference else { return false }
        return difference.isProportional(to: others, positively: kind == .less || kind == .lessOrEqual)
    }
}
