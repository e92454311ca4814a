/// A reader of what kind of answer a text is: a list, an interval, an equation, a quantity or a formula.
enum MathAnswerParser {
    typealias Form = MathAnswer.Form
    typealias Tokens = ArraySlice<AnswerToken>

    /// The form of a normalised text.
    static func form(of text: String) -> Form { form(of: text, depth: 0) }

    private static func form(of text: String, depth: Int) -> Form {
        guard let tokens = AnswerLexer.tokens(of: text) else { return .text }
        return form(tokens[...], depth: depth) ?? .text
    }

    /// The form of some tokens; nil if they are only a text.
    private static func form(_ tokens: Tokens, depth: Int) -> Form? {
        guard let first = tokens.first, depth <= GradingLimits.depth else { return nil }
        if tokens.count == 1, case .text(let inner) = first.kind {
            let form = form(of: AnswerText.normalised(inner), depth: depth + 1)
            if case .text = form { return nil }
            return form
        }
        if tokens.count == 1, first.isCommand("emptyset") { return .set([]) }
        if let time = TimeOfDay(tokens) { return .time(time) }
        if let choice = choice(tokens, depth: depth) { return choice }
        let words = tokens.compactMap(\.word)
        if words.count == tokens.count {
            if let number = NumberWords.value(of: words) ?? NumberWords.fraction(of: words) {
                return .formula(Formula(.number(number)))
            }
            // "A and C" lists choices.
            let areLetters = words.allSatisfy { $0.count == 1 || ["and", "or"].contains($0.lowercased()) }
            if !areLetters, !words.allSatisfy(isMathematics) { return nil }
        } else if words.count * 2 == tokens.count + 1, tokens.allSatisfy({ $0.word != nil || $0.isSymbol("-") }),
            let number = NumberWords.value(of: words) ?? NumberWords.fraction(of: words)
        {
            return .formula(Formula(.number(number)))
        }
        if let qualified = qualified(tokens, depth: depth) { return qualified }
        if let list = list(tokens, depth: depth) { return list.form }
        if let parts = split(tokens, where: { $0.isCommand("cup") }) {
            let members = parts.map { answer($0, depth: depth + 1) }
            return members.contains { $0.isText } ? nil : .union(members)
        }
        if let approximated = approximated(tokens, depth: depth) { return approximated }
        if let relation = relation(tokens, depth: depth) { return relation.form }
        if let ratio = ratio(tokens, depth: depth) { return ratio }
        if let bracketed = bracketed(tokens, depth: depth) { return bracketed }
        if let matrix = matrix(tokens, depth: depth) { return matrix }
        if let based = based(tokens) { return based }
        if let quantity = quantity(tokens, depth: depth) { return quantity }
        return formula(tokens)
    }

    static func answer(_ tokens: Tokens, depth: Int) -> MathAnswer {
        MathAnswer(form: form(tokens, depth: depth) ?? .text, text: source(tokens))
    }

    static func source(_ tokens: Tokens) -> String {
        var text = ""
        for token in tokens { text += (token.hasSpaceBefore && !text.isEmpty ? " " : "") + token.source }
        return text
    }

    static func formula(_ tokens: Tokens) -> Form? {
        guard let expression = ExpressionParser.expression(tokens) else { return nil }
        guard expression.hasPlusMinus else { return .formula(Formula(expression)) }
        return .set([true, false].map { MathAnswer(Formula(expression.choosing(upper: $0))) })
    }

    /// Whether a word standing alone is a product of variables rather than a word of a language.
    private static func isMathematics(_ word: String) -> Bool {
        if word.count == 1 { return true }
        guard let pieces = ExpressionParser.pieces(of: word) else { return false }
        if pieces.contains(where: { $0.count > 1 }) { return true }
        let english: Set<String> = [
            "ad", "ah", "am", "an", "as", "at", "be", "by", "do", "go", "he", "if", "in", "is", "it", "me", "my", "no",
            "of",
            "oh", "ok", "on", "or", "pm", "so", "to", "up", "us", "we",
        ]
        guard word.lowercased() == word, !english.contains(word) else { return false }
        return word.count == 2 || !word.contains { "aeiouy".contains($0) }
    }

