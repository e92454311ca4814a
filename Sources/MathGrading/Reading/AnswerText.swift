internal import Foundation

/// One way to write an answer out of the many that LaTeX, Unicode and Markdown offer.
package enum AnswerText {
    /// The text with delimiters of mathematics, spacing commands, synonyms and closing punctuation taken away.
    ///
    /// Normalising twice changes nothing more.
    package static func normalised(_ text: String) -> String {
        guard text.utf8.count <= GradingLimits.characters else {
            return text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        var current = Array(text)
        // Every pass but the last makes the text shorter or plainer; a few are enough.
        for _ in 0..<20 {
            let next = trimmed(withoutDollars(pass(current)))
            if next == current { break }
            current = next
        }
        return String(current)
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
            } else if character.isWhitespace {
                if out.last != " " { out.append(" ") }
            } else if character == ",", let next = joinedThousands(text, index), out.last?.isDigit == true {
                index = next
            } else if character == "{", text[index...].starts(with: ",}"), out.last?.isDigit == true,
                index + 2 < text.count, text[index + 2].isDigit
            {
                index += 2
            } else if character == "^", let next = degree(text, index) {
                index = next
                out += "\\degree "
            } else if let digit = fullWidthDigits[character] {
                out.append(digit)
            } else {
                out.append(character)
            }
        }
        return out
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
            "colon": ":", "approx": "=", "simeq": "=", "equiv": "=", "pounds": "£", "euro": "€", "bigcup": "\\cup",
            "space": " ", "varphi": "\\phi", "varepsilon": "\\epsilon", "vartheta": "\\theta",
        ]
        let texts = [
            "mbox", "hbox", "textbf", "textit", "textrm", "textnormal", "textsf", "texttt", "mathrm", "mathbf",
            "mathsf", "mathit", "operatorname", "bm", "boldsymbol", "emph", "textup",
        ]
        for name in texts { table[name] = "\\text" }
        return table
    }()

    private static let fullWidthDigits = Dictionary(uniqueKeysWithValues: zip("０１２３４５６７８９", "0123456789"))

    private static let characters: [Character: String] = [
        "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": "*", "·": "*", "⋅": "*", "∙": "*", "÷": "/", "∕": "/",
        "⁄": "/", "π": "\\pi ", "√": "\\sqrt ", "∞": "\\infty ", "∪": "\\cup ", "∈": "\\in ", "≤": "\\le ",
        "≥": "\\ge ", "≠": "\\ne ", "≈": "=", "±": "\\pm ", "∓": "\\mp ", "°": "\\degree ", "º": "\\degree ",
        "∅": "\\emptyset ", "θ": "\\theta ", "α": "\\alpha ", "β": "\\beta ", "λ": "\\lambda ", "²": "^2", "³": "^3",
        "½": "\\frac{1}{2}", "¼": "\\frac{1}{4}", "¾": "\\frac{3}{4}", "⅓": "\\frac{1}{3}", "⅔": "\\frac{2}{3}",
        "“": "\"", "”": "\"", "’": "'", "‘": "'", "，": ",", "（": "(", "）": ")", "：": ":", "。": ".", "％": "%",
        "～": "~", "~": " ", "\u{200B}": "", "\u{FEFF}": "", "⟨": "(", "⟩": ")", "∘": "\\degree ", "＝": "=", "－": "-",
    ]
}

extension Character {
    /// Whether this is one of 0 to 9.
    var isDigit: Bool { isASCII && isNumber }
}
