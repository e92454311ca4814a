/// A reader of worked solutions, which finds their final answers.
public struct AnswerExtractor: Sendable, Hashable {
    /// How answers are looked for.
    public var mode: GradingMode

    public init(mode: GradingMode = .strict) {
        self.mode = mode
    }

    /// The final answer; nil if there is none.
    ///
    /// Strict: the last `\boxed{}` or `\fbox{}`; without one, what follows the last `####`; else what follows the last
    /// "answer is" or "answer:", to the end of its sentence; else the last number. A box that is not closed is no answer,
    /// and neither is an empty one; there is no falling back from them. Compat: the first of Minerva's phrase, the
    /// last box, what follows "he answer is", "final answer is" or 答案是, and the last number; what is found is normalised.
    public func answer(in text: String) -> String? {
        switch mode {
        case .strict: Self.marked(in: text) ?? Self.lastNumber(in: text)
        case .compat: CompatExtraction.answer(in: text)
        }
    }

    /// Whether a text is a worked solution rather than a final answer.
    ///
    /// It is one if it holds a box, `####`, "answer is" or "answer:", or if it has several lines or sentences and at least
    /// six words outside of LaTeX commands.
    public static func isSolution(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        if box(in: bytes) != nil || bytes.lastRange(of: "####") != nil || phrase(in: bytes) != nil { return true }
        guard text.split(whereSeparator: \.isNewline).count > 1 || hasSentences(text) else { return false }
        return hasWords(bytes, atLeast: 6)
    }

    // MARK: - Strict

    private static func marked(in text: String) -> String?? {
        let bytes = Array(text.utf8)
        if let box = box(in: bytes) {
            guard let content = boxContent(bytes, after: box) else { return .some(nil) }
            return .some(content.isEmpty ? nil : content)
        }
        if let range = bytes.lastRange(of: "####") {
            let line = bytes[range.upperBound...].prefix { $0 != UInt8(ascii: "\n") }
            let answer = String(decoding: line, as: UTF8.self).trimming()
            return .some(answer.isEmpty ? nil : answer)
        }
        if let start = phrase(in: bytes) {
            let answer = sentence(String(decoding: bytes[start...].prefix(GradingLimits.characters), as: UTF8.self))
            if !answer.isEmpty { return .some(answer) }
        }
        return nil
    }

    /// Where the last box's command ends.
    private static func box(in bytes: [UInt8]) -> Int? {
        ["\\boxed", "\\fbox", "\\framebox"].compactMap { name in
            // \boxedfoo is another command.
            bytes.lastRange(of: name) { end in end == bytes.count || !isLetter(bytes[end]) }?.upperBound
        }.max()
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }

