internal import Foundation

/// One way to write an answer out of the many that LaTeX, Unicode and Markdown offer.
package enum AnswerText {
    /// The text with delimiters of mathematics, spacing commands, synonyms and closing punctuation taken away.
    ///
    /// Normalising twice changes nothing more.
    package static func normalised(_ text: String) -> String {
        guard text.utf8.count <= GradingLimits.characters else { return joiningWhiteSpace(text) }
        var current = Array(EscapedTwice.undone(in: text))
        // Every pass but the last makes the text shorter or plainer; a few are enough.
        for _ in 0..<20 {
            let next = trimmed(withoutDollars(pass(current)))
            if next == current { break }
            current = next
        }
        return String(current)
    }

    /// A text too long to be read, its white space made single.
    private static func joiningWhiteSpace(_ text: String) -> String {
        var joined: [UInt8] = []
        joined.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if byte != 32, !(9...13).contains(byte) {
                joined.append(byte)
            } else if let last = joined.last, last != 32 {
                joined.append(32)
            }
        }
        if joined.last == 32 { joined.removeLast() }
        return String(decoding: joined, as: UTF8.self)
    }

    private static func pass(_ text: [Character]) -> [Character] {
        var out: [Character] = []
        out.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let character = text[index]
            index += 1
            if character == "\\" {
                command(text, &index, &out)
            } else if let replacement = characters[character] {
                out += replacement
            } else if let mark = raised[character] {
                run(text, &index, &out, "^", mark, raised)
            } else if let mark = lowered[character] {
                run(text, &index, &out, "_", mark, lowered)
            } else if let next = asciiRelation(text, index - 1, &out) {
                index = next
            } else if character.isWhitespace {
                if out.last != " " { out.append(" ") }
            } else if character == ",", let next = joinedThousands(text, index), out.last?.isDigit == true {
                index = next
            } else if character == "{", let next = bracedThousands(text, index, &out) {
                index = next
            } else if character == "&", text[index...].starts(with: "lt;") || text[index...].starts(with: "gt;") {
                out.append(text[index] == "l" ? "<" : ">")
                index += 3
            } else if character == "{", text[index...].starts(with: ":}") {
                out.append(":")
                index += 2
            } else if character == "^", let next = degree(text, index) {
                index = next
                out += "\\degree "
            } else if let digit = character.digitOfAnyScript {
                out.append(digit)
            } else {
                out.append(character)
            }
        }
        return out
    }

    /// Superscripts or subscripts of Unicode that stand together, as one group.
    private static func run(
        _ text: [Character], _ index: inout Int, _ out: inout [Character], _ sign: Character, _ first: Character,
        _ table: [Character: Character]
    ) {
        var group = [first]
        while index < text.count, let next = table[text[index]] {
            group.append(next)
            index += 1
        }
        out += [sign, "{"] + group + ["}"]
    }

    /// Where the text goes on after `<=`, `>=`, `!=` or `==`; `5!=120` is a factorial.
    private static func asciiRelation(_ text: [Character], _ start: Int, _ out: inout [Character]) -> Int? {
        guard start + 1 < text.count, "<>!=".contains(text[start]) else { return nil }
        let name: String
        switch (text[start], text[start + 1]) {
        case ("<", "="), ("=", "<"): name = "\\le "
        case (">", "="): name = "\\ge "
        case ("!", "="):
            if let last = out.last, last.isDigit || ")]}".contains(last) { return nil }
            name = "\\ne "
        case ("=", "="): name = "="
        case ("<", ">"): name = "\\ne "
        default: return nil
        }
        out += name
        return start + 2
    }

    /// Where the digits go on after `{,}`, the brace of which has been read.
    private static func bracedThousands(_ text: [Character], _ start: Int, _ out: inout [Character]) -> Int? {
        guard out.last(where: { $0 != " " })?.isDigit == true else { return nil }
        var index = start
        for expected in [",", "}"] as [Character] {
            while index < text.count, text[index] == " " { index += 1 }
            guard index < text.count, text[index] == expected else { return nil }
            index += 1
        }
        while index < text.count, text[index] == " " { index += 1 }
        guard text[index...].prefix(while: \.isDigit).count == 3 else { return nil }
        while out.last == " " { out.removeLast() }
        return index
    }

    /// Where the digits go on after `,\!`.
    private static func joinedThousands(_ text: [Character], _ start: Int) -> Int? {
        var index = start
        while index < text.count, text[index] == " " { index += 1 }
        guard index + 1 < text.count, text[index] == "\\", text[index + 1] == "!" else { return nil }
        index += 2
        while index < text.count, text[index] == " " { index += 1 }
        return index < text.count && text[index].isDigit ? index : nil
    }

    /// Where the text goes on after `\circ` or `{\circ}`, if `^` came before.
    private static func degree(_ text: [Character], _ start: Int) -> Int? {
        var index = start
        var braces = 0
        while index < text.count, text[index] == " " || text[index] == "{" {
            if text[index] == "{" { braces += 1 }
            index += 1
        }
        guard text[index...].starts(with: "\\circ") || text[index...].starts(with: "\\degree") else { return nil }
        index += text[index...].starts(with: "\\circ") ? 5 : 7
        while braces > 0, index < text.count, text[index] == " " || text[index] == "}" {
            if text[index] == "}" { braces -= 1 }
            index += 1
        }
        return braces == 0 ? index : nil
    }

    /// Reads a command, the backslash of which has been read.
    private static func command(_ text: [Character], _ index: inout Int, _ out: inout [Character]) {
        guard index < text.count else { return }
        let start = index
        while index < text.count, text[index].isASCII, text[index].isLetter { index += 1 }
        if index == start {
            index += 1
            symbol(text[start], text, &index, &out)
            return
        }
        let name = String(text[start..<index])
        if text[index...].first == "*", name == "operatorname" { index += 1 }
        if name == "not", let next = text[index...].firstIndex(where: { $0 != " " }), text[next] == "=" {
            index = next + 1
            out += "\\ne "
            return
        }
        if dropped.contains(name) {
            if name == "left" || name == "right", text[index...].first == "." { index += 1 }
            // The command also ended a word.
            if out.last != " " { out.append(" ") }
        } else if let replacement = synonyms[name] {
            out += replacement
        } else if name == "begin" || name == "end", let matrix = environment(text, &index) {
            out += "\\\(name){\(matrix)}"
        } else {
            out += "\\" + name
        }
    }

    private static func symbol(
        _ symbol: Character, _ text: [Character], _ index: inout Int, _ out: inout [Character]
    ) {
        switch symbol {
        case "!", "(", ")", "[", "]": break
        case "%": out.append("%")
        case "&": out += "\\&"
        case ",", ";", ":", ">", " ", "\n":
            // 10\,080 is one number.
            let digits = text[index...].prefix { $0.isDigit }
            if digits.count == 3, out.last?.isDigit == true { return }
            if out.last != " " { out.append(" ") }
        default: out += ["\\", symbol]
        }
    }

    private static func environment(_ text: [Character], _ index: inout Int) -> String? {
        guard text[index...].first == "{", let close = text[index...].firstIndex(of: "}") else { return nil }
        let name = String(text[(index + 1)..<close])
        guard ["bmatrix", "matrix", "array", "smallmatrix", "Bmatrix", "pmatrix"].contains(name) else { return nil }
        index = close + 1
        // The columns of an array are set out in a group of their own.
        if name == "array", text[index...].first == "{", let end = text[index...].firstIndex(of: "}"),
            text[(index + 1)..<end].allSatisfy({ "lcr|@ ".contains($0) })
        {
            index = end + 1
        }
        return "pmatrix"
    }

    /// Without the delimiters of mathematics; a `$` that has no partner is money.
    private static func withoutDollars(_ text: [Character]) -> [Character] {
        let places = text.indices.filter { text[$0] == "$" && ($0 == 0 || text[$0 - 1] != "\\") }
        if places.isEmpty { return text }
        if places.count == 1 {
            var text = text
            text.insert("\\", at: places[0])
            return text
        }
        let removed = Set(places)
        return text.indices.filter { !removed.contains($0) }.map { text[$0] }
    }

    private static func trimmed(_ text: [Character]) -> [Character] {
        var slice = text[...]
        var changed = true
        while changed {
            let count = slice.count
            while let first = slice.first, " :=*`\"'".contains(first) { slice.removeFirst() }
            while let last = slice.last, " .,;:*`\"?".contains(last), !slice.suffix(3).elementsEqual("...") {
                // An escaped space or comma has been read; what is left of `\\.` is a row's end.
                slice.removeLast()
            }
            if slice.last == "\\", slice.dropLast().last == "\\" { slice.removeLast(2) }
            changed = slice.count != count
        }
        return Array(slice)
    }

    private static let dropped: Set<String> = [
        "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "biggl", "biggr", "Biggl",
        "Biggr", "middle", "displaystyle", "textstyle", "scriptstyle", "limits", "nolimits", "quad", "qquad", "enspace",
        "thinspace", "hfill", "boxed", "fbox", "rm", "bf", "it", "tt", "phantom", "hline", "nonumber",
    ]

    private static let synonyms: [String: String] = {
        var table = [
            "dfrac": "\\frac", "tfrac": "\\frac", "cfrac": "\\frac", "dbinom": "\\binom", "tbinom": "\\binom",
            "leq": "\\le", "leqslant": "\\le", "geq": "\\ge", "geqslant": "\\ge", "neq": "\\ne", "lt": "<", "gt": ">",
            "cdot": "*", "times": "*", "ast": "*", "div": "/", "infin": "\\infty", "varnothing": "\\emptyset",
            "lbrace": "\\{", "rbrace": "\\}", "lbrack": "[", "rbrack": "]", "lparen": "(", "rparen": ")",
            "lvert": "|", "rvert": "|", "vert": "|", "mid": "|", "degree": "\\degree ", "textdegree": "\\degree ",
            "textdollar": "\\$", "dollar": "\\$", "percent": "%", "dots": "\\ldots", "cdots": "\\ldots",
            "langle": "(", "rangle": ")", "bar": "\\overline", "dot": "\\overline", "land": "\\text{and}",
            "lor": "\\text{or}",
            "colon": ":", "simeq": "\\approx", "thickapprox": "\\approx", "doteq": "\\approx", "equiv": "=",
            "leqq": "\\le",
            "geqq": "\\ge", "bullet": "*", "pounds": "£", "euro": "€", "bigcup": "\\cup",
            "space": " ", "imath": "i", "jmath": "j", "varphi": "\\phi", "varepsilon": "\\epsilon",
            "vartheta": "\\theta",
        ]
        let texts = [
            "mbox", "hbox", "textbf", "textit", "textrm", "textnormal", "textsf", "texttt", "mathrm", "mathbf",
            "mathsf", "mathit", "operatorname", "bm", "boldsymbol", "emph", "textup",
        ]
        for name in texts { table[name] = "\\text" }
        return table
    }()

    private static let raised = Dictionary(uniqueKeysWithValues: zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ⁽⁾", "0123456789+-n()"))
    private static let lowered = Dictionary(uniqueKeysWithValues: zip("₀₁₂₃₄₅₆₇₈₉₊₋ₙ₍₎", "0123456789+-n()"))

    private static let characters: [Character: String] = {
        var table: [Character: String] = [
            "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/",
            "∕": "/", "⁄": "/", "√": "\\sqrt ", "∛": "\\sqrt[3] ", "∞": "\\infty ", "∪": "\\cup ", "∈": "\\in ",
            "≤": "\\le ", "≥": "\\ge ", "≦": "\\le ", "≧": "\\ge ", "⩽": "\\le ", "⩾": "\\ge ", "≠": "\\ne ",
            "≈": "\\approx ", "≃": "\\approx ", "±": "\\pm ", "∓": "\\mp ", "°": "\\degree ", "º": "\\degree ",
            "∅": "\\emptyset ", "ℏ": "\\hbar ", "∂": "\\partial ", "∇": "\\nabla ", "ℓ": "\\ell ", "½": "\\frac{1}{2}",
            "⅓": "\\frac{1}{3}", "⅔": "\\frac{2}{3}", "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}", "⅕": "\\frac{1}{5}",
            "⅖": "\\frac{2}{5}", "⅗": "\\frac{3}{5}", "⅘": "\\frac{4}{5}", "⅙": "\\frac{1}{6}", "⅚": "\\frac{5}{6}",
            "⅛": "\\frac{1}{8}", "⅜": "\\frac{3}{8}", "⅝": "\\frac{5}{8}", "⅞": "\\frac{7}{8}", "“": "\"", "”": "\"",
            "’": "'", "‘": "'", "，": ",", "、": ",", "،": ",", "；": ";", "（": "(", "）": ")", "［": "[", "］": "]",
            "｛": "{", "｝": "}", "：": ":", "。": ".", "．": ".", "٫": ".", "٬": ",", "％": "%", "٪": "%", "＄": "$",
            "￥": "¥", "～": "~", "~": " ", "\u{200B}": "", "\u{FEFF}": "", "\u{200E}": "", "\u{200F}": "", "⟨": "(",
            "⟩": ")", "∘": "\\degree ", "＝": "=", "－": "-", "＋": "+", "／": "/", "＜": "<", "＞": ">",
        ]
        let greek = [
            "α alpha", "β beta", "γ gamma", "δ delta", "ε epsilon", "ϵ epsilon", "ζ zeta", "η eta", "θ theta",
            "ϑ theta", "ι iota", "κ kappa", "λ lambda", "µ mu", "μ mu", "ν nu", "ξ xi", "π pi", "ρ rho", "σ sigma",
            "τ tau", "υ upsilon", "φ phi", "ϕ phi", "χ chi", "ψ psi", "ω omega", "Γ Gamma", "Δ Delta", "Θ Theta",
            "Λ Lambda", "Ξ Xi", "Π Pi", "Σ Sigma", "Φ Phi", "Ψ Psi", "Ω Omega",
        ]
        for name in greek {
            if let letter = name.first { table[letter] = "\\\(name.dropFirst(2)) " }
        }
        return table
    }()
}

extension Character {
    /// Whether this is one of 0 to 9.
    var isDigit: Bool { isASCII && isNumber }

    /// 0 to 9 for a decimal digit of any script but this one.
    var digitOfAnyScript: Character? {
        guard !isASCII, unicodeScalars.count == 1, let scalar = unicodeScalars.first,
            scalar.properties.numericType == .decimal, let value = wholeNumberValue
        else { return nil }
        return Character(String(value))
    }
}
