internal import Foundation

/// Finds the examples in a description that shows them as people do, not as a Python session.
struct ProseExamples {
    private let function: String
    private let text: [Character]

    init(_ description: String, function: String) {
        self.function = function
        text = Array(description.replacing("\r\n", with: "\n"))
    }

    /// What was found in the first of the forms that the description has, each call once.
    var examples: [VisibleExample] {
        // What stands before the word may be a definition.
        let after = text.indices.first { text[$0...].starts(with: "xample") } ?? 0
        for found in [calls(after: after), calls(after: 0), assignments, inputs] where !found.isEmpty {
            var known = Set<String>()
            return found.filter { known.insert($0.source).inserted }
        }
        return []
    }

    // MARK: Forms

    /// `f(1, 2) == 3`, and the same with other words between.
    private func calls(after start: Int) -> [VisibleExample] {
        let name = Array(function + "(")
        var examples: [VisibleExample] = []
        var place = start
        while place + name.count < text.count {
            let begin = place
            place += 1
            guard text[begin..<(begin + name.count)].elementsEqual(name), begin == 0 || !isWord(text[begin - 1]) else {
                continue
            }
            var reader = LiteralReader(text, at: begin + name.count - 1)
            guard let arguments = reader.bracketed() else { continue }
            reader.skipBlanks()
            guard reader.take(oneOf: Self.relations), let value = result(&reader) else { continue }
            examples.append(VisibleExample(source: function + arguments, expected: value))
            place = reader.place
        }
        return examples
    }

    /// The longest first, since one may begin another.
    private static let relations = [
        "should return", "returns", "# returns", "# =>", "==>", "=>", "==", "=", "->", "➞", "→",
    ].sorted { $0.count > $1.count }.map(Array.init)

    /// `For x = 1, y = 2 the output should be 3`.
    private var assignments: [VisibleExample] {
        lines.compactMap { line in
            var reader = LiteralReader(Array(line))
            guard reader.take("For "), let values = reader.assignedValues(needsNames: true),
                reader.skip(past: ["output should be", "result should be"]),
                let value = result(&reader)
            else { return nil }
            return VisibleExample(source: "\(function)(\(values.joined(separator: ", ")))", expected: value)
        }
    }

    /// `Input: x = 1, y = 2` and, below it, `Output: 3`.
    private var inputs: [VisibleExample] {
        var reader = LiteralReader(text)
        var examples: [VisibleExample] = []
        while reader.skip(past: ["Input:"]) {
            guard let values = reader.assignedValues(needsNames: false) else { continue }
            reader.skipBlanks(overLines: true)
            guard reader.take("Output:"), let value = result(&reader) else { continue }
            examples.append(
                VisibleExample(source: "\(function)(\(values.joined(separator: ", ")))", expected: value))
        }
        return examples
    }

    private var lines: [String] {
        String(text).split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// The literal that ends a line but for a remark: `3`, `3.`, `3  # why`, or the last of `1 + 2 = 3`.
    private func result(_ reader: inout LiteralReader) -> String? {
        reader.skipBlanks()
        let value = reader.literal()
        if let value, reader.isAtLineEnd { return value }
        var rest = LiteralReader(text: reader.text, at: reader.place)
        var last: String?
        while rest.skip(past: ["= "], inLine: true) {
            rest.skipBlanks()
            last = rest.literal()
        }
        return rest.isAtLineEnd ? last : nil
    }

    private func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}

/// Reads Python literals out of a text.
struct LiteralReader {
    let text: [Character]
    private(set) var place: Int

    init(_ text: [Character], at place: Int = 0) { self.init(text: text, at: place) }

    init(text: [Character], at place: Int) {
        self.text = text
        self.place = place
    }

    private var next: Character? { place < text.count ? text[place] : nil }

    /// Whether nothing but a full stop, a remark in parentheses or a comment follows on the line.
    var isAtLineEnd: Bool {
        var rest = text[place...].prefix { $0 != "\n" }
        if rest.first == "." { rest = rest.dropFirst() }
        guard let first = rest.first(where: { !$0.isWhitespace }) else { return true }
        return first == "#" || first == "("
    }

