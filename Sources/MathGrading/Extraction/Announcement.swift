/// What a text says right after it announced its answer.
struct Announcement {
    private let prose: Prose
    private let range: Range<Int>

    init(_ text: String) {
        prose = Prose(String(text.prefix(GradingLimits.sentence)))
        range = Self.sentence(of: prose)
    }

    /// The sentence, without what only leads to the answer; it goes on in the next line where it has said nothing yet.
    private static func sentence(of prose: Prose) -> Range<Int> {
        var start = 0
        let text = prose.text
        var changed = true
        while changed {
            changed = false
            var isNewLine = false
            while start < text.count {
                let isBullet = text[start] == "-" && isNewLine && start + 1 < text.count && text[start + 1] == " "
                guard text[start].isWhitespace || ":*=}_\"".contains(text[start]) || isBullet else { break }
                isNewLine = isNewLine || text[start].isNewline
                start += 1
            }
            let rest = String(text[start...].prefix(20)).lowercased()
            for word in [
                "therefore", "equal to", "simply", "just", "thus", "then", "clearly", "indeed", "exactly", "now",
            ]
            where rest.hasPrefix(word + " ") || rest.hasPrefix(word + ",") {
                start += word.count + 1
                changed = true
            }
        }
        var end = prose.sentenceEnd(from: start)
        var lines = 0
        while lines < 3, end < text.count, text[end].isNewline, leadsOn(prose.string(start..<end)) {
            while end < text.count, text[end].isWhitespace { end += 1 }
            end = prose.sentenceEnd(from: end)
            lines += 1
        }
        return start..<max(start, end)
    }

    private static func leadsOn(_ text: String) -> Bool {
        let end = text.lowercased().trimming()
        return end.isEmpty || [":", ":**", " is", " are", "=", " equals", " be", "is**"].contains { end.hasSuffix($0) }
    }

    /// The words, if they are no value: a name, a day, or a choice; nil if they only speak of the answer.
    var text: String? {
        let words = prose.string(clause)
        let refused = [
            "correct", "right", "wrong", "incorrect", "as follows", "obtained", "found", "given", "unique", "in the ",
            "known", "therefore", "the same", "unclear", "reasonable", "consistent", "now ", "yes, ",
        ]
        let lowered = words.lowercased()
        return words.isEmpty || refused.contains { lowered.hasPrefix($0) } ? nil : words
    }

    /// The value, in mathematics; nil if there is none.
    var value: String? {
        guard !range.isEmpty else { return nil }
        let whole = plain(range)
        if Prose.reads(whole) { return whole }
        let clause = clause
        if clause != range, Prose.reads(plain(clause)) { return plain(clause) }
        let lowered = whole.lowercased()
        if lowered.hasPrefix("not ") || lowered.contains(" not "), !lowered.contains(" but ") { return nil }
        if let leading = leading(clause), !lowered.hasPrefix("not ") { return leading }
        if let predicate = prose.predicate(in: clause) ?? prose.predicate(in: range) {
            if Prose.reads(prose.string(predicate)) { return prose.string(predicate) }
            if let leading = leading(predicate) { return leading }
        }
        let rest = Prose(String(prose.text[range]))
        return rest.isHedged ? nil : rest.closingValue
    }

    private func plain(_ range: Range<Int>) -> String {
        prose.trimmed(range).map { prose.string($0) } ?? ""
    }

    /// The sentence up to where it begins to give reasons.
    private var clause: Range<Int> {
        let openers = [
            ", which", ", since", " because", ", because", " since ", ", so ", ", as ", ", where", ", when",
            ", that is",
            ", i.e", ", giving", ", making", ", with ", ", who", " (since", " (because", ", for ", ", not ",
            " as required",
            " rather than", ", i hope",
        ]
        let text = prose.text
        for index in range where text[index] == "," || text[index] == " " {
            guard prose.formula(at: index) == nil else { continue }
            let rest = String(text[index..<min(index + 14, range.upperBound)]).lowercased()
            if index > range.lowerBound, openers.contains(where: { rest.hasPrefix($0) }) {
                return range.lowerBound..<index
            }
        }
        return range
    }

    /// The value that a part of the sentence begins with: a formula, or a number.
    private func leading(_ range: Range<Int>) -> String? {
        guard let range = prose.trimmed(range) else { return nil }
        let text = prose.text
        if let formula = prose.formula(at: range.lowerBound) {
            let content = prose.string(formula)
            // "$n$ can be 3 or 5" says what n is.
            if content.count == 1, prose.predicate(in: range) != nil { return nil }
            return Prose.reads(content) ? content : nil
        }
        var start = range.lowerBound
        // "5 + 3 = 8 apples": the last side.
        if let equals = range.last(where: { text[$0] == "=" && prose.formula(at: $0) == nil }) {
            start = equals + 1
            while start < range.upperBound, text[start].isWhitespace { start += 1 }
        }
        var depth = 0
        var end = start
        while end < range.upperBound, depth > 0 || !text[end].isWhitespace {
            if "{([".contains(text[end]) { depth += 1 }
            if "})]".contains(text[end]) { depth -= 1 }
            end += 1
        }
        let word = String(text[start..<end]).trimming()
        guard word.contains(where: \.isDigit) || word.contains("\\"), let first = word.first,
            first.isDigit || "$\\-+([{€£¥₹.".contains(first)
        else { return nil }
        let number = word.last.map { ",;:".contains($0) } == true ? String(word.dropLast()) : word
        // An operator that follows makes more of it.
        let next = text[end..<range.upperBound].first { !$0.isWhitespace }
        if let next, "+*/^×÷".contains(next) { return nil }
        return Prose.reads(number) ? number : nil
    }
}