    /// The group after a box's command, or the rest of the formula if there is no group; nil if it is not closed.
    private static func boxContent(_ bytes: [UInt8], after command: Int) -> String? {
        var index = command
        while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
        guard index < bytes.count else { return nil }
        guard bytes[index] == UInt8(ascii: "{") else {
            let rest = bytes[index...].prefix { $0 != UInt8(ascii: "$") && $0 != UInt8(ascii: "\n") }
            return String(decoding: rest, as: UTF8.self).trimming()
        }
        var level = 0
        let start = index + 1
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "{"): level += 1
            case UInt8(ascii: "}"):
                level -= 1
                if level == 0 { return String(decoding: bytes[start..<index], as: UTF8.self).trimming() }
            default: break
            }
            index += 1
        }
        return nil
    }

    /// Where the text after the last "answer is" begins.
    private static func phrase(in bytes: [UInt8]) -> Int? {
        let lowered = bytes.map { (65...90).contains($0) ? $0 + 32 : $0 }
        return ["answer is", "answer:", "answers are", "answer is:", "answer**:", "答案是", "答案为"].compactMap { phrase in
            lowered.lastRange(of: phrase)?.upperBound
        }.max()
    }

    /// The rest of a sentence, without words that only lead to the answer.
    private static func sentence(_ text: String) -> String {
        var rest = text[...]
        func isFiller(_ character: Character) -> Bool { character.isWhitespace || ":*=}".contains(character) }
        var changed = true
        while changed {
            changed = false
            while let first = rest.first, isFiller(first) { rest.removeFirst() }
            for word in ["therefore", "equal to", "simply", "just", "thus", "then", "clearly"]
            where rest.lowercased().hasPrefix(word + " ") {
                rest.removeFirst(word.count)
                changed = true
            }
        }
        // A formula that begins the sentence is the answer, with a unit after it.
        var depth = 0
        var dollars = 0
        var end = rest.endIndex
        for index in rest.indices {
            let character = rest[index]
            if character == "$" { dollars += 1 }
            if "{([".contains(character) { depth += 1 }
            if "})]".contains(character) { depth -= 1 }
            let next = rest.index(after: index)
            let isLast = next == rest.endIndex || rest[next].isWhitespace || rest[next] == "*"
            if character.isNewline, depth <= 0 || rest[next...].first?.isNewline == true {
                end = index
                break
            }
            if ".!;".contains(character), isLast, depth <= 0, character != "!" || !isFactorial(rest, at: index) {
                end = index
                break
            }
        }
        return String(rest[..<end]).trimming()
    }

    private static func isFactorial(_ text: Substring, at index: Substring.Index) -> Bool {
        guard index > text.startIndex else { return false }
        let before = text[text.index(before: index)]
        return before.isDigit || before == ")"
    }

    /// The last number, with its sign, separators of thousands, decimals, and denominator.
    private static func lastNumber(in text: String) -> String? {
        let bytes = Array(text.utf8)
        func isDigit(_ index: Int) -> Bool { bytes.indices.contains(index) && (48...57).contains(bytes[index]) }
        guard let lastDigit = bytes.indices.last(where: isDigit) else { return nil }
        func numeral(endingAt end: Int) -> Int {
            var start = end
            while true {
                if isDigit(start - 1) {
                    start -= 1
                } else if start > 0, bytes[start - 1] == UInt8(ascii: ","), isDigit(start - 2), isDigit(start),
                    isDigit(start + 1), isDigit(start + 2), !isDigit(start + 3)
                {
                    start -= 1
                } else if start > 0, bytes[start - 1] == UInt8(ascii: "."), isDigit(start),
                    !bytes[start...end].contains(where: { $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: ",") })
                {
                    start -= 1
                } else {
                    return start
                }
            }
        }
        var start = numeral(endingAt: lastDigit)
        if start > 1, bytes[start - 1] == UInt8(ascii: "/"), isDigit(start - 2) { start = numeral(endingAt: start - 2) }
        if start > 0, bytes[start - 1] == UInt8(ascii: "-") {
            let before = start > 1 ? bytes[start - 2] : UInt8(ascii: " ")
            if !isDigit(start - 2), !isLetter(before), before != UInt8(ascii: ")") { start -= 1 }
        }
        return String(decoding: bytes[start...lastDigit], as: UTF8.self)
    }

    // MARK: - Sentences

    /// Whether a full stop is followed by another sentence.
    private static func hasSentences(_ text: String) -> Bool {
        let words = text.split(separator: " ")
        return zip(words, words.dropFirst()).contains { word, next in
            ".!?".contains(word.last ?? " ") && word.count > 2 && next.first?.isUppercase == true
        }
    }

    private static func hasWords(_ bytes: [UInt8], atLeast count: Int) -> Bool {
        var words = 0
        var length = 0
        var isCommand = false
        for byte in bytes + [UInt8(ascii: " ")] {
            if isLetter(byte) {
                length += 1
            } else {
                if length > 1, !isCommand { words += 1 }
                if words >= count { return true }
                length = 0
                isCommand = byte == UInt8(ascii: "\\")
            }
        }
        return false
    }
}

extension [UInt8] {
    /// The last place where a text stands, of those whose end is accepted.
    func lastRange(of text: String, where accepts: (Int) -> Bool = { _ in true }) -> Range<Int>? {
        let pattern = Array(text.utf8)
        var start = count - pattern.count
        while start >= 0 {
            if self[start] == pattern[0], self[start..<(start + pattern.count)].elementsEqual(pattern),
                accepts(start + pattern.count)
            {
                return start..<(start + pattern.count)
            }
            start -= 1
        }
        return nil
    }
}