    mutating func skipBlanks(overLines: Bool = false) {
        while let next, next.isWhitespace, overLines || next != "\n" { place += 1 }
    }

    /// Goes on behind a text that comes next.
    mutating func take(_ word: String) -> Bool { take(oneOf: [Array(word)]) }

    mutating func take(oneOf words: [[Character]]) -> Bool {
        guard let word = words.first(where: { text[place...].starts(with: $0) }) else { return false }
        place += word.count
        return true
    }

    /// Goes on behind the next of some texts, if there is one.
    mutating func skip(past words: [String], inLine: Bool = false) -> Bool {
        let words = words.map(Array.init)
        var found = place
        while found < text.count, !(inLine && text[found] == "\n") {
            if let word = words.first(where: { text[found...].starts(with: $0) }) {
                place = found + word.count
                return true
            }
            found += 1
        }
        return false
    }

    /// Literals, each after its name where it has one (`x = 1, y : [2]`), parted by commas or lines.
    mutating func assignedValues(needsNames: Bool) -> [String]? {
        var values: [String] = []
        while true {
            let before = place
            skipBlanks(overLines: !needsNames)
            let hasName = skipName()
            guard hasName || !needsNames, let value = literal() else {
                place = before
                return values.isEmpty ? nil : values
            }
            values.append(value)
            skipBlanks()
            if next == "," { place += 1 }
        }
    }

    /// Goes behind `name =` or `name :`, if they come next, and the name is not that of what comes out.
    private mutating func skipName() -> Bool {
        var end = place
        while end < text.count, text[end].isLetter || text[end].isNumber || text[end] == "_" { end += 1 }
        guard end > place, text[place].isLetter, String(text[place..<end]) != "Output" else { return false }
        var reader = LiteralReader(text, at: end)
        reader.skipBlanks()
        guard reader.take("=") || reader.take(":") else { return false }
        reader.skipBlanks()
        place = reader.place
        return true
    }

    /// A number, a text, a truth value, None, or something in brackets made of these.
    mutating func literal() -> String? {
        guard let next else { return nil }
        if next == "\"" || next == "'" { return quoted() }
        if "([{".contains(next) { return bracketed() }
        if let word = word() { return word }
        let end = text[place...].firstIndex { !($0.isNumber || "+-.eE_".contains($0)) } ?? text.count
        var number = String(text[place..<end])
        // The full stop of the sentence.
        if number.hasSuffix(".") { number.removeLast() }
        guard Double(number) != nil else { return nil }
        place += number.count
        return number
    }

    /// A text in quotation marks on one line.
    private mutating func quoted() -> String? {
        let begin = place
        let quote = text[place]
        var end = place + 1
        while end < text.count, text[end] != quote {
            if text[end] == "\n" { return nil }
            end += text[end] == "\\" ? 2 : 1
        }
        guard end < text.count else { return nil }
        place = end + 1
        return String(text[begin..<place])
    }

    private static let words = [
        "True": "True", "False": "False", "None": "None", "true": "True", "false": "False",
    ]

    private mutating func word() -> String? {
        let end = text[place...].firstIndex { !($0.isLetter || $0.isNumber || $0 == "_") } ?? text.count
        guard let word = Self.words[String(text[place..<end])] else { return nil }
        place = end
        return word
    }

    /// What stands in a pair of brackets with them, over several lines perhaps; nil where it is not made of literals.
    mutating func bracketed() -> String? {
        let begin = place
        var open: [Character] = []
        var value = ""
        repeat {
            guard let next else { break }
            switch next {
            case "(", "[", "{": open.append(next)
            case ")", "]", "}":
                let opening: [Character: Character] = [")": "(", "]": "[", "}": "{"]
                guard open.popLast() == opening[next] else {
                    place = begin
                    return nil
                }
            case "\"", "'":
                guard let text = quoted() else { break }
                value += text
                continue
            case "\n":
                place += 1
                value += " "
                continue
            case _ where next.isLetter:
                guard let word = word() else {
                    place = begin
                    return nil
                }
                value += word
                continue
            default: break
            }
            value.append(next)
            place += 1
        } while !open.isEmpty
        guard open.isEmpty, place > begin else {
            place = begin
            return nil
        }
        return value
    }
}
