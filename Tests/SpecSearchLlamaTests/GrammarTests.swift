import Foundation
import JSONGrammar
import SpecSearch
import SpecSearchLlama
import Testing

@Suite struct GrammarTests {
    /// Whether a text is one of a grammar's, by llama.cpp.
    private func isText(_ text: String, of grammar: String, _ vocabulary: Vocabulary) throws -> Bool {
        let state = try GrammarState(Grammar(grammar), vocabulary: vocabulary)
        let end = try #require(vocabulary.endToken)
        var certain = [Float](repeating: 0, count: vocabulary.count)
        let logits = [Float](repeating: 0, count: vocabulary.count)
        for token in vocabulary.tokenize(text) + [end] {
            certain[Int(token)] = 1
            defer { certain[Int(token)] = 0 }
            // A draw of another token means that this one is not allowed; none at all, that nothing is.
            let drawn = try? state.draw(
                certain, logits: logits, count: vocabulary.count, isGreedy: false, uniforms: (0.5, 0.5))
            if drawn != token { return false }
        }
        return true
    }

    static let person = """
        {"type": "object", "properties": {"name": {"type": "string", "minLength": 1}, "age": {"type": "integer", \
        "minimum": 0, "maximum": 150}, "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2}, \
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "required": ["name", "age"]}
        """

