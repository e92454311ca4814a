import JSONGrammar
import Testing

/// That the texts of a grammar are those of its schema, `LlamaGrammarTests` shows with llama.cpp.
struct JSONGrammarTests {
    private func root(_ schema: String, isStrict: Bool = false) throws -> String {
        let grammar = try JSONGrammar(schema: #require(OrderedJSON(schema)), isStrict: isStrict)
        return String(grammar.text.prefix { $0 != "\n" })
    }

    @Test func membersKeepTheSchemasOrder() throws {
        let text = try root(
            #"{"type": "object", "properties": {"why": {"type": "string"}, "age": {"type": "integer"}}, "required": ["age", "why"]}"#
        )
        let why = try #require(text.firstRange(of: #""\"why\"""#))
        #expect(text.hasPrefix(#"root ::= "{" space "\"why\"""#))
        #expect(why.lowerBound < text.endIndex)
    }

    @Test(arguments: [
        (1, 10, #"[1-9] | "1" "0""#), (0, 150, #"[0-9] | [1-9] [0-9]{1} | "1" [0-4] [0-9]{1} | "15" "0""#),
        (18, 230, #""1" [8-9] | [2-9] [0-9]{1} | "1" [0-9]{2} | "2" [0-2] [0-9]{1} | "23" "0""#),
        (-12, -3, #""-" [3-9] | "-" "1" [0-2]"#), (-1, 1, #""-" "1" | [0-1]"#), (7, 7, #""7""#),
    ])
    func boundedIntegers(_ lower: Int, _ upper: Int, _ expression: String) throws {
        #expect(
            try root(#"{"type": "integer", "minimum": \#(lower), "maximum": \#(upper)}"#) == "root ::= (\(expression))")
    }

    @Test func exclusiveAndFractionalBoundsAreTheWholeNumbersWithin() throws {
        #expect(
            try root(#"{"type": "integer", "exclusiveMinimum": 2, "maximum": 5.9}"#) == "root ::= ([3-5])")
        #expect(throws: JSONSchemaError(place: "", fault: "allows no number")) {
            try root(#"{"type": "integer", "minimum": 3, "maximum": 2}"#)
        }
    }

    @Test func valuesOfAnEnumerationAreWrittenAsTheyStand() throws {
        #expect(
            try root(#"{"enum": ["a \"b\"", 1.50, null, {"x": [true]}]}"#)
                == #"root ::= ("\"a \\\"b\\\"\"" | "1.50" | "null" | "{\"x\": [true]}")"#)
    }

    @Test func aSchemaMayPointToItself() throws {
        let tree =
            ##"{"$ref": "#/$defs/Tree", "$defs": {"Tree": {"type": "object", "properties": {"left": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]}}, "required": ["left"]}}}"##
        let grammar = try JSONGrammar(schema: #require(OrderedJSON(tree)))
        #expect(grammar.text.contains("r0 ::= "))
        #expect(grammar.text.contains("(r0 | \"null\")"))
    }

    @Test(arguments: [
        (##"{"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}"##, "$ref"),
        (##"{"$ref": "#/$defs/B"}"##, "$ref"), (##"{"$ref": "https://example.com/s"}"##, "$ref"),
        (#"{"type": "strin"}"#, "type"),
        (#"{"type": "object", "properties": {"a": {"type": 3}}}"#, "properties.a.type"),
        (#"{"anyOf": []}"#, "anyOf"), (#"{"enum": []}"#, "enum"), (#"[]"#, ""),
        (#"{"type": "array", "minItems": 5, "maxItems": 2}"#, "maxItems"),
        (#"{"type": "string", "minLength": 5, "maxLength": 2}"#, "minLength"),
    ])
    func whatIsNoSchemaIsNamed(_ schema: String, _ place: String) throws {
        let error = #expect(throws: JSONSchemaError.self) { try root(schema) }
        #expect(error?.place == place)
    }

    @Test func whatNoGrammarKeepsToIsAnErrorOnlyWhereItIsStrict() throws {
        let schema = #"{"type": "object", "properties": {"a": {"type": "string", "pattern": "^a"}}}"#
        #expect(throws: JSONSchemaError(place: "properties.a.pattern", fault: "is not supported")) {
            try root(schema, isStrict: true)
        }
        #expect(throws: Never.self) { try root(schema) }
    }

    @Test func deepAndWideSchemasAreBounded() throws {
        var deep = #"{"type": "string"}"#
        for _ in 0..<100 { deep = #"{"type": "array", "items": \#(deep)}"# }
        #expect(throws: JSONSchemaError.self) { try root(deep) }
        let wide = (0..<5000).map { #""p\#($0)": {"type": "string"}"# }.joined(separator: ", ")
        #expect(throws: JSONSchemaError.self) { try root("{\"properties\": {\(wide)}}") }
    }

    @Test func jsonIsReadInOrderAndWrittenBack() throws {
        let text = #"{"b": [1.50, -0, true, null], "a": {"é\n": "😀\u0001"}, "b2": {}}"#
        let value = try #require(OrderedJSON(text))
        #expect(value.members?.map(\.key) == ["b", "a", "b2"])
        #expect(value.json == text)
        #expect(OrderedJSON(#"{"a": "\ud83d\ude00"}"#)?["a"]?.text == "😀")
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\" 1}", "01", "nul", "\"a", "[] []", "{\"a\": 1,}", "+1", "\"\\ud800\"", "\"\\",
    ])
    func whatIsNoJSONIsNotRead(_ text: String) {
        #expect(OrderedJSON(text) == nil)
    }

    @Test func nestingIsBounded() {
        #expect(OrderedJSON(String(repeating: "[", count: 100_000)) == nil)
    }
}