    // MARK: - Choices

    /// `A`, `(A)`, `\text{(A)}`, `A)`, `(A) 5`.
    private static func choice(_ tokens: Tokens, depth: Int) -> Form? {
        var rest = tokens
        var letter = ""
        var isMarked = false
        if case .text(let text)? = rest.first?.kind {
            letter = String(text.filter { !"() .".contains($0) })
            isMarked = text.contains(")")
            rest.removeFirst()
        } else {
            if let word = rest.first?.word, ["option", "choice", "answer"].contains(word.lowercased()) {
                rest.removeFirst()
            }
            isMarked = rest.first?.isSymbol("(") == true
            if isMarked { rest.removeFirst() }
            guard let word = rest.popFirst()?.word else { return nil }
            letter = word
            if rest.first?.isSymbol(")") == true {
                isMarked = true
                rest.removeFirst()
            } else if isMarked {
                return nil
            }
        }
        guard letter.count == 1, let character = letter.uppercased().first, "ABCDE".contains(character) else {
            return nil
        }
        if rest.isEmpty { return isMarked || letter == String(character) ? .choice(character, nil) : nil }
        guard isMarked, rest.first?.hasSpaceBefore == true, letter == String(character) else { return nil }
        let content = answer(rest, depth: depth + 1)
        if content.isText { return .choice(character, nil) }
        return .choice(character, content)
    }

    // MARK: - Lists, brackets, matrices

    /// The parts between separators that stand in no bracket; nil if there is none.
    static func split(_ tokens: Tokens, where isSeparator: (AnswerToken) -> Bool) -> [Tokens]? {
        var parts: [Tokens] = []
        var level = 0
        var start = tokens.startIndex
        for index in tokens.indices {
            level += tokens[index].nesting
            if level == 0, isSeparator(tokens[index]) {
                parts.append(tokens[start..<index])
                start = index + 1
            }
        }
        return parts.isEmpty ? nil : parts + [tokens[start...]]
    }

    private static func isConjunction(_ token: AnswerToken) -> Bool {
        switch token.kind {
        case .word(let word), .text(let word): ["and", "or"].contains(word.lowercased())
        default: false
        }
    }

    private static func isComma(_ token: AnswerToken) -> Bool { token.isSymbol(",") || token.isSymbol(";") }

    /// `1, 2`, `1 and 2`, `x = 1 or x = 2`, `x = 1, 2`; the form inside is nil if it is only a text.
    private static func list(_ tokens: Tokens, depth: Int) -> (form: Form?, Void)? {
        let hasConjunction = split(tokens, where: isConjunction) != nil
        guard var parts = split(tokens, where: { isComma($0) || isConjunction($0) }) else { return nil }
        // "p = 5, q = 2; p = 7, q = 2".
        if let groups = split(tokens, where: { $0.isSymbol(";") }), groups.count < parts.count,
            !hasConjunction, !groups.contains(where: \.isEmpty)
        {
            parts = groups
        }
        // "1, 2, and 3".
        if hasConjunction { parts.removeAll(where: \.isEmpty) }
        guard parts.count > 1, !parts.contains(where: \.isEmpty) else { return (nil, ()) }
        var (items, hasPlusMinus) = elements(parts, depth: depth)
        let texts = items.count { $0.isText }
        guard texts == 0 || texts == items.count else { return (nil, ()) }
        // "x = 1, 2" gives the name once.
        if case .relation(let first)? = items.first?.form, first.kind == .equal, let name = first.name,
            first.value != nil, items.dropFirst().allSatisfy({ $0.isValue })
        {
            items =
                [items[0]]
                + items.dropFirst().map { item in
                    MathAnswer(
                        form: .relation(Relation(kind: .equal, name: name, value: item)), text: "\(name)=\(item.text)")
                }
        }
        let names = items.compactMap { item -> String? in
            if case .relation(let relation) = item.form { relation.name } else { nil }
        }
        guard names.count == items.count else {
            return (hasConjunction || hasPlusMinus ? .set(items) : .list(items), ())
        }
        return (Set(names).count == 1 ? .set(items) : .list(items), ())
    }

