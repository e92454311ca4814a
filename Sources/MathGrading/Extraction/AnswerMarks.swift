/// The marks in a text that say where its answer is: boxes, tags, `####`, and announcements in words.
struct AnswerMarks {
    struct Box {
        /// Where the command begins.
        let start: Int
        let end: Int
        var content: String
    }

    /// Where an announced answer begins.
    struct Mark {
        let start: Int
        /// Whether it is said to be final.
        let isFinal: Bool
    }

    private let bytes: [UInt8]
    /// Whether there is a box, closed or not.
    let hasBox: Bool
    /// The last closed box with something in it, and those that are joined to it.
    let box: Box?
    /// What the last `<answer>` tag holds.
    let tagged: String?
    /// What follows the last `####` on its line.
    let hashed: String?
    /// Where that begins.
    let hashedStart: Int
    /// The announcements, the last first.
    let announcements: [Mark]

    init(_ text: String) {
        let bytes = Array(text.utf8)
        self.bytes = bytes
        let boxes = Self.boxes(in: bytes)
        hasBox = boxes.hasAny
        box = Self.joined(boxes.closed, in: bytes)
        tagged = Self.tagged(in: bytes)
        let hashes = bytes.lastRange(of: "####")
        hashedStart = hashes?.upperBound ?? 0
        hashed = hashes.map { range in
            String(decoding: bytes[range.upperBound...].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self).trimming()
        }
        announcements = Self.announcements(in: bytes)
    }

    /// The text from a place on, as far as an announcement may reach.
    func text(from start: Int) -> String {
        String(decoding: bytes[min(start, bytes.count)...].prefix(4 * GradingLimits.sentence), as: UTF8.self)
    }

