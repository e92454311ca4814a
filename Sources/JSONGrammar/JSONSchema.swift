/// A JSON Schema (2020-12) on its way to a grammar.
///
/// Known are `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`, `prefixItems`, `minItems`,
/// `maxItems`, `minLength`, `maxLength`, the bounds of numbers, the formats of dates and UUIDs, `anyOf`, `oneOf`, `allOf`
/// of objects, and `$ref` within the schema.
struct JSONSchema {
    let root: OrderedJSON
    let isStrict: Bool
    /// The rules so far, by name and body.
    private(set) var rules: [(name: String, body: String)] = []
    /// The rules of what `$ref` points to, which may be on its way.
    private var references: [String: String] = [:]
    private var depth = 0

    private static let mostRules = 2000
    private static let mostRepetitions = 1000

    init(root: OrderedJSON, isStrict: Bool) {
        self.root = root
        self.isStrict = isStrict
    }

    /// Keywords that say nothing about which texts are valid, or are read below.
    private static let known: Set = [
        "$schema", "$id", "$anchor", "$comment", "$defs", "definitions", "title", "description", "default", "examples",
        "example", "deprecated", "readOnly", "writeOnly", "discriminator", "strict", "nullable",
        "type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems", "minItems",
        "maxItems", "minLength", "maxLength", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "format",
        "anyOf", "oneOf", "allOf", "$ref", "propertyOrdering",
    ]

    /// The expression of a schema's texts.
    mutating func expression(of schema: OrderedJSON, at place: String) throws(JSONSchemaError) -> String {
        depth += 1
        defer { depth -= 1 }
        guard depth <= 64 else { throw JSONSchemaError(place: place, fault: "is nested too deep") }
        if schema == .literal("true") { return "value" }
        guard let members = schema.members else { throw JSONSchemaError(place: place, fault: "is no schema") }
        if isStrict, let other = members.first(where: { !Self.known.contains($0.key) }) {
            throw JSONSchemaError(place: join(place, other.key), fault: "is not supported")
        }
        if let target = schema["$ref"] { return try reference(target, at: join(place, "$ref")) }
        if let value = schema["const"] { return JSONGrammar.literal(value.json) }
        if let values = schema["enum"] {
            guard let values = values.elements, !values.isEmpty else {
                throw JSONSchemaError(place: join(place, "enum"), fault: "is no list of values")
            }
            return alternatives(values.map { JSONGrammar.literal($0.json) })
        }
        for key in ["anyOf", "oneOf"] {
            guard let schemas = schema[key] else { continue }
            return alternatives(try each(schemas, at: join(place, key)))
        }
        if let parts = schema["allOf"] { return try all(parts, of: schema, at: join(place, "allOf")) }
        return try typed(schema, at: place)
    }

    private mutating func typed(_ schema: OrderedJSON, at place: String) throws(JSONSchemaError) -> String {
        switch schema["type"] {
        case nil:
            if schema["properties"] != nil || schema["additionalProperties"] != nil {
                return try object(schema, at: place)
            }
            return schema["items"] == nil && schema["prefixItems"] == nil ? "value" : try array(schema, at: place)
        case .array(let types)?:
            var expressions: [String] = []
            for type in types { expressions.append(try self.type(type, schema, at: place)) }
            guard !expressions.isEmpty else { throw JSONSchemaError(place: join(place, "type"), fault: "is empty") }
            return alternatives(expressions)
        case let type?: return try self.type(type, schema, at: place)
        }
    }

    private mutating func type(
        _ type: OrderedJSON, _ schema: OrderedJSON, at place: String
    ) throws(JSONSchemaError) -> String {
        switch type.text {
        case "object": return try object(schema, at: place)
        case "array": return try array(schema, at: place)
        case "string": return try string(schema, at: place)
        case "integer": return try integer(schema, at: place)
        case "number": return try number(schema, at: place)
        case "boolean": return "(\"true\" | \"false\")"
        case "null": return "\"null\""
        default: throw JSONSchemaError(place: join(place, "type"), fault: "is no type: \(type.json.prefix(40))")
        }
    }

