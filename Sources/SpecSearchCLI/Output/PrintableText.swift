extension String {
    /// The text without what could steer a terminal; whatever came from outside goes through this before people see it.
    ///
    /// Control characters other than line feed and tab, and marks that turn the direction of writing, are shown as �.
    package var printable: String {
        guard unicodeScalars.contains(where: Self.steers) else { return self }
        var scalars = String.UnicodeScalarView()
        for scalar in unicodeScalars { scalars.append(Self.steers(scalar) ? "\u{FFFD}" : scalar) }
        return String(scalars)
    }

    private static func steers(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x09, 0x0A: false
        case 0..<0x20, 0x7F...0x9F, 0x200E, 0x200F, 0x202A...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    /// The printable text on one line.
    package var singleLine: String { printable.split(whereSeparator: \.isWhitespace).joined(separator: " ") }

    /// The columns that the text takes on a terminal; East Asian wide characters and emoji take two.
    package var columns: Int { reduce(0) { $0 + $1.columns } }

    /// The beginning of the text that fits so many columns, the cut marked by an ellipsis.
    package func fitted(_ width: Int) -> String {
        guard columns > width else { return self }
        var (text, left) = ("", width - 1)
        for character in self {
            left -= character.columns
            if left < 0 { break }
            text.append(character)
        }
        return text + "…"
    }

    /// The lines of the text, broken at spaces so that each fits so many columns, but for longer words; a line's indentation
    /// is its parts' too.
    package func wrapped(_ width: Int) -> [String] {
        split(separator: "\n", omittingEmptySubsequences: false).flatMap { line in
            let indentation = line.prefix { $0 == " " }
            var lines: [String] = []
            for word in line.dropFirst(indentation.count).split(separator: " ", omittingEmptySubsequences: false) {
                if let last = lines.last, last.columns + 1 + String(word).columns <= width {
                    lines[lines.count - 1] += " \(word)"
                } else {
                    lines.append(word.isEmpty ? "" : "\(indentation)\(word)")
                }
            }
            return lines
        }
    }

    /// The text with spaces after it up to a length.
    func padded(_ length: Int) -> String { self + String(repeating: " ", count: Swift.max(0, length - count)) }

    /// The text with spaces before it up to a length.
    func leftPadded(_ length: Int) -> String { String(repeating: " ", count: Swift.max(0, length - count)) + self }
}

extension Character {
    fileprivate var columns: Int {
        guard let scalar = unicodeScalars.first else { return 0 }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
