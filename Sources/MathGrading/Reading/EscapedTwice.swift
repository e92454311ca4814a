/// LaTeX whose backslashes were escaped once too often, as by a careless reading of JSON.
enum EscapedTwice {
    /// The text with every `\\` made a `\`, if a well-known command is written with two; `\\` also ends the rows of
    /// matrices, and so a text that begins one with a single `\` stays as it is.
    static func undone(in text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.count > 2, holdsDoubled(bytes) else { return text }
        var plain: [UInt8] = []
        var index = 0
        while index < bytes.count {
            plain.append(bytes[index])
            index += bytes[index] == backslash && index + 1 < bytes.count && bytes[index + 1] == backslash ? 2 : 1
        }
        return undone(in: String(decoding: plain, as: UTF8.self))
    }

    private static let backslash = UInt8(ascii: "\\")

    private static func holdsDoubled(_ bytes: [UInt8]) -> Bool {
        var isDoubled = false
        var index = 0
        while index < bytes.count {
            guard bytes[index] == backslash else {
                index += 1
                continue
            }
            let start = index
            while index < bytes.count, bytes[index] == backslash { index += 1 }
            let count = index - start
            guard count <= 2 else { continue }
            let name = bytes[index...].prefix(12).prefix { (65...90).contains($0) || (97...122).contains($0) }
            if count == 2, index < bytes.count, "%${".utf8.contains(bytes[index]) { isDoubled = true }
            if count == 2, index < bytes.count, bytes[index] == UInt8(ascii: "("),
                bytes[index...].contains(UInt8(ascii: ")"))
            {
                isDoubled = true
            }
            if name.count < 2 { continue }
            let command = String(decoding: name, as: UTF8.self)
            if count == 1, command == "begin" { return false }
            if count == 2, commands.contains(command) { isDoubled = true }
        }
        return isDoubled
    }

    private static let commands: Set<String> = [
        "frac", "dfrac", "tfrac", "sqrt", "left", "right", "text", "mathrm", "mathbf", "boxed", "fbox", "begin", "end",
        "pi", "le", "leq", "ge", "geq", "ne", "neq", "cdot", "times", "infty", "in", "cup", "cap", "circ", "pm",
        "theta",
        "alpha", "beta", "gamma", "lambda", "mu", "phi", "omega", "sin", "cos", "tan", "log", "ln", "binom", "approx",
        "pmatrix", "overline", "angle", "quad", "qquad", "div", "lfloor", "lceil", "mathbb", "emptyset", "lt", "gt",
    ]
}
