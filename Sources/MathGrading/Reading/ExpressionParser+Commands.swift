extension ExpressionParser {
    static let valueCommands: Set<String> = [
        "frac", "sqrt", "binom", "lfloor", "lceil", "infty", "pi", "overline",
    ]
    static let greek: Set<String> = [
        "alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu", "nu",
        "xi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega", "Gamma", "Delta", "Theta", "Lambda", "Xi",
        "Pi", "Sigma", "Phi", "Psi", "Omega", "ell", "hbar", "partial", "nabla", "Upsilon", "digamma", "aleph", "beth",
        "wp", "Re", "Im", "mho", "varpi", "varrho", "varsigma", "varkappa", "eth", "complement", "Finv", "Game",
    ]
    /// Commands that make another letter of a letter.
    static let accents: Set<String> = [
        "vec", "hat", "tilde", "check", "breve", "acute", "grave", "ddot", "widehat", "widetilde", "underline",
        "overrightarrow", "overleftarrow", "mathcal", "mathscr", "mathfrak", "mathbb", "overline",
    ]

    static func isNamed(_ command: String) -> Bool {
        greek.contains(command) || accents.contains(command) || Function(rawValue: command) != nil || command == "lg"
    }

    mutating func command(_ command: String) throws -> Expression {
        switch command {
        case "frac": return .quotient(try argument(), try argument())
        case "binom": return .binomial(try argument(), try argument())
        case "pi": return .constant(.pi)
        case "infty": return .constant(.infinity)
        case "sqrt":
            var degree = Expression.number(Rational(2))
            if current == .symbol("[") { degree = try nested { try $0.bracketed("]") } }
            return .power(try rootArgument(), .quotient(.number(.one), degree))
        case "lfloor":
            let value = try nested { try $0.sum() }
            try expect(.command("rfloor"))
            return .function(.floor, value)
        case "lceil":
            let value = try nested { try $0.sum() }
            try expect(.command("rceil"))
            return .function(.ceil, value)
        case "lg": return try apply(.log)
        default:
            if let function = Function(rawValue: command) { return try apply(function) }
            if Self.accents.contains(command) { return try name("\\\(command){" + (try subscriptText()) + "}") }
            guard Self.greek.contains(command) else { throw Failure() }
            return try name("\\" + command)
        }
    }

    /// What is under a root: a group or bracket, else the whole numeral or name that comes next.
    mutating func rootArgument() throws -> Expression {
        if case .number(_, let value)? = current {
            index += 1
            return .number(value)
        }
        if case .word? = current { return try argument() }
        return try nested { try $0.primary() }
    }

    mutating func apply(_ function: Function) throws -> Expression {
        var base: Expression?
        var exponent: Expression?
        while let kind = current {
            if kind == .symbol("_"), function == .log, base == nil {
                index += 1
                base = try argument()
            } else if kind == .symbol("^"), exponent == nil {
                index += 1
                exponent = try nested { try $0.exponent() }
            } else {
                break
            }
        }
        let wasInAngle = isInAngle
        isInAngle = true
        defer { isInAngle = wasInAngle }
        let argument = try nested { try $0.functionArgument() }
        if exponent == .number(Rational(-1)) {
            let inverses: [Function: Function] = [.sin: .arcsin, .cos: .arccos, .tan: .arctan]
            if let inverse = inverses[function] { return .function(inverse, argument) }
        }
        let value = base.map { Expression.logarithm(base: $0, argument) } ?? .function(function, argument)
        return exponent.map { .power(value, $0) } ?? value
    }

    /// A bracket, or the factors up to the next sign or function.
    mutating func functionArgument() throws -> Expression {
        if current == .symbol("(") || current == .symbol("{") { return try postfix() }
        if accept(.symbol("-")) { return .negated(try nested { try $0.functionArgument() }) }
        var factors = [try power()]
        while let kind = current, startsFactor(kind), !Self.isFunction(kind), kind != .symbol("("), kind != .symbol("[")
        {
            factors.append(try power())
        }
        return factors.count == 1 ? factors[0] : .product(factors)
    }

    static func isFunction(_ kind: AnswerToken.Kind) -> Bool {
        switch kind {
        case .command(let name): Function(rawValue: name) != nil || name == "lg"
        case .word(let word): Function(rawValue: firstPiece(of: word)) != nil
        default: false
        }
    }

    /// A variable with its index, or a constant.
    mutating func name(_ name: String) throws -> Expression {
        switch name {
        case "pi": return .constant(.pi)
        case "infinity", "inf": return .constant(.infinity)
        default: break
        }
        if accept(.symbol("_")) { return .variable(name + "_" + (try subscriptText())) }
        switch name {
        case "e": return .constant(.euler)
        case "i": return .constant(.imaginary)
        default: return .variable(name)
        }
    }

    mutating func subscriptText() throws -> String {
        guard current == .symbol("{") else {
            guard index < tokens.count else { throw Failure() }
            defer { index += 1 }
            return plainSource
        }
        index += 1
        var text = ""
        while let kind = current, kind != .symbol("}") {
            guard kind != .symbol("{") else { throw Failure() }
            text += plainSource
            index += 1
        }
        try expect(.symbol("}"))
        return text
    }

    /// How the current token is written, whether or not it is set upright.
    private var plainSource: String {
        if case .text(let text) = tokens[index].kind { text } else { tokens[index].source }
    }
}