    static func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }

    // MARK: - Boxes

    private static let boxNames: Set<String> = ["boxed", "fbox", "framebox"]

    /// The closed boxes with something in them, by where they begin, in O(length).
    static func boxes(in bytes: [UInt8]) -> (closed: [Box], hasAny: Bool) {
        var braces: [(command: Int?, content: Int)] = []
        var closed: [Box] = []
        var hasAny = false
        func add(_ start: Int, _ range: Range<Int>, _ end: Int) {
            let content = String(decoding: bytes[range], as: UTF8.self).trimming()
            if content.contains(where: { !$0.isWhitespace && $0 != "{" && $0 != "}" }) {
                closed.append(Box(start: start, end: end, content: content))
            }
        }
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case UInt8(ascii: "{"): braces.append((nil, index + 1))
            case UInt8(ascii: "}"):
                if let brace = braces.popLast(), let command = brace.command {
                    add(command, brace.content..<index, index + 1)
                }
            case UInt8(ascii: "\\"):
                let name = bytes[(index + 1)...].prefix(10).prefix(while: isLetter)
                guard !name.isEmpty else {
                    // The backslash of an escaped brace, or one of two before a command.
                    let isDouble = bytes[(index + 1)...].starts(with: "\\boxed".utf8)
                    index += isDouble ? 1 : 2
                    continue
                }
                let start = index
                index += 1 + name.count
                guard boxNames.contains(String(decoding: name, as: UTF8.self)) else { continue }
                hasAny = true
                while index < bytes.count, bytes[index] == UInt8(ascii: " ") { index += 1 }
                if index < bytes.count, bytes[index] == UInt8(ascii: "{") {
                    braces.append((start, index + 1))
                } else {
                    let rest = bytes[index...].prefix { $0 != UInt8(ascii: "$") && $0 != UInt8(ascii: "\n") }
                    add(start, rest.indices, rest.endIndex)
                    continue
                }
            default: break
            }
            index += 1
        }
        return (closed.sorted { $0.start < $1.start }, hasAny)
    }

    /// The last closed box with something in it, and those that are joined to it.
    static func lastBox(in bytes: [UInt8]) -> Box? { joined(boxes(in: bytes).closed, in: bytes) }

    /// The last box, made one with those that only conjunctions part from it.
    private static func joined(_ boxes: [Box], in bytes: [UInt8]) -> Box? {
        guard let last = boxes.last else { return nil }
        var run = [last]
        var isConjunction = false
        for box in boxes.dropLast().reversed() {
            guard let first = run.first, run.count < GradingLimits.unordered else { break }
            // A box around a box.
            if box.end > first.start { continue }
            guard first.start - box.end <= 60,
                let joint = joint(String(decoding: bytes[box.end..<first.start], as: UTF8.self))
            else { break }
            isConjunction = isConjunction || joint.isConjunction
            if let name = joint.name { run[0].content = "\(name) = \(first.content)" }
            run.insert(box, at: 0)
        }
        let contents = run.map(\.content)
        // The same value, written in several ways.
        if run.count == 1 || contents.allSatisfy({ MathAnswer($0).equals(MathAnswer(last.content)) }) { return last }
        return Box(
            start: last.start, end: last.end, content: contents.joined(separator: isConjunction ? " and " : ", "))
    }

    /// What parts two boxes: nothing, a comma or a conjunction, and perhaps a noun before it and a name after it; nil if it
    /// says more.
    private static func joint(_ text: String) -> (name: String?, isConjunction: Bool)? {
        if text.contains("\n\n") || text.contains(".") { return nil }
        var rest = text
        for part in [
            "\\quad", "\\qquad", "\\text", "\\mathrm", "\\textrm", "\\(", "\\)", "\\[", "\\]", "\\,", "\\;", "\\ ",
        ] {
            rest = rest.replacing(part, with: " ")
        }
        rest = String(rest.map { "${}*\n".contains($0) ? " " : $0 })
        var name: String?
        if let equals = rest.lastIndex(of: "=") {
            guard rest[rest.index(after: equals)...].allSatisfy({ $0 == " " }) else { return nil }
            var words = rest[..<equals].split(separator: " ")
            guard let word = words.popLast(), word.count <= 8 else { return nil }
            name = String(word)
            rest = words.joined(separator: " ")
        }
        let words = rest.lowercased().replacing(",", with: " , ").replacing(";", with: " ; ").split(separator: " ")
        let signs: Set<Substring> = ["and", "or", "&", "\\&", ",", ";"]
        let others = words.filter { !signs.contains($0) }
        let refused: Set<Substring> = [
            "so", "then", "thus", "hence", "therefore", "is", "not", "no", "but", "wrong", "actually", "wait", "answer",
        ]
        guard others.count <= 3, others.allSatisfy({ !refused.contains($0) && !$0.contains("\\") }),
            others.isEmpty || others.count < words.count
        else { return nil }
        // A new line alone begins something new.
        if words.isEmpty, name == nil, text.contains("\n") { return nil }
        return (name, words.contains("and") || words.contains("or"))
    }

    // MARK: - Tags

    private static func tagged(in bytes: [UInt8]) -> String? {
        guard bytes.contains(UInt8(ascii: "<")) else { return nil }
        guard let open = bytes.lastRange(of: "<answer>") else { return nil }
        let rest = Array(bytes[open.upperBound...])
        let content = String(
            decoding: rest.firstRange(of: Array("</answer>".utf8)).map { rest[..<$0.lowerBound] } ?? rest[...],
            as: UTF8.self)
        let answer = content.trimming()
        return answer.isEmpty ? nil : answer
    }

    // MARK: - Announcements

    private static let copulas = [
        " is:", " is ", " is\n", " are:", " are ", " are\n", ":", " would be ", " should be ", " will be ", " equals ",
        " = ", " is$", " is\\", " comes to ", " was ",
    ].map { Array($0.utf8) }

    /// Announcements in other languages, which come right before the answer.
    private static let phrases = [
        "答案是", "答案为", "答案：", "答案:", "答えは", "답은", "정답은", "정답:", "respuesta es", "respuesta:", "réponse est",
        "réponse :", "réponse:", "antwort lautet", "antwort ist", "antwort:", "risposta è", "risposta:", "resposta é",
        "resposta:", "ответ:", "ответ —", "ответ -", "ответ –", "الإجابة هي", "الجواب هو", "الجواب:", "الإجابة:",
        "คำตอบคือ",
        "jibu ni", "উত্তর হল", "উত্তর:", "సమాధానం:", "उत्तर:", "उत्तर है", "đáp án là", "đáp số:", "đáp số là", "kết quả là",
        "jawabannya adalah",
        "odpowiedź:",
        "odpowiedź to", "antwoord is", "antwoord:", "option is", "choice is", "option:",
    ]

    private static func announcements(in bytes: [UInt8]) -> [Mark] {
        let lowered = bytes.map { (65...90).contains($0) ? $0 + 32 : $0 }
        var marks: [Mark] = []
        var end = lowered.count
        let word = Array("answer".utf8)
        while marks.count < 16, let range = lowered.lastRange(of: word, before: end) {
            end = range.lowerBound
            if let mark = mark(at: range, in: lowered) { marks.append(mark) }
        }
        // Byte by byte, so that letters outside of ASCII stand for themselves in either case.
        for phrase in phrases {
            let pattern = Array(phrase.utf8)
            if let range = lowered.lastRange(of: pattern, before: lowered.count) {
                marks.append(Mark(start: range.upperBound, isFinal: false))
            }
        }
        for phrase in ["ОТВЕТ:", "Ответ:", "Ответ —", "Ответ -", "Ответ –", "Đáp án là", "Đáp số:"] {
            if let range = bytes.lastRange(of: phrase) { marks.append(Mark(start: range.upperBound, isFinal: false)) }
        }
        if let label = lastLine(of: lowered) { marks.append(Mark(start: label, isFinal: false)) }
        return marks.sorted { $0.start > $1.start }
    }

    /// What the word "answer" announces: `answer is`, `answer (in cm): `, a heading, or a value that follows at once.
    private static func mark(at range: Range<Int>, in bytes: [UInt8]) -> Mark? {
        if range.lowerBound > 0 {
            let before = bytes[range.lowerBound - 1]
            if isLetter(before) || before == UInt8(ascii: "<") || before == UInt8(ascii: "/") { return nil }
        }
        var start = range.upperBound
        if start < bytes.count, bytes[start] == UInt8(ascii: "s") { start += 1 }
        if start < bytes.count, isLetter(bytes[start]) { return nil }
        let lineStart = bytes[..<range.lowerBound].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let head = String(decoding: bytes[lineStart..<range.lowerBound].suffix(40), as: UTF8.self)
        let isFinal = head.hasSuffix("final ")
        let lead = head.filter { !"*#_>- 1234567890.".contains($0) }
        let beginsLine =
            range.lowerBound - lineStart <= 30
            && ["", "final", "thefinal", "the", "my", "myfinal", "correct"].contains(lead)
        let line = bytes[start...].prefix(80).prefix { $0 != UInt8(ascii: "\n") }
        if beginsLine, line.count < 80, line.allSatisfy({ "*#_: \r.".utf8.contains($0) }) {
            // A heading.
            return start + line.count < bytes.count ? Mark(start: start + line.count, isFinal: isFinal) : nil
        }
        let window = Array(bytes[start...].prefix(60))
        let stop =
            window.indices.first { index in
                window[index] == UInt8(ascii: ".") && (index + 1 == window.count || window[index + 1] <= 32)
            } ?? window.count
        var best: Int?
        for copula in copulas {
            if let found = window.firstRange(of: copula), found.lowerBound < min(stop, best ?? stop) {
                if copula.count == 1, !isLabel(window[..<found.lowerBound]) { continue }
                best = found.lowerBound
            }
        }
        if let best {
            let copula = copulas.filter { window[best...].starts(with: $0) }.map(\.count).max() ?? 1
            // A formula that begins right after the verb belongs to the answer.
            let last = window[best + copula - 1]
            let keeps = last == UInt8(ascii: "$") || last == UInt8(ascii: "\\") || last == UInt8(ascii: "\n")
            return Mark(start: start + best + copula - (keeps ? 1 : 0), isFinal: isFinal)
        }
        let value = bytes[start...].drop { $0 == 32 || $0 == UInt8(ascii: "*") }.first
        guard beginsLine, let value, beginsValue(value) else { return nil }
        return Mark(start: start, isFinal: isFinal)
    }

    /// Whether "answer" with some words after it is a label: "answer (in cm):", but not "the answer as a percentage:".
    private static func isLabel(_ rest: ArraySlice<UInt8>) -> Bool {
        if let last = rest.last, (48...57).contains(last) { return false }
        let words = rest.split { !isLetter($0) }
        return words.count <= 3 && !words.contains { $0.elementsEqual("as".utf8) }
    }

    private static func beginsValue(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || "$\\-+(".utf8.contains(byte)
    }

    /// Where the value begins on a last line such as `A: 78`.
    private static func lastLine(of bytes: [UInt8]) -> Int? {
        guard let last = bytes.lastIndex(where: { $0 > 32 }) else { return nil }
        let lineStart = bytes[..<last].lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        let line = bytes[lineStart...last]
        let text = line.drop { "*#_>- ".utf8.contains($0) }
        for label in ["a:", "ans:", "ans.", "ans =", "ans=", "result:", "solution:", "total:"]
        where text.starts(with: label.utf8) {
            let value = text.dropFirst(label.utf8.count).drop { $0 == 32 || $0 == UInt8(ascii: "*") }
            if let first = value.first, beginsValue(first) { return value.startIndex }
        }
        return nil
    }
}

extension [UInt8] {
    /// The last place where a text stands.
    func lastRange(of text: String) -> Range<Int>? { lastRange(of: Array(text.utf8), before: count) }

    /// The last place before an index where some bytes stand.
    func lastRange(of pattern: [UInt8], before end: Int) -> Range<Int>? {
        guard let first = pattern.first else { return nil }
        var start = end - pattern.count
        while start >= 0 {
            if self[start] == first, self[start..<(start + pattern.count)].elementsEqual(pattern) {
                return start..<(start + pattern.count)
            }
            start -= 1
        }
        return nil
    }

    /// The first place where some bytes stand.
    func firstRange(of pattern: [UInt8]) -> Range<Int>? {
        guard let first = pattern.first, count >= pattern.count else { return nil }
        for start in 0...(count - pattern.count)
        where self[start] == first && self[start..<(start + pattern.count)].elementsEqual(pattern) {
            return start..<(start + pattern.count)
        }
        return nil
    }
}