    @Test(arguments: [
        (person, #"{"name": "Mia", "age": 7}"#, true), (person, #"{"name":"Mia","age":150}"#, true),
        (person, "{\n  \"name\": \"M\",\n  \"age\": 0, \"tags\": [\"a\", \"b\"], \"note\": null}", true),
        (person, #"{"name": "Mia", "age": 7, "note": "x"}"#, true), (person, #"{"name": "Mia", "age": 151}"#, false),
        (person, #"{"age": 7, "name": "Mia"}"#, false), (person, #"{"name": "", "age": 7}"#, false),
        (person, #"{"name": "Mia"}"#, false), (person, #"{"name": "Mia", "age": 7.5}"#, false),
        (person, #"{"name": "Mia", "age": 7, "tags": ["c"]}"#, false),
        (person, #"{"name": "Mia", "age": 7, "tags": ["a", "b", "a"]}"#, false),
        (person, #"{"name": "Mia", "age": 7, "other": 1}"#, false),
        (#"{"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}}"#, "{}", true),
        (
            #"{"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}}"#, #"{"b": true}"#,
            true
        ),
        (
            #"{"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}}"#,
            #"{"a": null, "b": true}"#, true
        ),
        (
            #"{"type": "object", "properties": {"a": {"type": "null"}, "b": {"type": "boolean"}}}"#, #"{"a": null,}"#,
            false
        ),
        (#"{"type": "object", "additionalProperties": {"type": "integer"}}"#, #"{"x": 1, "y": -20}"#, true),
        (#"{"type": "object", "additionalProperties": {"type": "integer"}}"#, #"{"x": "1"}"#, false),
        (#"{"type": "object", "additionalProperties": false}"#, "{}", true),
        (#"{"type": ["string", "null"]}"#, "null", true), (#"{"type": ["string", "null"]}"#, "1", false),
        (#"{"type": "number", "minimum": 0, "maximum": 1}"#, "0.25", true),
        (#"{"type": "number", "minimum": 0, "maximum": 1}"#, "1", true),
        (#"{"type": "number", "minimum": 0.5, "exclusiveMinimum": 0.5}"#, "0.5", false),
        (#"{"type": "number", "minimum": 0.5, "exclusiveMinimum": 0.25}"#, "0.5", true),
        (#"{"type": "number", "maximum": 2, "exclusiveMaximum": 3}"#, "2.5", false),
        (#"{"type": "number", "minimum": 0, "maximum": 1}"#, "1.5", false), ("{}", #"[1, {"a": [true, null]}]"#, true),
        (#"{"type": "string"}"#, #""a\"b\\\u00e9""#, true), (#"{"type": "string"}"#, #""\ud800""#, false),
        (#"{"type": "string"}"#, "\"a\nb\"", false),
        (#"{"type": "string", "format": "date"}"#, #""2026-11-30""#, true),
        (#"{"type": "string", "format": "date"}"#, #""2026-11-31""#, false),
        (#"{"type": "string", "format": "date"}"#, #""2026-12-31""#, true),
        (#"{"type": "string", "format": "date"}"#, #""2026-02-30""#, false),
        (#"{"type": "string", "format": "date"}"#, #""2026-02-28""#, true),
        (#"{"type": "string", "format": "date"}"#, #""2026-13-01""#, false),
        (#"{"type": "string", "format": "date-time"}"#, #""2026-11-30T23:59:07Z""#, true),
        (#"{"type": "string", "format": "date-time"}"#, #""2026-11-30T24:00:00Z""#, false),
        (#"{"type": "string", "format": "time"}"#, #""09:30:00.5+01:00""#, true),
        (#"{"type": "string", "format": "uuid"}"#, #""123e4567-e89b-12d3-a456-426614174000""#, true),
        (#"{"type": "string", "format": "uuid"}"#, #""123e4567e89b12d3a456426614174000""#, false),
        (#"{"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}]}"#, "[3, false]", true),
        (#"{"type": "array", "minItems": 2}"#, "[3]", false), (#"{"type": "array", "minItems": 2}"#, "[3, 4, 5]", true),
        (
            ##"{"$ref": "#/$defs/T", "$defs": {"T": {"type": "array", "items": {"$ref": "#/$defs/T"}}}}"##,
            "[[], [[]]]", true
        ),
        (##"{"$ref": "#/$defs/T", "$defs": {"T": {"type": "array", "items": {"$ref": "#/$defs/T"}}}}"##, "[1]", false),
        (
            #"{"allOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"properties": {"b": {"const": 2}}}]}"#,
            #"{"a": 1, "b": 2}"#, true
        ),
        (#"{"type": "integer", "minimum": 18}"#, "17", false), (#"{"type": "integer", "minimum": 18}"#, "1000", true),
        (#"{"type": "integer", "maximum": -3}"#, "-12", true), (#"{"type": "integer", "maximum": -3}"#, "-2", false),
    ])
    func `A schema's grammar has the texts that the schema allows`(_ schema: String, _ text: String, _ isOne: Bool)
        throws
    {
        let grammar = try JSONGrammar(schema: #require(OrderedJSON(schema)))
        #expect(try isText(text, of: grammar.text, Toy().tokenizer.vocabulary) == isOne)
    }

    @Test func `Any object is one of any members`() throws {
        let vocabulary = try Toy().tokenizer.vocabulary
        for text in ["{}", #"{"a": [1.5e3, {"b": null}]}"#] {
            #expect(try isText(text, of: JSONGrammar.object.text, vocabulary))
        }
        for text in ["[]", "1", "{", #"{"a": 01}"#] {
            #expect(try !isText(text, of: JSONGrammar.object.text, vocabulary))
        }
    }

    @Test(
        arguments: [
            ("0", "1", true, true), ("0", "1", false, false), ("0", nil, false, true), (nil, "0", true, false),
            ("-2.5", "0.25", true, false), ("0.05", "0.375", true, true), ("12.34", "1e2", false, true),
            ("-0.5", "-0.125", false, true), ("1.2", "1.25", false, false), ("3", "3", true, true),
        ] as [(String?, String?, Bool, Bool)])
    func `Numbers keep to their bounds`(lower: String?, upper: String?, hasLow: Bool, hasHigh: Bool) throws {
        let (low, high) = (lower.flatMap { Decimal(string: $0) }, upper.flatMap { Decimal(string: $0) })
        let vocabulary = try Toy().tokenizer.vocabulary
        let bounds = [
            lower.map { "\"\(hasLow ? "minimum" : "exclusiveMinimum")\": \($0)" },
            upper.map { "\"\(hasHigh ? "maximum" : "exclusiveMaximum")\": \($0)" },
        ].compactMap(\.self)
        let schema = "{\"type\": \"number\", \(bounds.joined(separator: ", "))}"
        let grammar = try JSONGrammar(schema: #require(OrderedJSON(schema))).text
        let texts = [
            "0", "0.0", "0.000", "0.01", "0.05", "0.049", "0.050001", "0.1", "0.12", "0.125", "0.1250", "0.126", "0.2",
            "0.24999",
            "0.25", "0.26", "0.3", "0.37", "0.375", "0.3750", "0.3751", "0.38", "0.5", "0.50", "0.9", "0.999", "1",
            "1.0", "1.01",
            "1.2", "1.20", "1.200001", "1.24", "1.25", "1.3", "2", "2.5", "2.50", "2.51", "3", "3.0", "3.5", "12",
            "12.34", "12.340",
            "12.3401", "12.35", "13", "99", "99.99", "100", "100.0", "100.1", "1000000",
        ]
        for text in texts.flatMap({ [$0, "-\($0)"] }) {
            let value = try #require(Decimal(string: text))
            // A zero has no sign here.
            if value == 0, text.hasPrefix("-") { continue }
            let isIn =
                (low.map { hasLow ? value >= $0 : value > $0 } ?? true)
                && (high.map { hasHigh ? value <= $0 : value < $0 } ?? true)
            #expect(try isText(text, of: grammar, vocabulary) == isIn, "\(text) in \(schema)")
        }
    }

    @Test(arguments: [0.0, 1.0])
    func `What a model writes by a schema is valid, and the same again`(temperature: Double) async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let schema =
            #"{"type": "object", "properties": {"n": {"type": "integer", "minimum": 3, "maximum": 7}, "ok": {"type": "boolean"}}, "required": ["n", "ok"]}"#
        let grammar = Grammar(try JSONGrammar(schema: #require(OrderedJSON(schema))).text)
        let asked = request("abc", count: 4, temperature: temperature, maximumTokens: 200)
        let samples = try await engine.large.sample(asked, grammar: grammar)
        for thought in samples.thoughts[0] where thought.stop == .endOfSequence {
            let object = try #require(
                try JSONSerialization.jsonObject(with: Data(thought.text.utf8)) as? [String: Any])
            #expect(object["ok"] is Bool && (3...7).contains(object["n"] as? Int ?? 0))
        }
        #expect(samples.thoughts[0].contains { $0.stop == .endOfSequence })
        #expect(try await engine.large.sample(asked, grammar: grammar).thoughts == samples.thoughts)
        if temperature == 0 { #expect(Set(samples.thoughts[0].map(\.text)).count == 1) }
        for state in await engine.cacheStates().values { #expect(state.locks == 0 && state.pending == 0) }
    }

    @Test func `Tokens follow the model's distribution over those that may come next`() async throws {
        let toy = try Toy()
        let prompt = try toy.tokenizer.promptTokens(Problem(text: "abc"))
        let logits = try toy.freshLogits(after: prompt)
        let vocabulary = toy.tokenizer.vocabulary
        // Each letter is a word and a byte.
        let letters = (0..<Token(vocabulary.count)).filter { ["k", "q", "7"].contains(vocabulary.text(of: [$0])) }
        let weights = letters.map { exp(Double(logits[Int($0)])) }
        let asked = request("abc", count: 4000, maximumTokens: 1)
        let thoughts = try await toy.sampler().sample([asked], grammar: Grammar("root ::= [kq7] [a-z]*")).thoughts[0]
        for (letter, weight) in zip(letters, weights) {
            let share = Double(thoughts.count { $0.tokens == [letter] }) / 4000
            let expected = weight / weights.reduce(0, +)
            #expect(abs(share - expected) < 5 * (expected * (1 - expected) / 4000).squareRoot())
        }
    }

    @Test func `Allowed tokens are found though the parameters left them out`() async throws {
        let toy = try Toy()
        let asked = request("abc", count: 8, topK: 1, maximumTokens: 4)
        let thoughts = try await toy.sampler().sample([asked], grammar: Grammar("root ::= [xy] [xy] [xy]")).thoughts[0]
        for thought in thoughts {
            #expect(thought.text.count == 3 && thought.text.allSatisfy { "xy".contains($0) })
            #expect(thought.stop == .endOfSequence)
        }
    }

    @Test func `A delimiter in a text by a grammar is text`() async throws {
        let toy = try Toy()
        let asked = request("abc", count: 1, maximumTokens: 20)
        let thought = try await toy.sampler().sample([asked], grammar: Grammar(#"root ::= "a\n\nb\n\nc""#)).thoughts[0][
            0]
        #expect(thought.text == "a\n\nb\n\nc" && thought.stop == .endOfSequence)
    }

    @Test(arguments: ["", "root ::= root \"a\"", "a ::= \"b\"", "root ::= (\"a\""])
    func `What is no grammar is named`(_ rules: String) async throws {
        let toy = try Toy()
        await #expect(throws: SpecSearchError.self) {
            try await toy.sampler().sample([request("abc", count: 0)], grammar: Grammar(rules))
        }
    }

    @Test func `Tokens' probabilities are the model's own`() async throws {
        let directory = try ToyDirectory()
        let engine = try await LlamaEngine(try directory.models())
        let first = request("abc", count: 1, temperature: 1, maximumTokens: 6)
        let thought = try await engine.large.sample([first]).thoughts[0][0]
        let path = first.path.appending(thought)
        let tokens = try #require(try await engine.large.tokenLogProbabilities(of: [path], topCount: 3)?.first)
        let ends = thought.tokens.count { $0 == ToyModel.end }
        #expect(tokens.count == thought.tokens.count - ends)
        #expect(String(decoding: tokens.flatMap(\.token.bytes), as: UTF8.self) == thought.text)
        let sum = tokens.reduce(0) { $0 + $1.token.logProbability }
        if ends == 0 { #expect(abs(sum - (try #require(thought.logProbability))) < 1e-2) }
        for token in tokens {
            #expect(
                token.top.count == 3 && token.top.map(\.logProbability) == token.top.map(\.logProbability).sorted(by: >)
            )
            #expect(token.top[0].logProbability >= token.token.logProbability)
            #expect(token.top.reduce(0) { $0 + exp($1.logProbability) } <= 1 + 1e-9)
        }
    }
}
