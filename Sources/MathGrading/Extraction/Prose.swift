/// Sentences with formulas in them.
struct Prose {
    struct Formula {
        /// With its delimiters.
        let whole: Range<Int>
        let content: Range<Int>
    }

    let text: [Character]
    let formulas: [Formula]

    init(_ text: String) {
        self.text = Array(text)
        formulas = Self.formulas(in: self.text)
    }

    func string(_ range: Range<Int>) -> String { String(text[range]).trimming() }

    /// The text of a formula.
    func string(_ formula: Formula) -> String { string(formula.content) }

    func formula(at index: Int) -> Formula? { formulas.first { $0.whole.contains(index) } }

    /// Whether a text reads as mathematics.
    static func reads(_ text: String) -> Bool {
        guard !text.isEmpty else { return false }
        switch MathAnswer(text).form {
        case .text: return false
        // Clauses that a comma parts.
        case .list(let items), .set(let items): return !items.contains { $0.isText }
        default: return true
        }
    }

    // MARK: - Formulas

    private static func formulas(in text: [Character]) -> [Formula] {
        var found: [Formula] = []
        var index = 0
        func end(_ close: [Character], from start: Int) -> Int? {
            var index = start
            while index + close.count <= text.count {
                if text[index] == close[0], text[index..<(index + close.count)].elementsEqual(close),
                    close[0] == "\\" || index == 0 || text[index - 1] != "\\"
                {
                    return index
                }
                index += 1
            }
            return nil
        }
        while index < text.count {
            let next = index + 1 < text.count ? text[index + 1] : " "
            var close: [Character] = []
            if text[index] == "\\", next == "(" { close = ["\\", ")"] }
            if text[index] == "\\", next == "[" { close = ["\\", "]"] }
            if text[index] == "$" { close = next == "$" ? ["$", "$"] : ["$"] }
            if text[index] == "\\", close.isEmpty {
                index += 2
                continue
            }
            guard !close.isEmpty else {
                index += 1
                continue
            }
            let open = close.count
            guard let last = end(close, from: index + open), last > index + open,
                open > 1 || isFormula(text[(index + 1)..<last])
            else {
                index += open
                continue
            }
            found.append(Formula(whole: index..<(last + open), content: (index + open)..<last))
            index = last + open
        }
        return found
    }

    /// Whether what stands between two dollar signs is a formula rather than words between two sums of money.
    private static func isFormula(_ content: ArraySlice<Character>) -> Bool {
        if content.contains(where: \.isNewline) { return false }
        var word = ""
        var isCommand = false
        var depth = 0
        for character in content + [" "] {
            if character == "{" { depth += 1 }
            if character == "}" { depth -= 1 }
            if character.isLetter {
                word.append(character)
                continue
            }
            if word.count > 2, !isCommand, depth <= 0, ExpressionParser.pieces(of: word) == nil { return false }
            word = ""
            isCommand = character == "\\"
        }
        return true
    }

    // MARK: - Words

    var hasDigit: Bool { text.contains(where: \.isDigit) }

    /// The words outside of formulas, commands and braces.
    var words: [String] {
        var words: [String] = []
        var word = ""
        var index = 0
        var depth = 0
        while index < text.count {
            if let formula = formula(at: index) {
                index = formula.whole.upperBound
                if word.count > 1 { words.append(word) }
                word = ""
                continue
            }
            let character = text[index]
            if character == "\\" {
                index += 1
                while index < text.count, text[index].isASCII, text[index].isLetter { index += 1 }
                continue
            }
            if character == "{" { depth += 1 }
            if character == "}" { depth -= 1 }
            if character.isLetter, depth <= 0 {
                word.append(character)
                // A letter of Chinese is a word.
                if character.unicodeScalars.contains(where: { $0.value >= 0x2E80 }) {
                    words.append(word)
                    word = ""
                }
            } else {
                if word.count > 1 { words.append(word) }
                word = ""
            }
            index += 1
        }
        if word.count > 1 { words.append(word) }
        return words
    }

