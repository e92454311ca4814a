/// A JSON value of a request, to be read by ``Fields``, or of an answer.
enum JSONValue: Codable, Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int)
    /// A whole number beyond `Int`.
    case unsigned(UInt64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if let string = try? value.decode(String.self) {
            self = .string(string)
        } else if let integer = try? value.decode(Int.self) {
            self = .integer(integer)
        } else if value.decodeNil() {
            self = .null
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let unsigned = try? value.decode(UInt64.self) {
            self = .unsigned(unsigned)
        } else if let number = try? value.decode(Double.self) {
            self = .number(number)
        } else if let integers = try? value.decode([Int].self) {
            // Prompts of tokens are long, and each value that is tried in vain takes a while.
            self = .array(integers.map(JSONValue.integer))
        } else if (try? decoder.unkeyedContainer()) != nil {
            self = .array(try value.decode([JSONValue].self))
        } else if (try? decoder.container(keyedBy: AnyKey.self)) != nil {
            self = .object(try value.decode([String: JSONValue].self))
        } else {
            let place = AnyKey.path(decoder.codingPath)
            throw APIError.invalid(
                "\(place) cannot be read: it is a number that is out of range, or a text that is not Unicode.",
                param: place)
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .unsigned(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let value): try container.encode(value)
        }
    }

    /// The value for people: short ones as they stand.
    var words: String {
        switch self {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .integer(let value): "\(value)"
        case .unsigned(let value): "\(value)"
        case .number(let value): "\(value)"
        case .string(let value): value.shortened
        case .array: "a list"
        case .object: "an object"
        }
    }
}

/// A key with any name.
struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(stringValue: String) { (self.stringValue, intValue) = (stringValue, nil) }
    init(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }

    /// A path as people write it: `messages[0].content`.
    static func path(_ keys: [any CodingKey]) -> String {
        keys.reduce("") { path, key in
            if let index = key.intValue { return "\(path)[\(index)]" }
            return (path.isEmpty ? "" : path + ".") + key.stringValue.prefix(60)
        }
    }
}

/// The fields of a JSON object, read by their types; null is absence.
///
/// Every error names the field and says what it is and what it is to be.
struct Fields: Sendable {
    /// The object's place in the request; empty for the whole.
    let path: String
    let values: [String: JSONValue]

    init(_ values: [String: JSONValue], at path: String = "") {
        self.path = path
        self.values = values.filter { $0.value != .null }
    }

    /// A field's place in the request.
    func place(_ key: String) -> String { (path.isEmpty ? "" : path + ".") + key.prefix(60) }

    subscript(key: String) -> JSONValue? { values[key] }

    func string(_ key: String) throws(APIError) -> String? {
        guard let value = values[key] else { return nil }
        guard case .string(let string) = value else { throw wrong(key, value, "a text") }
        return string
    }

    func bool(_ key: String) throws(APIError) -> Bool? {
        guard let value = values[key] else { return nil }
        guard case .bool(let bool) = value else { throw wrong(key, value, "true or false") }
        return bool
    }

    func integer(_ key: String) throws(APIError) -> Int? {
        guard let value = values[key] else { return nil }
        guard case .integer(let integer) = value else {
            throw wrong(key, value, "a whole number from -2^63 to 2^63 - 1")
        }
        return integer
    }

    func number(_ key: String) throws(APIError) -> Double? {
        switch values[key] {
        case nil: return nil
        case .integer(let integer): return Double(integer)
        case .unsigned(let unsigned): return Double(unsigned)
        case .number(let number): return number
        case let value?: throw wrong(key, value, "a number")
        }
    }

    func object(_ key: String) throws(APIError) -> Fields? {
        guard let value = values[key] else { return nil }
        guard case .object(let object) = value else { throw wrong(key, value, "an object") }
        return Fields(object, at: place(key))
    }

    func array(_ key: String) throws(APIError) -> [JSONValue]? {
        guard let value = values[key] else { return nil }
        guard case .array(let array) = value else { throw wrong(key, value, "a list") }
        return array
    }

    /// A list of objects.
    func objects(_ key: String) throws(APIError) -> [Fields]? {
        guard let array = try array(key) else { return nil }
        var objects: [Fields] = []
        for (index, value) in array.enumerated() {
            guard case .object(let object) = value else { throw wrong("\(key)[\(index)]", value, "an object") }
            objects.append(Fields(object, at: place("\(key)[\(index)]")))
        }
        return objects
    }

    /// A text, or a list of texts.
    func texts(_ key: String) throws(APIError) -> [String]? {
        if case .string(let text)? = values[key] { return [text] }
        guard let value = values[key] else { return nil }
        guard case .array(let array) = value else { throw wrong(key, value, "a text or a list of texts") }
        var texts: [String] = []
        for (index, value) in array.enumerated() {
            guard case .string(let text) = value else { throw wrong("\(key)[\(index)]", value, "a text") }
            texts.append(text)
        }
        return texts
    }

    /// A field that has to be there.
    func required<Value>(_ key: String, _ value: Value?) throws(APIError) -> Value {
        guard let value else { throw .invalid("\(place(key)) is missing.", param: place(key)) }
        return value
    }

    func wrong(_ key: String, _ value: JSONValue, _ kind: String) -> APIError {
        .invalid("\(place(key)) is \(kind), not \(value.words).", param: place(key))
    }
}
