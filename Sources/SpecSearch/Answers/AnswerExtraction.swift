internal import Foundation

/// The way to read the answer from a finished path's text.
package struct AnswerExtraction: Sendable, Hashable {
    /// The text before an answer, such as "The answer is "; nil where answers stand in boxes or are the last number.
    package var marker: String?

    package init(marker: String? = nil) { self.marker = marker }

    /// The answer: what follows the last marker on its line, or the last closed `\boxed{}` with something in it, whichever
    /// comes later; else, without a marker, the last number.
    package func answer(in text: String) -> String? {
        var box = Self.lastClosed("\\boxed{", in: text)
        if let marker, marker.hasSuffix("{") {
            // A marker that opens a brace ends with it.
            if let marked = Self.lastClosed(marker, in: text), box.map({ marked.start > $0.start }) ?? true {
                box = marked
            }
        } else if let marker, let range = text.range(of: marker, options: .backwards) {
            if let box, box.start > range.lowerBound { return box.content }
            return Self.line(after: range, in: text)
        }
        if let box { return box.content }
        if text.contains("\\boxed{") { return nil }
        return text.matches(of: /-?[0-9][0-9,]*(?:\.[0-9]+)?/).last.map { String($0.output) }
    }

    /// Whether a step finishes its path, since it holds the final answer: a closed box with something in it, or, where a
    /// marker is configured, the marker and an answer on its line.
    ///
    /// Many models go on after their answer.
    ///
    /// - Parameter isCut: Whether the step was cut by length; its last line is not whole then.
    package func isFinal(_ step: String, isCut: Bool) -> Bool {
        let opening = marker ?? "\\boxed{"
        guard step.contains(opening) else { return false }
        if opening.hasSuffix("{") { return Self.lastClosed(opening, in: step) != nil }
        guard let range = step.range(of: opening, options: .backwards), Self.line(after: range, in: step) != nil else {
            return false
        }
        // A box may reach over several lines.
        if step[range.upperBound...].contains("\\boxed{") { return Self.lastClosed("\\boxed{", in: step) != nil }
        return !isCut || step[range.upperBound...].contains(where: \.isNewline)
    }

    /// What follows a marker on its line, without the full stop; nil for nothing.
    private static func line(after marker: Range<String.Index>, in text: String) -> String? {
        let line = text[marker.upperBound...].prefix { !$0.isNewline }.trimmingCharacters(in: .whitespaces)
        let answer = line.hasSuffix(".") ? String(line.dropLast()) : line
        return answer.isEmpty ? nil : answer
    }

    /// The text between the last `opening` whose brace is closed, with something between them, and that brace; `\{` and
    /// `\}` are no braces.
    ///
    /// - Complexity: O(length).
    private static func lastClosed(_ opening: String, in text: String) -> (start: String.Index, content: String)? {
        let openings = Dictionary(
            text.ranges(of: opening).map { (text.index(before: $0.upperBound), $0.lowerBound) },
            uniquingKeysWith: { $1 })
        if openings.isEmpty { return nil }
        var open: [String.Index] = []
        var last: (start: String.Index, content: Range<String.Index>)?
        var isEscaped = false
        for index in text.indices {
            let character = text[index]
            if !isEscaped, character == "{" { open.append(index) }
            if !isEscaped, character == "}", let brace = open.popLast(), let start = openings[brace],
                start >= last?.start ?? text.startIndex,
                text[text.index(after: brace)..<index].contains(where: { !$0.isWhitespace && $0 != "{" && $0 != "}" })
            {
                last = (start, text.index(after: brace)..<index)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return last.map { ($0.start, text[$0.content].trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
}
