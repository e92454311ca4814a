/// A worked solution, and what in it says that it is one.
struct Solution {
    /// The end of the text, as far as it is read, with plain digits and without what was thought before.
    let text: String
    private let marks: AnswerMarks

    init(_ text: String) {
        let plain = PlainDigits.of(EscapedTwice.undone(in: Self.end(of: text)))
        self.text = Self.spoken(plain)
        marks = AnswerMarks(self.text)
    }

    /// The part of a text that is read.
    static func end(of text: String) -> String {
        let bytes = text.utf8
        guard bytes.count > GradingLimits.solution else { return text }
        return String(decoding: bytes.suffix(GradingLimits.solution), as: UTF8.self)
    }

    /// What follows `</think>`, if something does.
    private static func spoken(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "<")) else { return text }
        let bytes = Array(text.utf8)
        guard let end = bytes.lastRange(of: "</think>"),
            bytes[end.upperBound...].contains(where: { $0 > 32 })
        else { return text }
        return String(decoding: bytes[end.upperBound...], as: UTF8.self)
    }

    // MARK: - Signs

    /// Whether an answer is marked as such, or the text is long enough to be nothing but a solution.
    var isMarked: Bool {
        if marks.hasBox || marks.tagged != nil || marks.hashed != nil || !marks.announcements.isEmpty { return true }
        return (hasLines || hasSentences) && words(atLeast: 6) >= 6
    }

    /// Whether a text without marks is words that come to a value, rather than a value.
    var isProse: Bool {
        guard text.utf8.count <= GradingLimits.characters, text.utf8.count > 3 else { return false }
        let prose = Prose(text)
        guard prose.hasDigit || !prose.formulas.isEmpty else { return false }
        let words = prose.words
        guard !words.isEmpty, !Prose.reads(text) else { return false }
        if !prose.formulas.isEmpty { return words.contains { $0.count > 2 } }
        if words.contains(where: { $0.unicodeScalars.contains { $0.value >= 0x0400 } }) { return true }
        if hasLines, words.count >= 2 { return true }
        return prose.isStatement
    }

    private var hasLines: Bool {
        var lines = 0
        for line in text.utf8.split(separator: UInt8(ascii: "\n")) where line.contains(where: { $0 > 32 }) {
            lines += 1
            if lines > 1 { return true }
        }
        return false
    }

    /// Whether a full stop is followed by another sentence.
    private var hasSentences: Bool {
        if text.utf8.count > GradingLimits.characters || text.contains("。") { return true }
        let words = text.split(separator: " ")
        return zip(words, words.dropFirst()).contains { word, next in
            ".!?".contains(word.last ?? " ") && word.count > 2 && next.first?.isUppercase == true
        }
    }

    /// How many words there are outside of LaTeX commands, counted up to a number; a letter that writes a word alone, as
    /// those of Chinese, is one.
    private func words(atLeast count: Int) -> Int {
        var words = 0
        var length = 0
        var isCommand = false
        for scalar in text.unicodeScalars {
            if scalar.value >= 0x2E80, scalar.properties.isAlphabetic { words += 1 }
            if scalar.properties.isAlphabetic {
                length += 1
            } else if scalar.value < 0x300 {
                if length > 1, !isCommand { words += 1 }
                length = 0
                isCommand = scalar == "\\"
            }
            if words >= count { return words }
        }
        return length > 1 && !isCommand ? words + 1 : words
    }

    // MARK: - Answer

    /// The final answer; nil if there is none.
    var answer: String? {
        if let tagged = marks.tagged { return Self.answer(ofTag: tagged) }
        if let box = marks.box {
            // "Final answer: …" after the box takes it back.
            if let last = marks.announcements.first(where: { $0.isFinal && $0.start > box.start }),
                let value = Announcement(marks.text(from: last.start)).value
            {
                return value
            }
            return box.content
        }
        if marks.hasBox { return nil }
        if let hashed = marks.hashed {
            guard !hashed.isEmpty, marks.announcements.contains(where: { $0.start > marks.hashedStart }) else {
                return hashed.isEmpty ? nil : hashed
            }
        }
        var words: String?
        for mark in marks.announcements.prefix(8) {
            let announcement = Announcement(marks.text(from: mark.start))
            if let value = announcement.value { return value }
            if words == nil, let text = announcement.text { words = text }
            if words != nil { break }
        }
        return words ?? closing
    }

    private static func answer(ofTag content: String) -> String? {
        let inner = AnswerMarks(content)
        if inner.hasBox { return inner.box?.content }
        if Prose.reads(content) { return content }
        let announcement = Announcement(content)
        return announcement.value ?? announcement.text ?? (content.isEmpty ? nil : content)
    }

    /// The value that the text comes to at its end.
    private var closing: String? {
        Prose(String(decoding: text.utf8.suffix(2 * GradingLimits.sentence), as: UTF8.self)).closingValue
            ?? LastNumber.last(in: text)
    }

    /// The value of a text that is only prose; nil where it says more, or less, than a value.
    var proseValue: String? {
        let prose = Prose(text)
        return prose.isHedged ? nil : prose.closingValue ?? LastNumber.last(in: text)
    }
}

/// Decimal digits, whatever script they are of, as 0 to 9.
enum PlainDigits {
    static func of(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
        var plain = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.value >= 0x80, scalar.properties.numericType == .decimal,
                let value = Character(scalar).wholeNumberValue, let digit = String(value).unicodeScalars.first
            {
                plain.append(digit)
            } else if scalar == "٫" {
                plain.append(".")
            } else if scalar == "٬" {
                plain.append(",")
            } else {
                plain.append(scalar)
            }
        }
        return String(plain)
    }
}
