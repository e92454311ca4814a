internal import Foundation

/// The way to read the answer from a finished path's text.
package struct AnswerExtraction: Sendable, Hashable {
    /// The text before an answer, such as "The answer is "; nil where answers stand in boxes or are the last number.
    package var marker: String?

    package init(marker: String? = nil) { self.marker = marker }

    /// The answer: what follows the last marker on its line, or the last closed `\boxed{}`, whichever comes later; else,
    /// without a marker, the last number.
    package func answer(in text: String) -> String? {
        var box = Self.lastClosed("\\boxed{", in: text)
        if let marker, marker.hasSuffix("{") {
            // A marker that opens a brace ends with it.
            if let marked = Self.lastClosed(marker, in: text), box.map({ marked.start > $0.start }) ?? true {
                box = marked
            }
        } else if let marker, let range = text.range(of: marker, options: .backwards) {
            if let box, box.start > range.lowerBound { return box.content }
            let line = text[range.upperBound...].prefix { !$0.isNewline }.trimmingCharacters(in: .whitespaces)
            let answer = line.hasSuffix(".") ? String(line.dropLast()) : line
            return answer.isEmpty ? nil : answer
        }
        if let box { return box.content }
        if text.contains("\\boxed{") { return nil }
        return text.matches(of: /-?[0-9][0-9,]*(?:\.[0-9]+)?/).last.map { String($0.output) }
    }

    /// The text between the last `opening` whose brace is closed and that brace.
    ///
    /// - Complexity: O(length).
    private static func lastClosed(_ opening: String, in text: String) -> (start: String.Index, content: String)? {
        let openings = Dictionary(
            text.ranges(of: opening).map { (text.index(before: $0.upperBound), $0.lowerBound) },
            uniquingKeysWith: { $1 })
        var open: [String.Index] = []
        var last: (start: String.Index, content: Range<String.Index>)?
        for index in text.indices {
            if text[index] == "{" { open.append(index) }
            if text[index] == "}", let brace = open.popLast(), let start = openings[brace],
                start >= last?.start ?? text.startIndex
            {
                last = (start, text.index(after: brace)..<index)
            }
        }
        return last.map { ($0.start, String(text[$0.content])) }
    }
}
