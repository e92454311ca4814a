/// A word of the language that answers are written in.
struct AnswerToken: Hashable, Sendable {
    enum Kind: Hashable, Sendable {
        /// A numeral without its separators of thousands, and its value.
        case number(String, Rational)
        /// Letters that stand together.
        case word(String)
        /// What `\text{}` holds.
        case text(String)
        case command(String)
        case symbol(Character)
    }

    var kind: Kind
    /// Whether white space came before.
    var hasSpaceBefore: Bool
    /// How the token was written, where that is asked for.
    var source: String

    func isSymbol(_ character: Character) -> Bool { kind == .symbol(character) }
    func isCommand(_ name: String) -> Bool { kind == .command(name) }
    var isNumber: Bool { if case .number = kind { true } else { false } }
    var word: String? { if case .word(let word) = kind { word } else { nil } }

    /// How much deeper the tokens after this one stand in brackets.
    var nesting: Int {
        switch kind {
        case .symbol("("), .symbol("["), .symbol("{"), .command("{"), .command("lfloor"), .command("lceil"),
            .command("begin"):
            1
        case .symbol(")"), .symbol("]"), .symbol("}"), .command("}"), .command("rfloor"), .command("rceil"),
            .command("end"):
            -1
        default: 0
        }
    }
}

/// A lexer, which cuts a normalised text into tokens.
struct AnswerLexer {
    private let text: [Character]
    private var index = 0
    /// Open brackets, in which a comma never belongs to a number.
    private var depth = 0
    private var tokens: [AnswerToken] = []

    private init(_ text: String) { self.text = Array(text) }

    /// The tokens; nil if a group is not closed, or a number is beyond the limits.
    static func tokens(of text: String) -> [AnswerToken]? {
        var lexer = AnswerLexer(text)
        return lexer.run() ? lexer.tokens : nil
    }

    private mutating func run() -> Bool {
        while index < text.count {
            let start = index
            let hasSpace = start > 0 && text[start - 1] == " "
            guard let kind = next() else {
                if index > start { continue }
                return false
            }
            let token = AnswerToken(kind: kind, hasSpaceBefore: hasSpace, source: String(text[start..<index]))
            if !kindIsBrace(kind) { depth += token.nesting }
            if case .text(let text) = kind, let parts = Self.split(text) {
                tokens += parts.map { AnswerToken(kind: $0, hasSpaceBefore: true, source: Self.source($0)) }
            } else {
                tokens.append(token)
            }
        }
        return true
    }

    /// The parts of a text such as `, and` or `cm and`, that separates as well as it names; nil if it is one text.
    private static func split(_ text: String) -> [AnswerToken.Kind]? {
        let isEdged = text.hasPrefix(",") || text.hasSuffix(",")
        var core = text[...]
        while core.first == "," || core.first == " " { core.removeFirst() }
        while core.last == "," || core.last == " " { core.removeLast() }
        var parts: [AnswerToken.Kind] = text.hasPrefix(",") ? [.symbol(",")] : []
        var words: [Substring] = []
        for word in core.split(separator: " ") {
            if ["and", "or", "&"].contains(word.lowercased()) {
                if !words.isEmpty { parts.append(.text(words.joined(separator: " "))) }
                parts.append(.text(word == "&" ? "and" : String(word)))
                words = []
            } else {
                words.append(word)
            }
        }
        if parts.isEmpty, !isEdged { return nil }
        if !words.isEmpty { parts.append(.text(words.joined(separator: " "))) }
        if text.hasSuffix(","), text != "," { parts.append(.symbol(",")) }
        return parts
    }

    private static func source(_ kind: AnswerToken.Kind) -> String {
        if case .text(let text) = kind { "\\text{\(text)}" } else { "," }
    }

    private func kindIsBrace(_ kind: AnswerToken.Kind) -> Bool { kind == .symbol("{") || kind == .symbol("}") }

