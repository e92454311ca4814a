/// A grammar, in the notation GBNF of llama.cpp, of the JSON texts that a schema allows.
///
/// ```swift
/// let grammar = try JSONGrammar(schema: OrderedJSON(#"{"type": "object", "properties": {"age": {"type": "integer"}}}"#)!)
/// grammar.text        // root ::= …
/// ```
/// Every text of the grammar is valid by the schema, as far as the schema's keywords are known (see ``JSONSchema``);
/// members stand in the order of the schema's properties. A grammar may have fewer texts than the schema allows: members
/// that no property names are left out, and white space is short.
package struct JSONGrammar: Sendable, Hashable {
    /// The rules, the first of which is `root`.
    package let text: String

    /// A JSON object of any members.
    package static let object = JSONGrammar(root: "object", rules: [])

    /// The texts that a schema allows.
    ///
    /// - Parameter isStrict: Whether a keyword that no grammar can keep to is an error; else it is left out.
    /// - Throws: ``JSONSchemaError``.
    package init(schema: OrderedJSON, isStrict: Bool = false) throws(JSONSchemaError) {
        var schema = JSONSchema(root: schema, isStrict: isStrict)
        let root = try schema.expression(of: schema.root, at: "")
        self.init(root: root, rules: schema.rules)
    }

    init(root: String, rules: [(name: String, body: String)]) {
        let lines = [("root", root)] + rules + Self.common
        text = lines.map { "\($0.0) ::= \($0.1)\n" }.joined()
    }

    /// A text as a literal of a grammar.
    static func literal(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// The rules that all grammars have.
    ///
    /// Lone surrogates and numbers beyond 64 bits are JSON that many readers refuse.
    private static let common: [(String, String)] = [
        ("value", "object | array | string | number | \"true\" | \"false\" | \"null\""),
        ("object", "\"{\" space (string colon value (comma string colon value)*)? space \"}\""),
        ("array", "\"[\" space (value (comma value)*)? space \"]\""),
        ("string", "\"\\\"\" char* \"\\\"\""),
        ("char", "[^\"\\\\\\x7F\\x00-\\x1F] | \"\\\\\" ([\"\\\\/bfnrt] | \"u\" unit)"),
        ("unit", "[0-9a-cefA-CEF] [0-9a-fA-F]{3} | [dD] [0-7] [0-9a-fA-F]{2}"),
        ("digits", "\"0\" | [1-9] [0-9]{0,15}"),
        ("integer", "\"-\"? digits"),
        ("number", "\"-\"? digits (\".\" [0-9]{1,16})? ([eE] [-+]? [0-9]{1,2})?"),
        ("comma", "\",\" space"),
        ("colon", "\":\" space"),
        ("space", "| \" \" | \"\\n\" [ \\t]{0,20}"),
    ]
}

/// A schema that is no schema, or asks for what no grammar can keep to.
package struct JSONSchemaError: Error, Hashable {
    /// The keyword's place in the schema, such as `properties.age.pattern`.
    package var place: String
    /// What is wrong there, as a sentence's end: "is not supported".
    package var fault: String

    package init(place: String, fault: String) {
        self.place = place
        self.fault = fault
    }
}
