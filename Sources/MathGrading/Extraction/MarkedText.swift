/// A text in which a marker may stand before the answer.
struct MarkedText {
    private let text: String
    private let marker: String?
    /// Whether the marker is a code fence, which another one closes.
    private let isFenced: Bool

    init(_ text: String, marker: String?) {
        guard let marker, !marker.isEmpty else {
            (self.text, self.marker, isFenced) = (text, nil, false)
            return
        }
        // A marker that opens a brace is a box by another name.
        let isBox = marker.hasSuffix("{")
        self.text = isBox && marker != "\\boxed{" ? text.replacing(marker, with: "\\boxed{") : text
        self.marker = isBox ? nil : marker
        isFenced = marker.hasPrefix("```")
    }

    /// The answer: what follows the last marker on its line, or what a solution without one would give; the last code block
    /// where the marker is a fence.
    var answer: String? {
        let end = Solution.end(of: text)
        if isFenced { return FencedCode(end).answer }
        guard let marker else { return Solution(end).answer }
        let bytes = Array(end.utf8)
        guard let range = bytes.lastRange(of: marker) else { return Solution(end).answer }
        if let box = AnswerMarks.lastBox(in: bytes), box.start > range.lowerBound { return box.content }
        return Self.line(after: range, in: bytes)
    }

    func isFinal(isCut: Bool) -> Bool {
        if isFenced { return FencedCode(text).answer != nil }
        let bytes = Array(text.utf8)
        guard let marker else { return AnswerMarks.lastBox(in: bytes) != nil }
        guard let range = bytes.lastRange(of: marker), Self.line(after: range, in: bytes) != nil else { return false }
        // A box may reach over several lines.
        let rest = Array(bytes[range.upperBound...])
        let boxes = AnswerMarks.boxes(in: rest)
        if boxes.hasAny { return !boxes.closed.isEmpty }
        return !isCut || rest.contains(UInt8(ascii: "\n"))
    }

    /// What follows a marker on its line, without the full stop; nil for nothing.
    private static func line(after marker: Range<Int>, in bytes: [UInt8]) -> String? {
        let rest = bytes[marker.upperBound...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let line = String(decoding: rest, as: UTF8.self).trimming()
        let answer = line.hasSuffix(".") ? String(line.dropLast()) : line
        return answer.isEmpty ? nil : answer
    }
}