    static let verbs = [
        " is ", " are ", " was ", " were ", " be ", " equals ", " equal to ", " has ", " have ", " get ", " gets ",
        " gives ", " costs ", " makes ", " becomes ", " totals ", " takes ", " left ", " it's ", " that's ",
    ]

    private static let leads: Set<String> = [
        "so", "thus", "hence", "therefore", "then", "it", "is", "we", "get", "result", "total", "that", "gives",
        "equals",
        "finally", "so,",
    ]

    /// Whether the words state something: there is a verb, an equation, or a label with a colon.
    var isStatement: Bool {
        let plain = " " + String(text).lowercased() + " "
        let words = words
        if words.count <= 4, words.allSatisfy({ Self.leads.contains($0.lowercased()) }) { return true }
        let acts = [
            "weighs", "measures", "needs", "pays", "earns", "spends", "saves", "sells", "buys", "runs", "walks",
        ]
        if words.count >= 3, words.contains(where: { acts.contains($0) }) { return true }
        if words.count >= 3,
            Self.verbs.contains(where: { plain.contains($0) }) || plain.contains("=") || plain.contains(" at ")
        {
            return true
        }
        if let colon = text.lastIndex(of: ":"), !text[..<colon].contains(where: \.isDigit),
            words.contains(where: { $0.count > 2 })
        {
            return text[(colon + 1)...].contains(where: \.isDigit)
        }
        return false
    }