    // MARK: Parts

    private mutating func each(
        _ schemas: OrderedJSON, at place: String
    ) throws(JSONSchemaError) -> [String] {
        guard let elements = schemas.elements, !elements.isEmpty else {
            throw JSONSchemaError(place: place, fault: "is no list of schemas")
        }
        var expressions: [String] = []
        for (index, element) in elements.enumerated() {
            expressions.append(try expression(of: element, at: "\(place)[\(index)]"))
        }
        return expressions
    }

    /// The conjunction of objects is an object of all properties; of one schema, itself.
    private mutating func all(
        _ parts: OrderedJSON, of schema: OrderedJSON, at place: String
    ) throws(JSONSchemaError) -> String {
        guard let elements = parts.elements, !elements.isEmpty else {
            throw JSONSchemaError(place: place, fault: "is no list of schemas")
        }
        if elements.count == 1, schema["properties"] == nil {
            return try expression(of: elements[0], at: "\(place)[0]")
        }
        var properties = schema["properties"]?.members ?? []
        var required = schema["required"]?.elements ?? []
        for (index, element) in elements.enumerated() {
            let part = try resolved(element, at: "\(place)[\(index)]")
            guard let more = part["properties"]?.members else {
                throw JSONSchemaError(place: "\(place)[\(index)]", fault: "is not an object with properties")
            }
            for member in more where !properties.contains(where: { $0.key == member.key }) {
                properties.append(member)
            }
            required += part["required"]?.elements ?? []
        }
        let merged = OrderedJSON.object([
            .init(key: "properties", value: .object(properties)), .init(key: "required", value: .array(required)),
        ])
        return try object(merged, at: place)
    }

    private func resolved(_ schema: OrderedJSON, at place: String) throws(JSONSchemaError) -> OrderedJSON {
        var schema = schema
        for _ in 0..<16 {
            guard let target = schema["$ref"]?.text else { return schema }
            schema = try self.target(of: target, at: place)
        }
        throw JSONSchemaError(place: place, fault: "points to itself")
    }

    private mutating func reference(_ value: OrderedJSON, at place: String) throws(JSONSchemaError) -> String {
        guard let pointer = value.text else { throw JSONSchemaError(place: place, fault: "is no text") }
        if let known = references[pointer] { return known }
        // A schema that is nothing but itself has no text, and no grammar.
        let schema = try resolved(target(of: pointer, at: place), at: place)
        let name = "r\(references.count)"
        references[pointer] = name
        let outer = depth
        depth = 1
        defer { depth = outer }
        let body = try expression(of: schema, at: pointer)
        try add(name, body, at: place)
        return name
    }

    private func target(of pointer: String, at place: String) throws(JSONSchemaError) -> OrderedJSON {
        guard pointer == "#" || pointer.hasPrefix("#/") else {
            throw JSONSchemaError(place: place, fault: "points out of the schema")
        }
        var schema = root
        for part in pointer.dropFirst(2).split(separator: "/", omittingEmptySubsequences: false) where pointer != "#" {
            let key = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            let element = Int(key).flatMap { index in
                schema.elements.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            }
            guard let next = schema[key] ?? element else {
                throw JSONSchemaError(place: place, fault: "points to nothing")
            }
            schema = next
        }
        return schema
    }

