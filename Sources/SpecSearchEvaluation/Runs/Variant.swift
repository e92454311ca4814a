public import SpecSearch

/// One column of an evaluation: a search's settings, and the model files that differ from the run's own.
public struct Variant: Sendable, Hashable, Codable {
    /// The name in tables, unique within a run.
    public var name: String
    public var configuration: SearchConfiguration
    /// Model files other than the run's own, by role.
    public var models: [ModelRole: String]

    public init(name: String, configuration: SearchConfiguration, models: [ModelRole: String] = [:]) {
        self.name = name
        self.configuration = configuration
        self.models = models
    }

    /// A setting that cannot be read, and what would be.
    public struct SyntaxError: Error, CustomStringConvertible {
        public let description: String
    }

    /// Reads `name: key=value, key=value`, `key=value, …` (which is then the name too), or a method's name alone.
    ///
    /// - Parameters:
    ///   - text: The description; ``keys`` lists what may stand in it.
    ///   - base: The settings that the description changes.
    /// - Throws: ``SyntaxError``.
    public init(_ text: String, base: SearchConfiguration) throws {
        var name = text
        var settings = text
        // Values such as ucb:2 have colons too; the name's has a space after it.
        if let colon = text.firstRange(of: ": ") {
            name = String(text[..<colon.lowerBound])
            settings = String(text[colon.upperBound...])
        }
        self.init(name: Self.trimmed(name), configuration: base)
        guard !self.name.isEmpty else { throw SyntaxError(description: "A variant needs a name or a setting: \(text)") }
        for setting in settings.split(separator: ",").map({ Self.trimmed(String($0)) }) {
            if let method = SearchMethod(rawValue: setting) {
                configuration.method = method
                continue
            }
            let parts = setting.split(separator: "=", maxSplits: 1).map { Self.trimmed(String($0)) }
            guard parts.count == 2 else {
                throw SyntaxError(
                    description: "\"\(setting)\" is neither a method nor a setting of the form key=value.")
            }
            try apply(parts[0], parts[1])
        }
    }

    private mutating func apply(_ key: String, _ value: String) throws {
        if let role = ModelRole(rawValue: key) {
            models[role] = value
            return
        }
        guard let setting = Self.settings.first(where: { $0.key == key }) else {
            throw SyntaxError(
                description: "There is no setting \"\(key)\"; there are \(Self.keys.joined(separator: ", ")).")
        }
        guard setting.apply(value, &configuration) else {
            throw SyntaxError(description: "\"\(value)\" does not fit the setting \"\(key)\".")
        }
    }

    /// The names of the settings.
    public static var keys: [String] { settings.map(\.key) + ModelRole.allCases.map(\.rawValue) }

    private struct Setting {
        var key: String
        var apply: @Sendable (String, inout SearchConfiguration) -> Bool

        init(_ key: String, apply: @escaping @Sendable (String, inout SearchConfiguration) -> Bool) {
            self.key = key
            self.apply = apply
        }

        /// A setting that is a property, read from its text by `parse`.
        init<Value>(
            _ key: String, _ path: any WritableKeyPath<SearchConfiguration, Value> & Sendable,
            _ parse: @escaping @Sendable (String) -> Value?
        ) {
            self.key = key
            apply = { text, configuration in
                guard let value = parse(text) else { return false }
                configuration[keyPath: path] = value
                return true
            }
        }
    }

    private static var settings: [Setting] {
        [
            Setting("method", \.method, SearchMethod.init(rawValue:)),
            Setting("search", \.search, SearchKind.init(rawValue:)),
            Setting("iterations", \.iterations, { Int($0) }),
            Setting("tree-policy", \.treePolicy, TreePolicy.init(rawValue:)),
            Setting("exploration", \.exploration, { Double($0) }),
            Setting("rebase-temperature", \.balanceTemperature, { Double($0) }),
            Setting("lookahead", \.lookahead, { Int($0) }),
            Setting("answer", \.answerRule, AnswerRule.init(rawValue:)),
            Setting("beams", \.beams, { Int($0) }),
            Setting("width", \.speculation.width, { Int($0) }),
            Setting("depth", \.maximumDepth, { Int($0) }),
            Setting("draft-factor", \.speculation.draftFactor, { Int($0) }),
            Setting("theta", \.speculation.rejection.theta, { Double($0) }),
            Setting("estimator") { text, configuration in
                guard let rule = RejectionRule(name: text) else { return false }
                configuration.speculation.rejection.estimator = rule.estimator
                configuration.judge = rule.judge ?? configuration.judge
                return true
            },
            Setting("judge", \.judge, StepJudge.init(rawValue:)),
            Setting("margin", \.speculation.rejection.margin, { Double($0) }),
            Setting("statistics", \.speculation.rejection.statistics, RejectionPolicy.Statistics.init(rawValue:)),
            Setting("correction", \.speculation.correction, SpeculativeThoughtGenerator.Correction.init(rawValue:)),
            Setting(
                "extra-thought", \.speculation.extraThought, SpeculativeThoughtGenerator.ExtraThought.init(rawValue:)),
            Setting("aggregation", \.aggregation, ScoreAggregation.init(rawValue:)),
            Setting("temperature", \.sampling.temperature, { Double($0) }),
            Setting("max-tokens", \.sampling.maximumTokens, { Int($0) }),
        ]
    }

    private static func trimmed(_ text: String) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
