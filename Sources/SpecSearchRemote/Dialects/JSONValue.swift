internal import SpecSearch

/// The body of a request: JSON whose keys keep their order, and whose arrays of token ids are not boxed one by one.
package enum JSONValue: Sendable, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByFloatLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    case bool(Bool)
    case int(Int)
    case double(Double)
    case string(String)
    case tokens([Int32])
    case array([JSONValue])
    case object([(String, JSONValue)])

    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(elements) }

    /// The object with one more member.
    package mutating func set(_ key: String, _ value: JSONValue) {
        guard case .object(var members) = self else { return }
        members.removeAll { $0.0 == key }
        members.append((key, value))
        self = .object(members)
    }

    /// The text, in UTF-8.
    package var bytes: [UInt8] {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return bytes
    }

    private func write(to bytes: inout [UInt8]) {
        switch self {
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .int(let value): bytes.append(contentsOf: String(value).utf8)
        case .double(let value): bytes.append(contentsOf: (value.isFinite ? String(value) : "null").utf8)
        case .string(let value): Self.write(value, to: &bytes)
        case .tokens(let tokens):
            Self.list(tokens, between: UInt8(ascii: "[")...UInt8(ascii: "]"), to: &bytes) { token, bytes in
                bytes.append(contentsOf: String(token).utf8)
            }
        case .array(let values):
            Self.list(values, between: UInt8(ascii: "[")...UInt8(ascii: "]"), to: &bytes) { $0.write(to: &$1) }
        case .object(let members):
            Self.list(members, between: UInt8(ascii: "{")...UInt8(ascii: "}"), to: &bytes) { member, bytes in
                Self.write(member.0, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.1.write(to: &bytes)
            }
        }
    }

    private static func list<Element>(
        _ elements: [Element], between braces: ClosedRange<UInt8>, to bytes: inout [UInt8],
        write: (Element, inout [UInt8]) -> Void
    ) {
        bytes.append(braces.lowerBound)
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            write(element, &bytes)
        }
        bytes.append(braces.upperBound)
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0..<0x20: bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
