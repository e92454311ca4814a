/// A time of day with its half, such as `6:30 p.m.`.
struct TimeOfDay: Hashable, Sendable {
    /// Seconds since midnight.
    let seconds: Int

    /// The time that some tokens name; nil if they name none, or if the half of the day is left open.
    init?(_ tokens: ArraySlice<AnswerToken>) {
        guard (1...12).contains(tokens.count) else { return nil }
        var text = ""
        var hasWords = false
        for token in tokens {
            switch token.kind {
            // British writers part hours and minutes by a point.
            case .number(let digits, _):
                guard digits.count <= 5 else { return nil }
                text += digits.map { $0 == "." ? ":" : $0 }
            case .word(let word), .text(let word):
                guard word.count <= 20 else { return nil }
                hasWords = true
                text += word.lowercased().filter(\.isLetter)
            case .symbol(":"): text += ":"
            case .symbol("."), .symbol("'"): continue
            default: return nil
            }
        }
        guard hasWords else { return nil }
        if text.hasPrefix("at") { text.removeFirst(2) }
        for (words, half) in [
            ("intheevening", "pm"), ("intheafternoon", "pm"), ("atnight", "pm"), ("inthemorning", "am"),
        ] where text.hasSuffix(words) {
            text = text.dropLast(words.count) + half
        }
        text = text.replacing("oclock", with: "")
        guard text.last?.isLetter == true else { return nil }
        self.init(plain: text)
    }

    /// `6:30pm`, `noon`, and, where it is after noon, `18:30`.
    init?(plain text: String) {
        if text == "noon" || text == "midnight" {
            seconds = text == "noon" ? 43_200 : 0
            return
        }
        var clock = text[...]
        var half: Character?
        for (suffix, mark) in [("am", "a"), ("pm", "p"), ("noon", "n"), ("midnight", "m")] as [(String, Character)]
        where clock.hasSuffix(suffix) {
            clock.removeLast(suffix.count)
            half = mark
            break
        }
        let parts = clock.split(separator: ":", omittingEmptySubsequences: false).map { part in
            (1...2).contains(part.count) && part.allSatisfy(\.isDigit) ? Int(part) : nil
        }
        let values = parts.compactMap(\.self)
        guard values.count == parts.count, (1...3).contains(values.count), let hours = values.first,
            values.dropFirst().allSatisfy({ $0 < 60 })
        else { return nil }
        let rest = zip(values.dropFirst(), [60, 1]).reduce(0) { $0 + $1.0 * $1.1 }
        switch half {
        case "a", "p":
            guard (1...12).contains(hours) else { return nil }
            seconds = (hours % 12 + (half == "p" ? 12 : 0)) * 3_600 + rest
        case "n", "m":
            guard hours == 12, rest == 0 else { return nil }
            seconds = half == "n" ? 43_200 : 0
        default:
            guard (13...23).contains(hours) || clock.hasPrefix("00"), values.count > 1 else { return nil }
            seconds = hours * 3_600 + rest
        }
    }
}