    private static func ratio(_ tokens: Tokens, depth: Int) -> Form? {
        guard let parts = split(tokens, where: { $0.isSymbol(":") }), parts.count <= 6 else { return nil }
        let items = parts.map { answer($0, depth: depth + 1) }
        return items.allSatisfy(\.isValue) ? .ratio(items) : nil
    }

    /// The elements of a list, a ± among them counting as two.
    private static func elements(_ parts: [Tokens], depth: Int) -> (items: [MathAnswer], hasPlusMinus: Bool) {
        var items: [MathAnswer] = []
        var hasPlusMinus = false
        for part in parts {
            let item = answer(part, depth: depth + 1)
            if case .set(let both) = item.form, part.contains(where: { $0.isCommand("pm") || $0.isCommand("mp") }) {
                items += both
                hasPlusMinus = true
            } else {
                items.append(item)
            }
        }
        return (items, hasPlusMinus)
    }

    /// Tuples, intervals, sets, and anything else within one pair of brackets.
    private static func bracketed(_ tokens: Tokens, depth: Int) -> Form? {
        guard let open = tokens.first, let close = tokens.last, tokens.count >= 2, open.nesting == 1,
            close.nesting == -1, enclosesAll(tokens)
        else { return nil }
        let inner = tokens.dropFirst().dropLast()
        let items = split(inner, where: isComma).map { elements($0, depth: depth).items }
        if items?.contains(where: { $0.isText && $0.text.isEmpty }) == true { return nil }
        switch (open.kind, close.kind) {
        case (.command("{"), .command("}")):
            if inner.isEmpty { return .set([]) }
            if let items { return .set(items) }
            let item = answer(inner, depth: depth + 1)
            if case .set = item.form { return item.form }
            return .set([item])
        case (.symbol("{"), .symbol("}")): return items.map { .set($0) } ?? form(inner, depth: depth + 1)
        case (.symbol(let left), .symbol(let right)):
            if let items { return .sequence(left, items, right) }
            let form = form(inner, depth: depth + 1)
            if case .matrix? = form { return form }
            return left == "(" && right == ")" ? form : nil
        default: return nil
        }
    }

    private static func enclosesAll(_ tokens: Tokens) -> Bool {
        var level = 0
        for token in tokens.dropLast() {
            level += token.nesting
            if level == 0 { return false }
        }
        return true
    }

    /// A matrix, or a number times a matrix.
    private static func matrix(_ tokens: Tokens, depth: Int) -> Form? {
        guard tokens.last?.isCommand("end") == true,
            let start = tokens.firstIndex(where: { $0.isCommand("begin") }), enclosesAll(tokens[start...])
        else { return nil }
        var factor: Expression?
        if start > tokens.startIndex {
            var prefix = Array(tokens[..<start])
            if prefix.count == 1, prefix[0].isSymbol("-") {
                factor = .number(Rational(-1))
            } else {
                if prefix.last?.isSymbol("*") == true { prefix.removeLast() }
                guard let value = ExpressionParser.expression(prefix) else { return nil }
                factor = value
            }
        }
        let body = tokens[(start + 1)...].dropLast()
        var rows = split(body, where: { $0.isCommand("\\") }) ?? [body]
        if rows.last?.isEmpty == true { rows.removeLast() }
        var cells: [[MathAnswer]] = []
        for row in rows {
            var line: [MathAnswer] = []
            for cell in split(row, where: { $0.isSymbol("&") }) ?? [row] {
                let value = answer(cell, depth: depth + 1)
                guard !value.text.isEmpty else { return nil }
                guard let factor else {
                    line.append(value)
                    continue
                }
                guard let scaled = value.scaled(by: factor) else { return nil }
                line.append(scaled)
            }
            cells.append(line)
        }
        return cells.isEmpty ? nil : .matrix(cells)
    }
}
