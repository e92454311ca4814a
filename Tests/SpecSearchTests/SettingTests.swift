import Foundation
import SpecSearch
import Testing

@Suite struct SettingTests {
    /// A value of each setting that is not the usual one, with what makes the setting apply.
    private static let values: [String: (value: String, needs: [String: String])] = [
        "preset": ("rsd", [:]), "method": ("sps", [:]), "search": ("dvts", [:]), "beams": ("3", [:]),
        "width": ("7", [:]), "depth": ("9", [:]),
        "all-paths": ("true", [:]), "keep-beam-full": ("true", [:]), "iterations": ("5", ["search": "mcts"]),
        "tree-policy": ("uct", ["search": "mcts"]), "exploration": ("0.5", ["search": "mcts-openr"]),
        "prior": ("uniform", ["search": "mcts-openr"]),
        "rebase-temperature": ("0.4", ["search": "rebase"]), "lookahead": ("2", [:]), "draft-factor": ("3", [:]),
        "draft-waves": ("2", [:]), "target-waves": ("4", [:]),
        "draft-steps": ("3", ["search": "chain"]),
        "draft-temperature": ("0.25", [:]), "theta": ("0.5", [:]), "estimator": ("quantile:0.25", [:]),
        "margin": ("-0.25", [:]),
        "first-threshold": ("0.75", [:]), "router": ("1.5/-2.0/4.0/-0.5/0.125@0.3", [:]),
        "statistics": ("target-only", [:]), "correction": ("cover", [:]), "extra-thought": ("never", [:]),
        "overlap": ("true", [:]), "salvage": ("true", [:]),
        "early-rejection": ("0.1", [:]), "early-tokens": ("24", ["early-rejection": "0.2"]),
        "draft-entropy": ("2.5", [:]),
        "gsi-beta": ("8", ["method": "gsi"]), "gsi-threshold": ("-0.5", ["method": "gsi"]), "judge": ("target", [:]),
        "aggregation": ("min", [:]), "answer": ("vote", [:]), "answer-marker": ("So: ", [:]),
        "temperature": ("0.25", [:]), "top-k": ("40", [:]), "top-p": ("0.5", [:]), "min-p": ("0.125", [:]),
        "max-tokens": ("99", [:]), "delimiter": ("; ", [:]), "seed": ("18446744073709551615", [:]),
        "deadline": ("2.5", [:]),
        "thought-budget": ("100", [:]), "token-budget": ("1000", [:]),
    ]

    private static func configuration(_ settings: [String: String]) throws -> SearchConfiguration {
        var configuration = SearchConfiguration()
        try configuration.apply(settings)
        return configuration
    }

    private func error(_ settings: [String: String]) -> SpecSearchError? {
        #expect(throws: SpecSearchError.self) { try Self.configuration(settings) }
    }

    private func error(json: String) -> SpecSearchError? {
        do {
            _ = try JSONDecoder().decode(SearchConfiguration.self, from: Data(json.utf8))
            return nil
        } catch { return error as? SpecSearchError }
    }

    @Test func `Keys are unique words with hyphens, and every setting says what it does`() {
        let keys = SearchSetting.all.map(\.key)
        #expect(Set(keys).count == keys.count)
        for setting in SearchSetting.all {
            #expect(setting.key.wholeMatch(of: /[a-z]+(-[a-z]+)*/) != nil)
            #expect(setting.help.hasSuffix(".") && setting.help.count > 10, "\(setting.key)")
            #expect(setting.usual?.isEmpty == false, "\(setting.key)")
            #expect(SearchSetting.named(setting.field)?.key == setting.key)
        }
        #expect(Set(keys) == Set(Self.values.keys))
    }

