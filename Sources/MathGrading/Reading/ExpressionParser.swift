/// A reader of formulas, of LaTeX or plain text, from tokens.
///
/// Grammar, loosest first: sums, products (also without a sign between the factors), signs, powers, what stands after a
/// value (`!`, `%`, degrees), values.
struct ExpressionParser {
    var tokens: [AnswerToken]
    var index = 0
    private var depth = 0
    private var nodes = 0
    private(set) var bars = 0
    /// Inside an angle's function a degree is π/180; elsewhere it is a unit, and says nothing.
    var isInAngle = false

    struct Failure: Error {}

    /// The formula that all the tokens make; nil if they make none, or one beyond the limits.
    static func expression(_ tokens: some Sequence<AnswerToken>) -> Expression? {
        var parser = ExpressionParser(tokens: Array(tokens))
        guard !parser.tokens.isEmpty, let value = try? parser.sum(), parser.index == parser.tokens.count else {
            return nil
        }
        return value
    }

    private init(tokens: [AnswerToken]) { self.tokens = tokens }

    var current: AnswerToken.Kind? { index < tokens.count ? tokens[index].kind : nil }

    mutating func accept(_ kind: AnswerToken.Kind) -> Bool {
        guard current == kind else { return false }
        index += 1
        return true
    }

    mutating func expect(_ kind: AnswerToken.Kind) throws {
        guard accept(kind) else { throw Failure() }
    }

    mutating func nested<Value>(_ body: (inout Self) throws -> Value) throws -> Value {
        depth += 1
        nodes += 1
        defer { depth -= 1 }
        guard depth <= GradingLimits.depth, nodes <= GradingLimits.nodes else { throw Failure() }
        return try body(&self)
    }

    // MARK: - Sums, products, powers

    mutating func sum() throws -> Expression {
        try nested { parser in
            var parts: [Expression] = []
            if !parser.startsSign { parts.append(try parser.product()) }
            while let sign = parser.current {
                let part: Expression
                switch sign {
                case .symbol("+"), .symbol("-"), .command("pm"), .command("mp"):
                    parser.index += 1
                    part = try parser.product()
                default: return parts.count == 1 ? parts[0] : .sum(parts)
                }
                switch sign {
                case .symbol("-"): parts.append(.negated(part))
                case .command("pm"): parts.append(.plusMinus(part, isUpperMinus: false))
                case .command("mp"): parts.append(.plusMinus(part, isUpperMinus: true))
                default: parts.append(part)
                }
            }
            guard !parts.isEmpty else { throw Failure() }
            return parts.count == 1 ? parts[0] : .sum(parts)
        }
    }

    var startsSign: Bool {
        [.symbol("+"), .symbol("-"), .command("pm"), .command("mp")].contains(current)
    }

    mutating func product() throws -> Expression {
        var factors = [try signed()]
        var divisions = 0
        while let kind = current {
            nodes += 1
            guard nodes <= GradingLimits.nodes else { throw Failure() }
            if kind == .symbol("*") {
                index += 1
                factors.append(try signed())
            } else if kind == .symbol("/") {
                index += 1
                divisions += 1
                guard divisions <= GradingLimits.depth else { throw Failure() }
                let divisor = try signed()
                factors = [.quotient(factors.count == 1 ? factors[0] : .product(factors), divisor)]
            } else if startsFactor(kind) || (isNumber(kind) && factors.last.map(endsFactor) == true) {
                factors.append(try power())
            } else {
                break
            }
        }
        return factors.count == 1 ? factors[0] : .product(factors)
    }

    private func isNumber(_ kind: AnswerToken.Kind) -> Bool { if case .number = kind { true } else { false } }

    /// Whether a numeral may follow without a sign between: 2^6 3^5, 5!7!.
    private func endsFactor(_ factor: Expression) -> Bool {
        switch factor {
        case .power, .factorial: true
        case .quotient: false
        case .product(let parts): parts.last.map(endsFactor) ?? false
        default: false
        }
    }

    /// Whether a value may follow another without a sign between them; a numeral may not.
    func startsFactor(_ kind: AnswerToken.Kind) -> Bool {
        switch kind {
        case .word, .symbol("("), .symbol("["), .symbol("{"): true
        case .symbol("|"): bars == 0
        case .text(let text): text.count == 1 && text.first?.isLetter == true
        case .command(let name): Self.valueCommands.contains(name) || Self.isNamed(name)
        default: false
        }
    }

    mutating func signed() throws -> Expression {
        if accept(.symbol("-")) { return .negated(try nested { try $0.signed() }) }
        if accept(.symbol("+")) { return try nested { try $0.signed() } }
        return try power()
    }

    mutating func power() throws -> Expression {
        let base = try postfix()
        let isStarred = current == .symbol("*") && index + 1 < tokens.count && tokens[index + 1].isSymbol("*")
        if isStarred { index += 1 }
        guard accept(isStarred ? .symbol("*") : .symbol("^")) else { return base }
        let exponent = try nested { try $0.exponent() }
        // x^2_1 is x_1^2.
        if case .variable(let name) = base, !name.contains("_"), accept(.symbol("_")) {
            return try afterValue(.power(.variable(name + "_" + (try subscriptText())), exponent))
        }
        return try afterValue(.power(base, exponent))
    }

    mutating func exponent() throws -> Expression {
        if accept(.symbol("{")) {
            let value = try sum()
            try expect(.symbol("}"))
            return value
        }
        // x^2\frac{1}{3} has the exponent 2.
        if case .number(_, let value)? = current {
            index += 1
            return accept(.symbol("^")) ? .power(.number(value), try nested { try $0.exponent() }) : .number(value)
        }
        return try signed()
    }

