extension MathAnswerParser {
    /// A numeral with its base: `52_8`, `4210_{5}`, `101_{\text{two}}`.
    static func based(_ tokens: Tokens) -> Form? {
        guard let bar = tokens.firstIndex(where: { $0.isSymbol("_") }), bar > tokens.startIndex else { return nil }
        let digits = tokens[..<bar].map(\.source).joined().uppercased()
        var rest = tokens[(bar + 1)...]
        if rest.first?.isSymbol("{") == true, rest.last?.isSymbol("}") == true { rest = rest.dropFirst().dropLast() }
        guard rest.count == 1, let last = rest.first else { return nil }
        let base: Int?
        switch last.kind {
        case .number(_, let value): base = value.integer
        case .word(let word), .text(let word): base = NumberWords.value(of: [word])?.integer
        default: base = nil
        }
        // One letter with an index is a variable.
        guard let base, (2...36).contains(base), digits.count > 1 || digits.first?.isDigit == true,
            digits.allSatisfy({ $0.isASCII && ($0.hexDigitValue ?? $0.letterDigitValue).map { $0 < base } ?? false })
        else { return nil }
        let significant = digits.drop { $0 == "0" }
        return .based(digits: significant.isEmpty ? "0" : String(significant), base: base)
    }

    /// A value with a unit or a currency.
    static func quantity(_ tokens: Tokens, depth: Int) -> Form? {
        if let money = money(tokens, depth: depth) ?? trailingMoney(tokens) { return money }
        let earliest = max(tokens.startIndex + 1, tokens.endIndex - 12)
        guard earliest < tokens.endIndex else { return nil }
        for start in earliest..<tokens.endIndex where startsUnit(tokens, at: start) {
            var value = tokens[..<start]
            var unitTokens = tokens[start...]
            guard unitTokens.allSatisfy(isUnitPart) else { continue }
            var scale: Int?
            if let word = unitTokens.first.flatMap(unitWord), let factor = NumberWords.scales[word.lowercased()] {
                scale = factor
                unitTokens.removeFirst()
            }
            // "5 \text{ cm}" may have been set as "5\; \text{cm}", "5-cm".
            while value.last?.isSymbol("-") == true { value.removeLast() }
            guard case let form? = formula(value) else { continue }
            var answer = MathAnswer(form: form, text: source(value))
            if let scale {
                guard let scaled = answer.scaled(by: .number(Rational(scale))) else { continue }
                answer = scaled
                if unitTokens.isEmpty { return scaled.form }
            }
            guard let unit = MeasurementUnit(unitTokens.map(unitSource).joined(separator: " ")) else { continue }
            return .quantity(answer, unit)
        }
        return nil
    }

    /// `12 €`, `1,000.99\$`.
    private static func trailingMoney(_ tokens: Tokens) -> Form? {
        guard let last = tokens.last, let currency = MeasurementUnit.currency(last.kind), tokens.count > 1,
            let form = formula(tokens.dropLast())
        else { return nil }
        return .quantity(MathAnswer(form: form, text: source(tokens.dropLast())), currency)
    }

    private static func money(_ tokens: Tokens, depth: Int) -> Form? {
        var rest = tokens
        let isNegative = rest.first?.isSymbol("-") == true
        if isNegative { rest.removeFirst() }
        // US$5, Rs. 5.
        if rest.first?.word == "US", rest.dropFirst().first?.isCommand("$") == true { rest.removeFirst() }
        guard let first = rest.popFirst(), let currency = MeasurementUnit.currency(first.kind), !rest.isEmpty,
            depth <= GradingLimits.depth
        else { return nil }
        if case .word = first.kind, rest.first?.isSymbol(".") == true { rest.removeFirst() }
        let form = quantity(rest, depth: depth + 1) ?? formula(rest)
        guard let form else { return nil }
        var value = MathAnswer(form: form, text: source(rest))
        var unit = currency
        if case .quantity(let inner, let suffix) = form {
            value = inner
            guard let joined = suffix == currency ? currency : MeasurementUnit("\(currency.name) \(suffix.name)") else {
                return nil
            }
            unit = joined
        }
        if isNegative {
            guard let negative = value.scaled(by: .number(Rational(-1))) else { return nil }
            value = negative
        }
        return .quantity(value, unit)
    }

    private static func unitWord(_ token: AnswerToken) -> String? {
        switch token.kind {
        case .word(let word), .text(let word): word
        default: nil
        }
    }

    private static func unitSource(_ token: AnswerToken) -> String {
        if case .text(let text) = token.kind { text } else { token.isCommand("degree") ? "degree" : token.source }
    }

    private static func isUnitPart(_ token: AnswerToken) -> Bool {
        switch token.kind {
        case .text: true
        case .word(let word): !ExpressionParser.plainNames.contains(word)
        case .number(let digits, _): digits.count == 1
        case .command(let name): name == "degree"
        case .symbol(let symbol): "/^{}%.*".contains(symbol)
        }
    }

    private static func startsUnit(_ tokens: Tokens, at index: Int) -> Bool {
        let token = tokens[index]
        switch token.kind {
        case .text(let text): return text.count > 1 || MeasurementUnit.letters.contains(text)
        case .command("degree"):
            // That of \sin 30^\circ belongs to the angle.
            return !tokens[..<index].contains { ExpressionParser.isFunction($0.kind) }
        case .command: return false
        case .symbol("/"):
            guard index + 1 < tokens.endIndex, let next = unitWord(tokens[index + 1]) else { return false }
            return next.count > 1 && MeasurementUnit.isKnown(next)
        case .symbol(let symbol): return symbol == "%"
        case .word(let word):
            // 12元, 6です.
            if let first = word.unicodeScalars.first, first.value >= 0x2E80 { return true }
            if word.count == 1 {
                return token.hasSpaceBefore && tokens[index - 1].isNumber && MeasurementUnit.letters.contains(word)
            }
            // "3/4 of the cake" has no factors o and f.
            if word == "of", token.hasSpaceBefore { return true }
            if MeasurementUnit.isKnown(word) || NumberWords.scales[word.lowercased()] != nil { return true }
            return token.hasSpaceBefore && word.count >= 3
        case .number: return false
        }
    }
}

extension Character {
    /// The value of a letter as a digit of a base above ten.
    fileprivate var letterDigitValue: Int? {
        guard let value = asciiValue, (65...90).contains(value) else { return nil }
        return Int(value) - 55
    }
}