    @Test(arguments: SearchSetting.all.map(\.key))
    func `A setting goes from text to configuration to JSON and back`(key: String) throws {
        let (text, needs) = try #require(Self.values[key])
        let setting = try SearchSetting.required(key)
        let configuration = try Self.configuration(needs.merging([key: text]) { $1 })
        let plain = try Self.configuration(needs)
        let value = try setting.parse(text)
        #expect(configuration != plain && setting.value(in: configuration) == value)
        try configuration.validate()
        let data = try JSONEncoder().encode(configuration)
        #expect(try JSONDecoder().decode(SearchConfiguration.self, from: data) == configuration)
        let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object[setting.field] != nil)
        // The same name in its other spelling.
        #expect(try Self.configuration(needs.merging([setting.field: text]) { $1 }) == configuration)
    }

    @Test func `A configuration is a flat object of snake case names`() throws {
        for search in SearchKind.allCases {
            for method in SearchMethod.allCases {
                let configuration = try Self.configuration(["search": search.rawValue, "method": method.rawValue])
                let data = try JSONEncoder().encode(configuration)
                let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
                #expect(object.keys.allSatisfy { $0.wholeMatch(of: /[a-z]+(_[a-z]+)*/) != nil })
                #expect(object.values.allSatisfy { !($0 is [Any]) && !($0 is [String: Any]) })
                #expect(try JSONDecoder().decode(SearchConfiguration.self, from: data) == configuration)
            }
        }
    }

    @Test(arguments: SearchSetting.all.map(\.key))
    func `Values out of range and of another kind are refused by name`(key: String) throws {
        let setting = try SearchSetting.required(key)
        let needs = Self.values[key]?.needs ?? [:]
        var wrong: [String] = []
        var json = ["[1]", "{}"]
        switch setting.domain {
        case .integer(let range):
            wrong = ["x", "", "1.5"]
            json += ["\"1\"", "true", "0.5"]
            if range.lowerBound > .min { wrong += ["\(range.lowerBound - 1)", "\(range.upperBound + 1)"] }
        case .number(let range):
            wrong = ["x", "", "nan", "inf", "-inf", "\(range.lowerBound - 1)", "\(range.upperBound * 2 + 1)"]
            json += ["\"1\"", "true"]
        case .choice:
            wrong = ["x", ""]
            json += ["1", "true"]
        case .flag:
            wrong = ["yes", "1", ""]
            json += ["1", "\"true\""]
        case .text:
            wrong = [""]
            json += ["1", "true"]
        }
        for text in wrong {
            let error = error(needs.merging([key: text]) { $1 })
            #expect(error?.code == .badSetting && error?.message.hasPrefix("\(key) ") == true, "\(text)")
        }
        for value in json {
            let error = error(json: "{\"\(setting.field)\":\(value)}")
            #expect(error?.code == .badSetting && error?.message.hasPrefix("\(key) ") == true, "\(value)")
        }
        // Nothing is the same as leaving it out.
        let none = Data("{\"\(setting.field)\":null}".utf8)
        #expect(try JSONDecoder().decode(SearchConfiguration.self, from: none) == SearchConfiguration())
    }

    @Test(arguments: [
        ("iterations", "5", [:]), ("tree-policy", "uct", ["search": "mcts-openr"]), ("exploration", "1", [:]),
        ("beams", "3", ["search": "mcts"]), ("keep-beam-full", "true", ["search": "dvts"]),
        ("rebase-temperature", "1", [:]), ("lookahead", "1", ["search": "self-consistency"]),
        ("theta", "0.5", ["method": "ar"]), ("estimator", "mean", ["method": "gsi"]),
        ("margin", "0.1", ["method": "sps"]), ("correction", "all", ["method": "draft"]),
        ("draft-factor", "3", ["method": "ar"]), ("gsi-beta", "3", [:]), ("gsi-threshold", "1", [:]),
    ])
    func `A setting that does not apply is refused by name, and changes nothing`(
        key: String, value: String, others: [String: String]
    ) {
        let settings = others.merging([key: value]) { $1 }
        var configuration = SearchConfiguration()
        let error = #expect(throws: SpecSearchError.self) { try configuration.apply(settings) }
        #expect(error?.code == .badSetting && error?.message.hasPrefix("\(key) has no effect") == true)
        #expect(configuration == SearchConfiguration())
    }

    @Test func `Unknown names, and one name in two spellings, are refused`() {
        let unknown = error(["temprature": "1"])
        #expect(unknown?.message.contains("temprature") == true && unknown?.remedy.contains("temperature") == true)
        #expect(
            error(["draft-factor": "3", "draft_factor": "4"])?.message.contains("draft-factor is given twice") == true)
        #expect(error(json: #"{"temprature":1}"#)?.message.contains("temprature") == true)
    }

    @Test func `SpecReason's rule sets the judge, unless that is said too`() throws {
        let plain = try Self.configuration(["estimator": "specreason"])
        #expect(plain.judge == .target && plain.rejection.estimator == .graded)
        #expect(try Self.configuration(["estimator": "specreason:4.5"]).rejection.estimator == .fixed(0.5))
        #expect(try Self.configuration(["estimator": "specreason", "judge": "prm"]).judge == .rewardModel)
        #expect(try Self.configuration(["estimator": "rsd"]).judge == .rewardModel)
    }

    /// The stored properties below a value, each with its text; those of enums and optionals are one value.
    private func leaves(_ value: Any, _ path: String = "") -> [String: String] {
        let mirror = Mirror(reflecting: value)
        guard mirror.displayStyle == .struct, !mirror.children.isEmpty else { return [path: "\(value)"] }
        var found: [String: String] = [:]
        for child in mirror.children {
            let name = [path, child.label ?? "?"].filter { !$0.isEmpty }.joined(separator: ".")
            found.merge(leaves(child.value, name)) { $1 }
        }
        return found
    }

    @Test func `Every stored property of a configuration is some setting's`() throws {
        let usual = leaves(SearchConfiguration())
        var covered: Set<String> = []
        for (key, (text, needs)) in Self.values {
            let plain = leaves(try Self.configuration(needs))
            let changed = leaves(try Self.configuration(needs.merging([key: text]) { $1 }))
            let different = changed.filter { plain[$0.key] != $0.value }.keys
            // A preset sets others, too.
            #expect(key == "preset" ? different.contains("preset") : different.count == 1, "\(key): \(different)")
            covered.formUnion(different)
        }
        // `options.sampling` is all of `sampling`; GSI's draft factor is `draftFactor`.
        #expect(Set(usual.keys).subtracting(covered) == ["options.sampling", "gsi.draftFactor"])
    }

    @Test func `The usual values are those of the configuration`() throws {
        let configuration = SearchConfiguration()
        for setting in SearchSetting.all {
            guard let value = setting.value(in: configuration) else { continue }
            let usual = try setting.parse(try #require(setting.usual))
            #expect(value == usual, "\(setting.key)")
        }
    }

    @Test func `Too much in all is refused`() throws {
        var configuration = SearchConfiguration()
        (configuration.beams, configuration.width) = (1 << 9, 1 << 9)
        let error = #expect(throws: SpecSearchError.self) { try configuration.validate() }
        #expect(error?.message.contains("beams × width × draft-factor") == true)
    }
}
