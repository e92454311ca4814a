extension MathAnswerParser {
    private static func relationSign(_ token: AnswerToken) -> String? {
        switch token.kind {
        case .symbol("="): "="
        case .symbol("<"): "<"
        case .symbol(">"): ">"
        case .command("le"): "≤"
        case .command("ge"): "≥"
        case .command("ne"): "≠"
        case .command("in"): "∈"
        default: nil
        }
    }

    /// Equations, inequalities and memberships; the form inside is nil if it is only a text.
    static func relation(_ tokens: Tokens, depth: Int) -> (form: Form?, Void)? {
        guard let parts = split(tokens, where: { relationSign($0) != nil }) else { return nil }
        var level = 0
        var signs: [String] = []
        for token in tokens {
            level += token.nesting
            if level == 0, let sign = relationSign(token) { signs.append(sign) }
        }
        guard !parts.contains(where: \.isEmpty), parts.count <= 8 else { return (nil, ()) }
        if signs.allSatisfy({ $0 == "=" }) { return (equation(parts, depth: depth), ()) }
        if signs.count == 1, signs[0] == "∈", let name = name(parts[0]) {
            let value = answer(parts[1], depth: depth + 1)
            return (.relation(Relation(kind: .member, name: name, value: value)), ())
        }
        if signs.count == 2 { return (between(parts, signs, depth: depth), ()) }
        return (signs.count == 1 ? inequality(parts, signs[0]) : nil, ())
    }

    /// An equation; its value is what its last side says of the first, or of a name that stands last.
    private static func equation(_ parts: [Tokens], depth: Int) -> Form? {
        guard let first = parts.first, let last = parts.last else { return nil }
        var relation = Relation(kind: .equal)
        if let name = name(first) ?? quantityName(first) {
            relation.name = name
            relation.value = answer(last, depth: depth + 1)
        } else if parts.count == 2, let name = name(last) {
            relation.name = name
            relation.value = answer(first, depth: depth + 1)
        } else if parts.count > 2 || isComputation(first, last) {
            relation.value = answer(last, depth: depth + 1)
        }
        if parts.count == 2 { relation.difference = difference(first, last) }
        if parts.count == 2, relation.value == nil, let difference = relation.difference,
            difference.rational?.isZero == true
        {
            // An identity, such as an expanded product.
            relation.value = answer(last, depth: depth + 1)
        }
        return relation.value == nil && relation.difference == nil ? nil : .relation(relation)
    }

    /// Whether both sides are numbers: 2 · 5 = 10.
    private static func isComputation(_ left: Tokens, _ right: Tokens) -> Bool {
        guard case .formula(let left)? = formula(left), left.variables.isEmpty else { return false }
        if case .formula(let right)? = formula(right) { return right.variables.isEmpty }
        if case .quantity? = quantity(right, depth: 0) { return true }
        return false
    }

    /// `1/3 ≈ 0.333`: an exact value, or an equation, and roundings of it that are near to it.
    static func approximated(_ tokens: Tokens, depth: Int) -> Form? {
        guard let parts = split(tokens, where: { $0.isCommand("approx") }) else { return nil }
        guard let first = parts.first, !parts.dropFirst().contains(where: \.isEmpty), parts.count <= 8 else {
            return nil
        }
        let rounded = parts.dropFirst().map { answer($0, depth: depth + 1) }
        guard let last = rounded.last else { return nil }
        if first.isEmpty { return last.form }
        if split(first, where: { relationSign($0) != nil }) == nil, let name = name(first) ?? quantityName(first) {
            return .relation(Relation(kind: .equal, name: name, value: last))
        }
        let exact = answer(first, depth: depth + 1)
        guard !exact.isText else { return nil }
        let near = rounded.filter { item in
            guard let value = exact.number, let number = item.number else { return false }
            return abs(value - number) <= 0.1 * max(abs(value), abs(number))
        }
        return .approximated(exact, near)
    }

    /// `2x for all real x`, `2k, k \in \mathbb{Z}`; nil without such a condition.
    static func qualified(_ tokens: Tokens, depth: Int) -> Form? {
        guard depth <= GradingLimits.depth, let start = conditionStart(tokens), start > tokens.startIndex else {
            return nil
        }
        var head = tokens[..<start]
        var condition = tokens[start...]
        while let last = head.last, last.isSymbol(",") || last.isSymbol("(") || last.isSymbol(";") {
            if last.isSymbol("("), condition.last?.isSymbol(")") == true { condition.removeLast() }
            head.removeLast()
        }
        let value = answer(head, depth: depth + 1)
        guard !head.isEmpty, !value.isText else { return nil }
        return .qualified(value, source(condition).lowercased().filter { !" {}().".contains($0) })
    }

    /// Where a condition begins that says for what an answer holds.
    private static func conditionStart(_ tokens: Tokens) -> Tokens.Index? {
        let openers: Set<String> = ["all", "any", "every", "each", "some"]
        var level = 0
        for index in tokens.indices {
            let token = tokens[index]
            if level == 0 || (level == 1 && index > tokens.startIndex && tokens[index - 1].isSymbol("(")) {
                if token.isCommand("forall") { return index }
                if let words = words(token)?.lowercased().split(separator: " ") {
                    let next = index + 1 < tokens.endIndex ? self.words(tokens[index + 1])?.lowercased() : nil
                    if words.first == "where", index > tokens.startIndex { return index }
                    if words.first == "for",
                        openers.contains(words.dropFirst().first.map(String.init) ?? next ?? "")
                            || isBound(tokens[(index + 1)...])
                    {
                        return index
                    }
                }
                // f(x) = x^2, x \\ge 0; a_n = n^2 (n \\ge 1).
                if token.isSymbol(",") || (token.isSymbol("(") && tokens.last?.isSymbol(")") == true),
                    restricts(tokens[(index + 1)...], tokens[..<index])
                {
                    return index + 1
                }
            }
            level += token.nesting
        }
        // k \in \mathbb{Z}, after a comma or in brackets of its own.
        guard let member = tokens.lastIndex(where: { $0.isCommand("in") }), member > tokens.startIndex + 2,
            member + 1 < tokens.endIndex, tokens[member + 1].isCommand("mathbb")
        else { return nil }
        let name = member - 1
        return tokens[name - 1].isSymbol(",") || tokens[name - 1].isSymbol("(") ? name : nil
    }

    /// Whether some tokens bound one variable: x \\ge 0.
    private static func isBound(_ tokens: Tokens) -> Bool {
        guard tokens.count >= 3, let name = tokens.first, name.word?.count == 1 || isGreek(name) else { return false }
        return ["<", ">", "≤", "≥", "≠", "∈"].contains(relationSign(tokens[tokens.startIndex + 1]))
    }

    /// Whether some tokens bound the variable of the function or sequence that others define.
    private static func restricts(_ bound: Tokens, _ head: Tokens) -> Bool {
        guard isBound(bound), let name = bound.first,
            let equals = head.firstIndex(where: { $0.isSymbol("=") }), equals > head.startIndex + 1
        else { return false }
        return head[..<equals].contains { $0.kind == name.kind }
    }

    private static func words(_ token: AnswerToken) -> String? {
        switch token.kind {
        case .word(let word), .text(let word): word
        default: nil
        }
    }

    private static func difference(_ left: Tokens, _ right: Tokens) -> Formula? {
        guard case .formula(let left)? = formula(left), case .formula(let right)? = formula(right) else { return nil }
        return Formula(.sum([left.expression, .negated(right.expression)]))
    }

    private static func inequality(_ parts: [Tokens], _ sign: String) -> Form? {
        let isTurned = sign == ">" || sign == "≥"
        let (left, right) = isTurned ? (parts[1], parts[0]) : (parts[0], parts[1])
        let kinds: [String: Relation.Kind] = [
            "<": .less, ">": .less, "≤": .lessOrEqual, "≥": .lessOrEqual, "≠": .notEqual,
        ]
        guard let kind = kinds[sign], let difference = difference(left, right) else { return nil }
        var relation = Relation(kind: kind, difference: difference)
        guard kind != .notEqual else { return .relation(relation) }
        // What is solved for a name is also an interval.
        if let name = name(left), name != self.name(right) {
            relation.name = name
            let close: Character = kind == .less ? ")" : "]"
            relation.value = interval(
                "(", MathAnswer(Formula(.negated(.constant(.infinity)))), answer(right, depth: 0), close)
        } else if let name = name(right) {
            relation.name = name
            let open: Character = kind == .less ? "(" : "["
            relation.value = interval(open, answer(left, depth: 0), MathAnswer(Formula(.constant(.infinity))), ")")
        }
        return .relation(relation)
    }

    private static func interval(
        _ open: Character, _ low: MathAnswer, _ high: MathAnswer, _ close: Character
    ) -> MathAnswer {
        MathAnswer(form: .sequence(open, [low, high], close), text: "")
    }

    /// `1 < x \le 2`, or the other way round.
    private static func between(_ parts: [Tokens], _ signs: [String], depth: Int) -> Form? {
        guard let name = name(parts[1]) else { return nil }
        let rising = signs.allSatisfy { $0 == "<" || $0 == "≤" }
        guard rising || signs.allSatisfy({ $0 == ">" || $0 == "≥" }) else { return nil }
        let ends = [answer(parts[0], depth: depth + 1), answer(parts[2], depth: depth + 1)]
        let isOpen = signs.map { $0 == "<" || $0 == ">" }
        let (low, high) = rising ? (0, 1) : (1, 0)
        let value = interval(isOpen[low] ? "(" : "[", ends[low], ends[high], isOpen[high] ? ")" : "]")
        return .relation(Relation(kind: .member, name: name, value: value))
    }

    /// What a relation can be solved for: a variable, a function of a variable, a tuple of them, or words.
    private static func name(_ tokens: Tokens) -> String? {
        guard let first = tokens.first else { return nil }
        if tokens.count == 1 {
            switch first.kind {
            case .text(let text): return text
            case .word(let word) where ExpressionParser.pieces(of: word) == nil: return word
            default: break
            }
        }
        if tokens.contains(where: { $0.isCommand("angle") }) { return compact(tokens) }
        if case .formula(let formula)? = formula(tokens), let name = formula.name { return name }
        // f(x), f^{-1}(x), f(3), P(A), \\Phi (x, y), (x, y).
        guard tokens.last?.isSymbol(")") == true, let open = tokens.firstIndex(where: { $0.isSymbol("(") }) else {
            return nil
        }
        let inner = tokens[(open + 1)...].dropLast()
        let head = tokens[..<open]
        guard !inner.isEmpty, inner.allSatisfy({ !$0.isSymbol("(") && !$0.isSymbol(")") }) else { return nil }
        let areNames = inner.allSatisfy { $0.word?.count == 1 || isGreek($0) || $0.isSymbol(",") }
        guard let first = head.first else { return areNames ? compact(tokens) : nil }
        let isFunction =
            isGreek(first) || (first.word?.count == 1 && first.word != "x") || words(first).map { $0.count > 1 } == true
        guard isFunction,
            head.count == 1 || !head.contains(where: { $0.isSymbol("+") || $0.isSymbol("-") && areNames == false })
        else { return nil }
        return compact(tokens)
    }

    /// How tokens are written, without what makes no difference in a name.
    private static func compact(_ tokens: Tokens) -> String {
        tokens.map { words($0) ?? $0.source }.joined().filter { !" {}".contains($0) }
    }

    /// The name of what a side stands for, if it is a quantity rather than one side of an equation to be solved: \\sin A,
    /// |z|, AB, m + n, AB : CD, or what is no formula at all.
    private static func quantityName(_ tokens: Tokens) -> String? {
        guard tokens.count <= 40 else { return nil }
        if tokens.count == 1, let word = tokens.first?.word, (2...4).contains(word.count),
            word.allSatisfy({ $0.isUppercase })
        {
            return word
        }
        if case .formula(let formula)? = formula(tokens) {
            return !formula.variables.isEmpty && isQuantity(formula.expression) ? compact(tokens) : nil
        }
        // "A pen costs 1.20 + 0.30" is a sentence.
        let hasWords = tokens.contains { $0.word.map { ExpressionParser.pieces(of: $0) == nil } ?? false }
        if hasWords, tokens.count > 8 || tokens.contains(where: \.isNumber) { return nil }
        // A list, a set or a quantity is a value of its own.
        guard tokens.contains(where: { words($0) != nil || isLetter($0) }), split(tokens, where: isSeparator) == nil
        else { return nil }
        return compact(tokens)
    }

    private static func isSeparator(_ token: AnswerToken) -> Bool {
        token.isSymbol(",") || token.isSymbol(";") || token.isCommand("pm") || token.isCommand("cup")
    }

    private static func isLetter(_ token: AnswerToken) -> Bool {
        if case .command(let name) = token.kind { name.count > 1 } else { false }
    }

    private static func isQuantity(_ expression: Expression) -> Bool {
        switch expression {
        case .variable: true
        case .function(let function, let argument):
            switch function {
            case .sin, .cos, .tan, .cot, .sec, .csc, .arcsin, .arccos, .arctan: true
            case .abs: isQuantity(argument)
            default: argument.variables.allSatisfy { $0.first?.isUppercase == true }
            }
        case .power(let base, _): if case .function = base { isQuantity(base) } else { false }
        case .quotient(let top, let bottom):
            (isQuantity(top) && isQuantity(bottom)) || (isDifferential(top) && isDifferential(bottom))
        case .product(let factors): factors.count <= 4 && factors.allSatisfy(isSegmentLetter)
        case .sum(let parts): parts.allSatisfy(isUnknown) && Set(parts).count == parts.count
        default: false
        }
    }

    /// dy, of dy/dx.
    private static func isDifferential(_ expression: Expression) -> Bool {
        guard case .product(let factors) = expression, factors.count == 2, case .variable = factors[1] else {
            return false
        }
        return factors[0] == .variable("d") || factors[0] == .variable("\\partial")
    }

    /// The letters of AB.
    private static func isSegmentLetter(_ expression: Expression) -> Bool {
        if case .variable(let name) = expression { name.first?.isUppercase == true } else { false }
    }

    /// A letter that is asked for, as in m + n or a - b; x + y = 5 is a line.
    private static func isUnknown(_ expression: Expression) -> Bool {
        switch expression {
        case .variable(let name): !["x", "y", "z"].contains(name)
        case .product(let factors): factors.count == 2 && factors[0] == .number(Rational(-1)) && isUnknown(factors[1])
        default: false
        }
    }

    private static func isGreek(_ token: AnswerToken) -> Bool {
        if case .command(let name) = token.kind { name != "pi" && name.count > 1 } else { false }
    }
}