    mutating func postfix() throws -> Expression { try afterValue(try primary()) }

    mutating func afterValue(_ value: Expression) throws -> Expression {
        var value = value
        var marks = 0
        while let kind = current {
            // Each mark is a level of its own.
            guard marks < 8 else { throw Failure() }
            switch kind {
            case .symbol("!"): value = .factorial(value)
            case .symbol("%"): value = .quotient(value, .number(Rational(100)))
            case .symbol("'"):
                guard case .variable(let name) = value else { throw Failure() }
                value = .variable(name + "'")
            case .command("degree"):
                if isInAngle { value = .quotient(.product([value, .constant(.pi)]), .number(Rational(180))) }
            default: return value
            }
            index += 1
            marks += 1
        }
        return value
    }

    // MARK: - Values

    mutating func primary() throws -> Expression {
        guard let kind = current else { throw Failure() }
        nodes += 1
        switch kind {
        case .number(let digits, let value):
            index += 1
            return try mixedNumber(digits, value) ?? .number(value)
        case .word(let word):
            return try self.word(word)
        case .text(let text):
            // A letter set upright is a variable all the same.
            guard text.count == 1, text.first?.isLetter == true else { throw Failure() }
            index += 1
            return try name(text)
        case .symbol("("): return try bracketed(")")
        case .symbol("["): return try bracketed("]")
        case .symbol("{"): return try bracketed("}")
        case .symbol("|"):
            index += 1
            bars += 1
            let value = try sum()
            bars -= 1
            try expect(.symbol("|"))
            return .function(.abs, value)
        case .command(let command):
            index += 1
            return try self.command(command)
        case .symbol: throw Failure()
        }
    }

    mutating func bracketed(_ close: Character) throws -> Expression {
        index += 1
        let outerBars = bars
        bars = 0
        var value = try sum()
        // TeX's own {a \over b} and {n \choose k}.
        if close == "}", accept(.command("over")) { value = .quotient(value, try sum()) }
        if close == "}", accept(.command("choose")) { value = .binomial(value, try sum()) }
        bars = outerBars
        try expect(.symbol(close))
        return value
    }

    /// A whole number followed by a proper fraction, such as `1\frac{1}{2}` or `1 1/2`.
    mutating func mixedNumber(_ digits: String, _ whole: Rational) throws -> Expression? {
        guard digits.allSatisfy(\.isDigit), let next = current else { return nil }
        let start = index
        var parts: (Expression, Expression)?
        if next == .command("frac") {
            index += 1
            parts = (try argument(), try argument())
        } else if case .number(let top, let numerator) = next, tokens[index].hasSpaceBefore, top.allSatisfy(\.isDigit),
            index + 2 < tokens.count, tokens[index + 1].isSymbol("/"),
            case .number(let bottom, let denominator) = tokens[index + 2].kind, bottom.allSatisfy(\.isDigit)
        {
            index += 3
            parts = (.number(numerator), .number(denominator))
        }
        if case (.number(let top), .number(let bottom))? = parts, top.isInteger, bottom.isInteger, !top.isNegative,
            top < bottom
        {
            return .number(whole + top * (bottom.inverse ?? .zero))
        }
        index = start
        return nil
    }

    /// What a command takes: a group, or the one digit, letter or command that comes next.
    mutating func argument() throws -> Expression {
        guard let kind = current else { throw Failure() }
        switch kind {
        case .symbol("{"): return try nested { try $0.bracketed("}") }
        case .number(let digits, _) where digits.allSatisfy(\.isDigit):
            guard let first = digits.first, let value = Rational(decimal: String(first)) else { throw Failure() }
            let rest = String(digits.dropFirst())
            if rest.isEmpty {
                index += 1
            } else if let value = Rational(decimal: rest) {
                tokens[index].kind = .number(rest, value)
                tokens[index].hasSpaceBefore = false
            }
            return .number(value)
        case .word(let word):
            guard let first = word.first else { throw Failure() }
            consume(first: 1, of: word)
            return try name(String(first))
        default: return try nested { try $0.primary() }
        }
    }

    mutating func consume(first count: Int, of word: String) {
        let rest = String(word.dropFirst(count))
        if rest.isEmpty {
            index += 1
        } else {
            tokens[index].kind = .word(rest)
            tokens[index].hasSpaceBefore = false
        }
    }

    mutating func word(_ word: String) throws -> Expression {
        let isWhole = index == 0 || !tokens[index].source.isEmpty
        if isWhole, Self.pieces(of: word) == nil { throw Failure() }
        tokens[index].source = ""
        let piece = Self.firstPiece(of: word)
        consume(first: piece.count, of: word)
        if let function = Function(rawValue: piece) { return try apply(function) }
        if piece == "sqrt" { return .power(try rootArgument(), .number(Self.half)) }
        return try name(piece)
    }

    static let half = Rational(2).inverse ?? .one

    /// The names that a word is made of; nil if it is a word of a language rather than a product.
    static func pieces(of word: String) -> [String]? {
        var rest = word
        var pieces: [String] = []
        var letters = 0
        while !rest.isEmpty {
            let piece = firstPiece(of: rest)
            if piece.count == 1 { letters += 1 }
            pieces.append(piece)
            rest.removeFirst(piece.count)
        }
        return letters <= 3 ? pieces : nil
    }

    static func firstPiece(of word: String) -> String {
        plainNames.first { word.hasPrefix($0) } ?? String(word.prefix(1))
    }

    /// Names that are read as one in plain text, the longest first.
    static let plainNames: [String] =
        (Function.allCases.map(\.rawValue) + ["sqrt", "pi", "infinity", "inf", "theta", "alpha", "beta", "lambda"])
        .sorted { ($0.count, $0) > ($1.count, $1) }
}
