internal import Foundation

/// A reader of answers like the evaluation code that most papers share (Qwen-2.5-Math and what was made from it).
///
/// Written from its behaviour, with its oddities where results depend on them.
enum CompatExtraction {
    /// The normalised answer, by the first sign of one that the text has.
    ///
    /// The signs: Minerva's phrase; the last box; what follows "he answer is", "final answer is" or 答案是; the last number.
    static func answer(in text: String) -> String? {
        raw(in: text).map { normalised(cleaned($0)) }
    }

    private static func raw(in text: String) -> String? {
        if let start = text.range(of: "final answer is $"),
            let end = text.range(of: "$. I hope", range: start.upperBound..<text.endIndex)
        {
            return String(text[start.upperBound..<end.lowerBound])
        }
        if let box = text.range(of: "boxed", options: .backwards) {
            let rest = text[box.upperBound...]
            if rest.isEmpty { return "" }
            guard rest.first == "{" else { return String(rest.prefix { $0 != "$" }) }
            var level = 0
            for index in rest.indices {
                if rest[index] == "{" { level += 1 }
                if rest[index] == "}" { level -= 1 }
                if level == 0 { return String(rest[rest.index(after: rest.startIndex)..<index]) }
            }
            return String(rest.dropFirst())
        }
        for phrase in ["he answer is", "final answer is", "答案是"] {
            if let range = text.range(of: phrase, options: .backwards) { return String(text[range.upperBound...]) }
        }
        return AnswerExtractor.lastSimpleNumber(in: text)
    }

    private static func cleaned(_ text: String) -> String {
        // The value may stand on a later line: "The answer is:\n\n$$\\frac{1}{2}$$".
        let lines = text.drop { $0.isWhitespace || ":*".contains($0) }.split(whereSeparator: \.isNewline)
        var text = lines.first { $0.contains { !$0.isWhitespace && !"$\\[]()".contains($0) } }.map(String.init) ?? ""
        while let last = text.last, last == "." || last == "/" || last == " " { text.removeLast() }
        return text.trimming()
    }

    /// The text without spaces, units, `\text{}` and much else.
    ///
    /// Unlike that of ``AnswerText`` this is not idempotent: a name before `=` or `\in` goes only in the second pass.
    static func normalised(_ text: String) -> String {
        guard text.utf8.count <= GradingLimits.characters else { return text }
        var text = text.trimming().replacing("\n", with: "")
        if text.hasSuffix(".") { text.removeLast() }
        for (old, new) in replacements { text = text.replacing(old, with: new) }
        // A trailing \text{} is a unit.
        if let start = text.range(of: "\\text{"), !text[start.upperBound...].contains("\\text{") {
            let head = text[..<start.lowerBound]
            if let close = text[start.upperBound...].firstIndex(of: "}"), close == text.index(before: text.endIndex) {
                text = head.isEmpty ? String(text[start.upperBound..<close]) : String(head)
            }
        }
        text = withoutUnits(text)
        for (old, new) in laterReplacements { text = text.replacing(old, with: new) }
        text = unwrappingTexts(text)
        for name in ["x=", "y=", "z=", "x\\in", "y\\in", "z\\in", "x\\to", "y\\to", "z\\to"] {
            text = text.replacing(name, with: "")
        }
        text = text.replacing("\\%", with: "").replacing("%", with: "")
        text = text.replacing(" .", with: " 0.").replacing("{.", with: "{0.")
        if text.hasPrefix(".") { text = "0" + text }
        text = text.replacing("infinity", with: "\\infty").replacing("inf", with: "\\inf").replacing(
            "\\\\inf", with: "\\inf")
        if !text.contains("\\infty") { text = text.replacing("\\inf", with: "\\infty") }
        text = text.replacing("and", with: "").replacing("\\mathbf", with: "").replacing("\\mbox{}", with: "")
        if text.contains("j"), !text.contains("i") { text = text.replacing("j", with: "i") }
        text = withoutTrailingZeros(text)
        let sides = text.split(separator: "=", omittingEmptySubsequences: false)
        if sides.count == 2, sides[0].trimmingCharacters(in: .whitespaces).count <= 2 { text = String(sides[1]) }
        return text.replacing(" ", with: "")
    }

    private static let replacements: [(String, String)] = [
        ("\\!", ""), ("\\left", ""), ("\\right", ""), ("tfrac", "frac"), ("dfrac", "frac"), ("bmatrix", "pmatrix"),
        ("\\neq", "\\ne"), ("\\leq", "\\le"), ("\\geq", "\\ge"), ("\\{", "{"), ("\\}", "}"), ("\\mbox", "\\text"),
    ]

    private static let laterReplacements: [(String, String)] = [
        ("^{\\circ}", ""), ("^\\circ", ""), ("\\$", ""), ("$", ""), ("\\(", ""), ("\\)", ""),
    ]

    private static func unwrappingTexts(_ text: String) -> String {
        var text = text
        while let start = text.range(of: "\\text{") {
            guard let close = text[start.upperBound...].firstIndex(of: "}") else { break }
            text.remove(at: close)
            text.removeSubrange(start)
        }
        return text
    }

    /// Without words of units that follow a number.
    private static func withoutUnits(_ text: String) -> String {
        let words = text.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count > 1 || text.first?.isDigit == true else { return text }
        var kept = words[...]
        while kept.count > 1, let last = kept.last, last.allSatisfy(\.isLetter), last.count > 1,
            MeasurementUnit.isKnown(String(last)) || last == "per"
        {
            kept.removeLast()
        }
        // "5cm".
        if let last = kept.last, let digit = last.lastIndex(where: { !$0.isLetter }), last[digit].isDigit {
            let word = last[last.index(after: digit)...]
            if word.count > 1, MeasurementUnit.isKnown(String(word)) {
                kept.removeLast()
                kept.append(last[...digit])
            }
        }
        return kept.joined(separator: " ")
    }

    /// `100.0` is `100`; `1.50` stays.
    private static func withoutTrailingZeros(_ text: String) -> String {
        guard let point = text.lastIndex(of: "."), point > text.startIndex, text[text.index(before: point)].isDigit
        else {
            return text
        }
        let places = text[text.index(after: point)...]
        return !places.isEmpty && places.allSatisfy({ $0 == "0" }) ? String(text[..<point]) : text
    }
}

extension AnswerExtractor {
    /// The last run of digits with a sign and a decimal point, commas aside.
    static func lastSimpleNumber(in text: String) -> String? {
        let bytes = Array(text.utf8.filter { $0 != UInt8(ascii: ",") })
        func isDigit(_ index: Int) -> Bool { bytes.indices.contains(index) && (48...57).contains(bytes[index]) }
        guard let end = bytes.indices.last(where: isDigit) else { return nil }
        var start = end
        while isDigit(start - 1) { start -= 1 }
        if start > 0, bytes[start - 1] == UInt8(ascii: ".") {
            start -= 1
            while isDigit(start - 1) { start -= 1 }
        }
        if start > 0, bytes[start - 1] == UInt8(ascii: "-") { start -= 1 }
        return String(decoding: bytes[start...end], as: UTF8.self)
    }
}