    /// The next token; nil without moving on an error, nil after moving over a space.
    private mutating func next() -> AnswerToken.Kind? {
        let character = text[index]
        if character == " " {
            index += 1
            return nil
        }
        if character.isDigit || (character == "." && peek(1)?.isDigit == true) { return number() }
        if character.isLetter {
            let start = index
            while index < text.count, text[index].isLetter { index += 1 }
            return .word(String(text[start..<index]))
        }
        index += 1
        guard character == "\\" else { return .symbol(character) }
        guard index < text.count else { return .symbol("\\") }
        let start = index
        while index < text.count, text[index].isASCII, text[index].isLetter { index += 1 }
        if index == start {
            index += 1
            return .command(String(text[start]))
        }
        let name = String(text[start..<index])
        if name == "text" || name == "begin" || name == "end" {
            guard let group = group() else {
                index = start - 1
                return nil
            }
            if name == "text" { return .text(group.trimming()) }
            return group == "pmatrix" ? .command(name) : .symbol("\\")
        }
        return .command(name)
    }

    private func peek(_ offset: Int) -> Character? { index + offset < text.count ? text[index + offset] : nil }

    /// What stands between the braces that come next.
    private mutating func group() -> String? {
        while peek(0) == " " { index += 1 }
        guard peek(0) == "{" else { return nil }
        var level = 0
        let start = index + 1
        while index < text.count {
            if text[index] == "{" { level += 1 }
            if text[index] == "}" { level -= 1 }
            index += 1
            if level == 0 { return String(text[start..<(index - 1)]) }
        }
        return nil
    }

    private mutating func digits() -> String {
        let start = index
        while index < text.count, text[index].isDigit { index += 1 }
        return String(text[start..<index])
    }

    private mutating func number() -> AnswerToken.Kind? {
        let start = index
        var numeral = digits()
        if depth == 0,
            let end = endOfThousands(numeral, ",") ?? endOfThousands(numeral, " ") ?? endOfThousands(numeral, "'")
        {
            numeral = String(text[start..<end].filter(\.isDigit))
            index = end
        }
        if peek(0) == ".", peek(1).map({ $0.isDigit || $0 == "\\" }) ?? true || peek(1) == " " {
            index += 1
            numeral += "." + digits()
            if let period = overlined() {
                guard let value = Rational(decimal: numeral, repeating: period) else {
                    index = start
                    return nil
                }
                return .number(numeral + "(\(period))", value)
            }
        }
        if let mark = peek(0), mark == "e" || mark == "E" {
            let hasSign = peek(1) == "-" || peek(1) == "+"
            if let digit = peek(hasSign ? 2 : 1), digit.isDigit {
                index += 1
                let sign = hasSign ? String(text[index]) : ""
                if hasSign { index += 1 }
                numeral += "e" + sign + digits()
            }
        }
        guard let value = Rational(decimal: numeral) else {
            index = start
            return nil
        }
        return .number(numeral, value)
    }

    /// The digits of `\overline{}`, if that comes next.
    private mutating func overlined() -> String? {
        let start = index
        guard text[index...].starts(with: "\\overline") else { return nil }
        index += 9
        if let group = group(), !group.isEmpty, group.allSatisfy(\.isDigit) { return group }
        index = start
        return nil
    }

    /// Where a numeral with well-formed groups of thousands ends, which began with `head`.
    private func endOfThousands(_ head: String, _ separator: Character) -> Int? {
        guard (1...3).contains(head.count), head.first != "0" else { return nil }
        var end = index
        while end + 3 < text.count, text[end] == separator, text[(end + 1)...(end + 3)].allSatisfy(\.isDigit) {
            end += 4
        }
        guard end > index else { return nil }
        let after = end < text.count ? text[end] : nil
        if after?.isDigit == true { return nil }
        if after == separator, end + 1 < text.count, text[end + 1].isDigit { return nil }
        return end
    }
}

extension String {
    /// Without white space at the ends.
    func trimming() -> String {
        var slice = self[...]
        while slice.first?.isWhitespace == true { slice.removeFirst() }
        while slice.last?.isWhitespace == true { slice.removeLast() }
        return String(slice)
    }
}
