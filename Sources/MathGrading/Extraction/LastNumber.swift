/// The number that stands last in a text.
enum LastNumber {
    /// The last number, with its sign, separators of thousands, decimals, and denominator.
    static func last(in text: String) -> String? {
        let bytes = Array(text.utf8)
        return range(in: bytes).map { String(decoding: bytes[$0], as: UTF8.self) }
    }

    static func range(in bytes: [UInt8]) -> Range<Int>? {
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
            if !isDigit(start - 2), !AnswerMarks.isLetter(before), before != UInt8(ascii: ")") { start -= 1 }
        }
        return start..<(lastDigit + 1)
    }
}
