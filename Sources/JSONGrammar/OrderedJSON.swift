package import Foundation

/// A JSON value whose objects keep the order of their members, which a schema's properties are written in, and whose
/// numbers keep their digits.
package indirect enum OrderedJSON: Sendable, Hashable {
    /// `null`, `true`, `false` or a number, as it stands.
    case literal(String)
    case string(String)
    case array([OrderedJSON])
    case object([Member])

    /// A member of an object.
    package struct Member: Sendable, Hashable {
        package var key: String
        package var value: OrderedJSON

        package init(key: String, value: OrderedJSON) {
            self.key = key
            self.value = value
        }
    }

    /// Reads a text (RFC 8259).
    ///
    /// - Returns: Nil for what is not JSON, or is nested deeper than 128 levels.
    package init?(_ data: Data) {
        var reader = Reader(bytes: Array(data))
        guard let value = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        guard reader.isAtEnd else { return nil }
        self = value
    }

    package init?(_ text: String) { self.init(Data(text.utf8)) }

    /// A member's value, the last of that key; nil for other values.
    package subscript(key: String) -> OrderedJSON? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.key == key }?.value
    }

    package var members: [Member]? { if case .object(let members) = self { members } else { nil } }
    package var elements: [OrderedJSON]? { if case .array(let elements) = self { elements } else { nil } }
    package var text: String? { if case .string(let text) = self { text } else { nil } }
    package var integer: Int? { if case .literal(let digits) = self { Int(digits) } else { nil } }

    /// The value as JSON on one line.
    package var json: String {
        switch self {
        case .literal(let literal): literal
        case .string(let text): Self.quoted(text)
        case .array(let elements): "[" + elements.map(\.json).joined(separator: ", ") + "]"
        case .object(let members):
            "{" + members.map { Self.quoted($0.key) + ": " + $0.value.json }.joined(separator: ", ") + "}"
        }
    }

    /// A text as a JSON string.
    package static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{0}"..."\u{1F}", "\u{7F}": result += "\\u" + hexadecimal(scalar.value)
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private static func hexadecimal(_ value: UInt32) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}

/// A place in a text.
private struct Reader {
    let bytes: [UInt8]
    var place = 0

    var isAtEnd: Bool { place == bytes.count }
    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    mutating func skipSpace() {
        while let byte = next, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { place += 1 }
    }

    private mutating func take(_ character: Character) -> Bool {
        skipSpace()
        guard next == character.asciiValue else { return false }
        place += 1
        return true
    }

    mutating func value(depth: Int) -> OrderedJSON? {
        guard depth < 128 else { return nil }
        if take("{") {
            var members: [OrderedJSON.Member] = []
            if take("}") { return .object(members) }
            repeat {
                skipSpace()
                guard let key = string(), take(":"), let value = value(depth: depth + 1) else { return nil }
                members.append(OrderedJSON.Member(key: key, value: value))
            } while take(",")
            return take("}") ? .object(members) : nil
        }
        if take("[") {
            var elements: [OrderedJSON] = []
            if take("]") { return .array(elements) }
            repeat {
                guard let value = value(depth: depth + 1) else { return nil }
                elements.append(value)
            } while take(",")
            return take("]") ? .array(elements) : nil
        }
        if next == Character("\"").asciiValue { return string().map(OrderedJSON.string) }
        let begin = place
        while let byte = next, !Array(" \t\n\r,:[]{}\"".utf8).contains(byte) { place += 1 }
        let literal = String(decoding: bytes[begin..<place], as: UTF8.self)
        guard literal.wholeMatch(of: /null|true|false|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+\-]?[0-9]+)?/) != nil
        else { return nil }
        return .literal(literal)
    }

    private mutating func string() -> String? {
        guard next == Character("\"").asciiValue else { return nil }
        let begin = place
        place += 1
        while let byte = next, byte != Character("\"").asciiValue {
            place += byte == Character("\\").asciiValue ? 2 : 1
        }
        guard place < bytes.count else { return nil }
        place += 1
        // Escapes, surrogates and what is not Unicode are the library's matter.
        return try? JSONDecoder().decode(String.self, from: Data(bytes[begin..<place]))
    }
}
