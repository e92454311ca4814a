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

    private static func equation(_ parts: [Tokens], depth: Int) -> Form? {
        guard let first = parts.first, let last = parts.last else { return nil }
        var relation = Relation(kind: .equal)
        if let name = name(first) {
            relation.name = name
            relation.value = answer(last, depth: depth + 1)
        } else if parts.count == 2, let name = name(last) {
            relation.name = name
            relation.value = answer(first, depth: depth + 1)
        }
        if parts.count == 2 { relation.difference = difference(first, last) }
        return relation.value == nil && relation.difference == nil ? nil : .relation(relation)
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
        if tokens.contains(where: { $0.isCommand("angle") }) { return source(tokens) }
        if case .formula(let formula)? = formula(tokens), let name = formula.name { return name }
        // f(x), f^{-1}(x), (x, y).
        guard tokens.last?.isSymbol(")") == true, let open = tokens.firstIndex(where: { $0.isSymbol("(") }) else {
            return nil
        }
        let inner = tokens[(open + 1)...].dropLast().filter { !$0.isSymbol(",") }
        let head = tokens[..<open]
        guard !inner.isEmpty, inner.allSatisfy({ $0.word?.count == 1 || isGreek($0) }) else { return nil }
        guard head.isEmpty || (head.first?.word?.count == 1 && (head.count == 1 || !head.contains { $0.isSymbol("+") }))
        else { return nil }
        return source(tokens)
    }

    private static func isGreek(_ token: AnswerToken) -> Bool {
        if case .command(let name) = token.kind { name != "pi" && name.count > 1 } else { false }
    }
}