    private mutating func object(_ schema: OrderedJSON, at place: String) throws(JSONSchemaError) -> String {
        var properties = schema["properties"]?.members ?? []
        let required = Set((schema["required"]?.elements ?? []).compactMap(\.text))
        // What is required but not described is any value.
        for key in (schema["required"]?.elements ?? []).compactMap(\.text)
        where !properties.contains(where: { $0.key == key }) {
            properties.append(OrderedJSON.Member(key: key, value: .literal("true")))
        }
        guard !properties.isEmpty else {
            switch schema["additionalProperties"] {
            case .literal("false")?: return "\"{\" space \"}\""
            case nil, .literal("true")?: return "object"
            case let values?:
                let value = try rule(
                    expression(of: values, at: join(place, "additionalProperties")), at: place)
                return "\"{\" space (string colon \(value) (comma string colon \(value))*)? space \"}\""
            }
        }
        // From the last member to the first: what may follow when a member stands before it, and when none does.
        var (later, first) = ("", "")
        for property in properties.reversed() {
            let value = try expression(of: property.value, at: join(join(place, "properties"), property.key))
            let member = JSONGrammar.literal(OrderedJSON.quoted(property.key)) + " colon " + value
            let isOptional = !required.contains(property.key)
            let rest = try rule(later, at: place)
            let skipped = try rule(first, at: place)
            first = isOptional ? "(\(member) \(rest) | \(skipped.isEmpty ? "\"\"" : skipped))" : "\(member) \(rest)"
            later = isOptional ? "(comma \(member))? \(rest)" : "comma \(member) \(rest)"
        }
        return "\"{\" space \(first) space \"}\""
    }

    private mutating func array(_ schema: OrderedJSON, at place: String) throws(JSONSchemaError) -> String {
        let least = max(0, schema["minItems"]?.integer ?? 0)
        let most = schema["maxItems"]?.integer
        guard least <= Self.mostRepetitions, most.map({ $0 >= least && $0 <= Self.mostRepetitions }) ?? true else {
            throw JSONSchemaError(place: join(place, "maxItems"), fault: "or minItems is out of range (0 to 1000)")
        }
        if let first = schema["prefixItems"] {
            let items = try each(first, at: join(place, "prefixItems"))
            guard least <= items.count, most ?? items.count >= items.count else {
                throw JSONSchemaError(
                    place: join(place, "prefixItems"), fault: "does not go with minItems and maxItems")
            }
            return "\"[\" space \(items.joined(separator: " comma ")) space \"]\""
        }
        guard most != 0 else { return "\"[\" space \"]\"" }
        let item =
            try schema["items"].map { schema throws(JSONSchemaError) in
                try expression(of: schema, at: join(place, "items"))
            } ?? "value"
        let name = try rule(item, at: place)
        let more = "\(name) (comma \(name)){\(max(0, least - 1)),\(most.map { "\($0 - 1)" } ?? "")}"
        return "\"[\" space \(least == 0 ? "(\(more))?" : more) space \"]\""
    }

    private mutating func string(_ schema: OrderedJSON, at place: String) throws(JSONSchemaError) -> String {
        let clock = "([01] [0-9] | \"2\" [0-3]) \":\" [0-5] [0-9]"
        let time = "\(clock) \":\" [0-5] [0-9] (\".\" [0-9]{1,6})? (\"Z\" | [-+] \(clock))"
        // Months of 31 days, of 30, and February.
        let day = "\"0\" [1-9] | [12] [0-9]"
        let long = "(\"0\" [13578] | \"1\" [02]) \"-\" (\(day) | \"3\" [01])"
        let short = "(\"0\" [469] | \"11\") \"-\" (\(day) | \"30\")"
        let date = "[12] [0-9]{3} \"-\" (\(long) | \(short) | \"02-\" (\(day)))"
        switch schema["format"]?.text {
        case "date": return "\"\\\"\" \(date) \"\\\"\""
        case "time": return "\"\\\"\" \(time) \"\\\"\""
        case "date-time": return "\"\\\"\" \(date) \"T\" \(time) \"\\\"\""
        case "uuid":
            let hex = "[0-9a-f]"
            return "\"\\\"\" \(hex){8} (\"-\" \(hex){4}){3} \"-\" \(hex){12} \"\\\"\""
        default: break
        }
        let least = schema["minLength"]?.integer ?? 0
        let most = schema["maxLength"]?.integer
        if least <= 0, most == nil { return "string" }
        guard least >= 0, least <= Self.mostRepetitions, most.map({ $0 >= least }) ?? true else {
            throw JSONSchemaError(place: join(place, "minLength"), fault: "is out of range (0 to 1000)")
        }
        // A bound that large is beyond what an answer holds.
        let bound = most.map { $0 > Self.mostRepetitions ? "" : "\($0)" } ?? ""
        return "\"\\\"\" char{\(least),\(bound)} \"\\\"\""
    }

    private func integer(_ schema: OrderedJSON, at place: String) throws(JSONSchemaError) -> String {
        guard let range = try bounds(schema, at: place) else { return "integer" }
        guard let numbers = DecimalRange(range.lower, range.upper) else {
            throw JSONSchemaError(place: place, fault: "allows no number")
        }
        return "(\(numbers.expression))"
    }

    /// The bounds of whole numbers; nil for none.
    private func bounds(
        _ schema: OrderedJSON, at place: String
    ) throws(JSONSchemaError) -> (lower: Int, upper: Int)? {
        let widest = DecimalRange.widest
        func bound(_ key: String) throws(JSONSchemaError) -> Double? {
            guard let value = schema[key] else { return nil }
            guard case .literal(let digits) = value, let number = Double(digits), abs(number) <= Double(widest) else {
                throw JSONSchemaError(place: join(place, key), fault: "is no number, or out of range")
            }
            return number
        }
        let lower = [try bound("minimum")?.rounded(.up), try bound("exclusiveMinimum").map { $0.rounded(.down) + 1 }]
        let upper = [try bound("maximum")?.rounded(.down), try bound("exclusiveMaximum").map { $0.rounded(.up) - 1 }]
        let most = upper.compactMap(\.self).min()
        guard let least = lower.compactMap(\.self).max() else { return most.map { (-widest, Int($0)) } }
        return (Int(least), most.map { Int($0) } ?? widest)
    }

    private func number(_ schema: OrderedJSON, at place: String) throws(JSONSchemaError) -> String {
        let keys = ["minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum"].filter { schema[$0] != nil }
        if keys.isEmpty { return "number" }
        if keys == ["minimum"], schema["minimum"]?.integer == 0 {
            return "digits (\".\" [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})?"
        }
        func bound(_ key: String, isIncluded: Bool) throws(JSONSchemaError) -> FractionRange.Bound? {
            guard let value = schema[key] else { return nil }
            guard case .literal(let digits) = value, Double(digits) != nil,
                let bound = FractionRange.Bound(digits, isIncluded: isIncluded)
            else { throw JSONSchemaError(place: join(place, key), fault: "is no number, or out of range") }
            return bound
        }
        // Of two bounds on one side the narrower holds; of equal ones that which leaves itself out, which comes first.
        let lower = [try bound("exclusiveMinimum", isIncluded: false), try bound("minimum", isIncluded: true)]
            .compactMap(\.self).reduce(nil) { best, next in best.map { next.value > $0.value ? next : $0 } ?? next }
        let upper = [try bound("exclusiveMaximum", isIncluded: false), try bound("maximum", isIncluded: true)]
            .compactMap(\.self).reduce(nil) { best, next in best.map { next.value < $0.value ? next : $0 } ?? next }
        guard let range = FractionRange(lower, upper) else {
            throw JSONSchemaError(place: place, fault: "allows no number")
        }
        return "(\(range.expression))"
    }

    // MARK: Rules

    private func alternatives(_ expressions: [String]) -> String { "(" + expressions.joined(separator: " | ") + ")" }

    /// An expression that is used more than once, by a name of its own.
    private mutating func rule(_ body: String, at place: String) throws(JSONSchemaError) -> String {
        guard body.contains(" ") else { return body }
        if let same = rules.first(where: { $0.body == body }) { return same.name }
        let name = "e\(rules.count)"
        try add(name, body, at: place)
        return name
    }

    private mutating func add(_ name: String, _ body: String, at place: String) throws(JSONSchemaError) {
        guard rules.count < Self.mostRules, body.utf8.count < 1 << 16 else {
            throw JSONSchemaError(place: place, fault: "is too large")
        }
        rules.append((name, body))
    }

    private func join(_ place: String, _ key: String) -> String { place.isEmpty ? key : "\(place).\(key)" }
}
