public import SpecSearch

/// One column of an evaluation: a search's settings, and the model files that differ from the run's own.
///
/// ```swift
/// try Variant("half: width=3, theta=0.8", base: configuration)
/// try Variant("small draft: draft=tiny.gguf, search=mcts, iterations=16", base: configuration)
/// try Variant("ar", base: configuration)
/// ```
public struct Variant: Sendable, Hashable, Codable {
    /// The name in tables, unique within a run.
    public var name: String
    /// The settings of its searches.
    public var configuration: SearchConfiguration
    /// Model files other than the run's own, by role.
    public var models: [ModelRole: String]

    public init(name: String, configuration: SearchConfiguration, models: [ModelRole: String] = [:]) {
        self.name = name
        self.configuration = configuration
        self.models = models
    }

    /// Reads `name: key=value, key=value`, `key=value, …` (which is then the name too), or a method's name alone.
    ///
    /// - Parameters:
    ///   - text: The description; ``keys`` lists what may stand in it.
    ///   - base: The settings that the description changes.
    /// - Throws: ``SpecSearchError`` `badSetting`, naming the setting that is unknown, out of range, or does not apply.
    public init(_ text: String, base: SearchConfiguration) throws(SpecSearchError) {
        var name = text[...]
        var description = text[...]
        // Values such as ucb:2 have colons too; the name's has a space after it.
        if let colon = text.firstRange(of: ": ") {
            name = text[..<colon.lowerBound]
            description = text[colon.upperBound...]
        }
        self.init(name: Self.trimmed(name), configuration: base)
        guard !self.name.isEmpty else {
            throw SpecSearchError(.badSetting, "The variant \"\(text)\" has neither a name nor a setting.")
        }
        var settings: [String: String] = [:]
        for part in description.split(separator: ",").map(Self.trimmed) {
            let pair = part.split(separator: "=", maxSplits: 1).map(Self.trimmed)
            let (key, value) = pair.count == 2 ? (pair[0], pair[1]) : ("method", part)
            guard pair.count == 2 || SearchMethod(rawValue: part) != nil else {
                throw SpecSearchError(
                    .badSetting, "\"\(part)\" is neither a method nor a setting of the form key=value.",
                    remedy: "The methods are \(SearchMethod.allCases.map(\.rawValue).joined(separator: ", ")).")
            }
            if let role = ModelRole(rawValue: key) {
                models[role] = value
            } else if settings.updateValue(value, forKey: try SearchSetting.required(key).key) != nil {
                throw SpecSearchError(.badSetting, "The variant \"\(text)\" sets \(key) twice.")
            }
        }
        guard settings["seed"] == nil else {
            throw SpecSearchError(
                .badSetting, "seed has no effect in a variant: every variant runs with each of the run's seeds.")
        }
        try configuration.apply(settings)
    }

    /// The names of what a description may set: a search's settings but for the seed, and model files by role.
    public static var keys: [String] {
        SearchSetting.all.map(\.key).filter { $0 != "seed" } + ModelRole.allCases.map(\.rawValue)
    }

    /// The same variant with a seed.
    func seeded(_ seed: UInt64) -> Variant {
        var variant = self
        variant.configuration.options.seed = seed
        return variant
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