    /// Whether the last number is a bound, one of several, or denied: "at least 3", "5 or 7", "not 3".
    var isHedged: Bool {
        guard let number = text.lastIndex(where: \.isDigit) else { return false }
        var start = number
        while start > 0, text[start - 1].isDigit || ".,$-/".contains(text[start - 1]) { start -= 1 }
        let before = String(text[..<start]).lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "'" }.suffix(4)
        let after = String(text[(number + 1)...]).lowercased()
        if ["or more", "or less", "or fewer", "or greater", "or over"].contains(where: { after.hasPrefix(" " + $0) }) {
            return true
        }
        guard let last = before.last else { return false }
        let hasNumber = before.dropLast().contains { $0.contains(where: \.isNumber) }
        if ["or", "to", "and", "between"].contains(last), hasNumber || last == "between" { return true }
        if ["not", "than", "least", "most", "over", "under", "nearly", "almost", "isn't", "above", "below"].contains(
            last)
        {
            return true
        }
        return before.suffix(2).first == "not"
    }

    // MARK: - The value at the end

    /// The value in the last sentence that has one: what its verb says, if that is a formula or a list; else its last
    /// formula or number.
    var closingValue: String? {
        var start = 0
        var last: Range<Int>?
        while start < text.count {
            let end = sentenceEnd(from: start)
            if text[start..<end].contains(where: \.isDigit)
                || formulas.contains(where: { start <= $0.whole.lowerBound && $0.whole.upperBound <= end })
            {
                last = start..<end
            }
            start = end + 1
        }
        guard let last else { return nil }
        if let predicate = predicate(in: last) {
            let rest = string(predicate)
            switch MathAnswer(rest).form {
            case .text: break
            case .list, .set, .sequence, .union, .matrix, .relation: return rest
            default: if formulas.contains(where: { predicate.contains($0.whole.lowerBound) }) { return rest }
            }
        }
        let inside = formulas.filter { last.contains($0.whole.lowerBound) }
        let digit = text[last].lastIndex(where: \.isDigit)
        let holder = digit.flatMap { digit in inside.last { $0.whole.contains(digit) } }
        if let formula = inside.last, digit.map({ $0 < formula.whole.upperBound }) ?? true {
            let content = string(formula)
            if Self.reads(content), digit == nil || content.count > 2 || holder?.whole == formula.whole {
                return content
            }
        }
        if let holder, Self.reads(string(holder)) { return string(holder) }
        // A formula that cannot be read as a whole ends in its value.
        if let holder, let equals = text[holder.content].lastIndex(of: "=") {
            let side = string((equals + 1)..<holder.content.upperBound)
            if Self.reads(side) { return side }
        }
        guard let digit else { return nil }
        return time(endingAt: digit, in: last) ?? LastNumber.last(in: String(text[last.lowerBound...digit]))
    }

    /// A time of day such as `6:30 p.m.`, by its last digit.
    private func time(endingAt digit: Int, in range: Range<Int>) -> String? {
        var end = digit + 1
        let after = String(text[end..<min(end + 6, text.count)]).lowercased().filter { $0 != "." && $0 != " " }
        guard after.hasPrefix("am") || after.hasPrefix("pm"),
            !after.dropFirst(2).prefix(1).contains(where: \.isLetter) || after.count == 2
        else { return nil }
        var start = digit
        while start > range.lowerBound, text[start - 1].isDigit || text[start - 1] == ":" { start -= 1 }
        while end < text.count, text[end] != "m", text[end] != "M" { end += 1 }
        return string(start..<min(end + 1, text.count))
    }

    /// What stands after the last verb of a sentence.
    func predicate(in range: Range<Int>) -> Range<Int>? {
        var index = range.upperBound - 1
        while index > range.lowerBound {
            if let formula = formula(at: index) {
                index = formula.whole.lowerBound - 1
                continue
            }
            if text[index] == ":", index + 1 < range.upperBound, text[index + 1] == " " {
                return trimmed((index + 1)..<range.upperBound)
            }
            if text[index] == " " {
                let rest = String(text[index..<min(index + 11, range.upperBound)]).lowercased()
                if let verb = Self.verbs.first(where: { rest.hasPrefix($0) }) {
                    return trimmed((index + verb.count)..<range.upperBound)
                }
            }
            index -= 1
        }
        return nil
    }

    func trimmed(_ range: Range<Int>) -> Range<Int>? {
        var range = range
        while let first = range.first, text[first].isWhitespace || "*:".contains(text[first]) { range.removeFirst() }
        while let last = range.last, text[last].isWhitespace || "*.,;:".contains(text[last]) { range.removeLast() }
        return range.isEmpty ? nil : range
    }

    /// Where the sentence that begins at an index ends.
    func sentenceEnd(from start: Int) -> Int {
        var index = start
        var depth = 0
        while index < text.count {
            if let formula = formula(at: index) {
                index = formula.whole.upperBound
                // "$$x = 5.$$ Therefore".
                let next = text[index...].first { !$0.isWhitespace }
                if text[formula.content].last(where: { !$0.isWhitespace }) == ".", next?.isUppercase == true {
                    return index
                }
                continue
            }
            let character = text[index]
            if "{([".contains(character) { depth += 1 }
            if "})]".contains(character) { depth -= 1 }
            if character.isNewline { return index }
            if "。！？；".contains(character) { return index }
            let next = index + 1 < text.count ? text[index + 1] : " "
            if ".!?;".contains(character), depth <= 0, next.isWhitespace || "*\"<\\".contains(next),
                !continues(at: index)
            {
                return index
            }
            index += 1
        }
        return text.count
    }

    /// Whether the mark at an index ends no sentence: a factorial, or the point of an abbreviation.
    private func continues(at index: Int) -> Bool {
        guard index > 0 else { return false }
        if text[index] == "!" { return text[index - 1].isDigit || text[index - 1] == ")" }
        guard text[index] == "." else { return false }
        let word =
            String(text[..<index].suffix(6)).split { !$0.isLetter && $0 != "." }.last.map { $0.lowercased() } ?? ""
        return text[index - 1].isLetter
            && ["a.m", "p.m", "i.e", "e.g", "rs", "approx", "no", "dr", "mr", "mrs", "vs"].contains(word)
            && index + 2 < text.count && !text[index + 2].isUppercase
    }
}
