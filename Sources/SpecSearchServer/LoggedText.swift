extension String {
    /// The text as it may stand in a log: on one line, and without anything that a terminal, or a reader of lines, would act
    /// on.
    ///
    /// Such characters are written as JSON writes them.
    package var logged: String {
        var text = ""
        for scalar in unicodeScalars {
            switch scalar {
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\\": text += "\\\\"
            case _ where Self.acts(scalar):
                text += scalar.utf16.map { "\\u" + Self.padded(String($0, radix: 16)) }.joined()
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    private static func padded(_ digits: String) -> String { String(repeating: "0", count: 4 - digits.count) + digits }

    /// Controls, marks of direction, separators of lines, and what is not seen at all.
    private static func acts(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: true
        default: false
        }
    }
}
