/// One setting of a search: its one name everywhere, its range and unit, and where it applies.
///
/// The table ``all`` is the only place where settings are declared. Of it come the command's options (`--draft-factor`), the
/// fields of requests and traces (`draft_factor`), the keys of variants, the schema of the API and the page's form.
public struct SearchSetting: Sendable {
    /// The values that a setting takes.
    public enum Domain: Sendable, Hashable {
        case integer(ClosedRange<Int>)
        case number(ClosedRange<Double>)
        /// One of some names.
        case choice([String])
        case flag
        /// A text of a form that ``SearchSetting/help`` describes.
        case text
    }

    /// The name, in words with hyphens.
    public let key: String
    public let domain: Domain
    /// The unit of a number; nil for a plain one.
    public let unit: String?
    /// Its effect, in a sentence.
    public let help: String
    /// The value where nothing is said, for people; nil where the models or the search decide.
    public let usual: String?
    /// Where it applies, in words; nil for every search.
    public let scope: String?
    private let isApplied: @Sendable (SearchConfiguration) -> Bool
    private let get: @Sendable (SearchConfiguration) -> SettingValue?
    private let set: @Sendable (inout SearchConfiguration, SettingValue) -> Bool

    init(
        _ key: String, _ domain: Domain, unit: String? = nil, usual: String?, _ help: String,
        scope: (words: String, applies: @Sendable (SearchConfiguration) -> Bool)? = nil,
        get: @escaping @Sendable (SearchConfiguration) -> SettingValue?,
        set: @escaping @Sendable (inout SearchConfiguration, SettingValue) -> Bool
    ) {
        self.key = key
        self.domain = domain
        self.unit = unit
        self.usual = usual
        self.help = help
        self.scope = scope?.words
        if let scope { isApplied = scope.applies } else { isApplied = { _ in true } }
        self.get = get
        self.set = set
    }

    /// The name in JSON.
    public var field: String { key.replacing("-", with: "_") }

    /// The setting with a name, in either spelling; nil for none.
    public static func named(_ name: String) -> SearchSetting? {
        byName[name.replacing("_", with: "-")]
    }

    private static let byName = Dictionary(uniqueKeysWithValues: all.map { ($0.key, $0) })

    /// The largest settings are beyond what any machine could run; above them sums would overflow.
    static let most = 1 << 17

    /// Whether the setting has any effect in a search.
    public func applies(to configuration: SearchConfiguration) -> Bool { isApplied(configuration) }

    /// The setting's value in a configuration; nil where it is left to the models or the search.
    public func value(in configuration: SearchConfiguration) -> SettingValue? { get(configuration) }

    /// The value that a text stands for.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming the setting.
    public func parse(_ text: String) throws(SpecSearchError) -> SettingValue {
        let value: SettingValue?
        switch domain {
        case .integer:
            // A seed may have all 64 bits.
            value = (Int(text) ?? UInt64(text).map { Int(truncatingIfNeeded: $0) }).map(SettingValue.integer)
        case .number: value = Double(text).map(SettingValue.number)
        case .choice, .text: value = .text(text)
        case .flag: value = Bool(text).map(SettingValue.flag)
        }
        guard let value else { throw refusal(of: text) }
        try check(value)
        return value
    }

    /// Checks a value's kind and range.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming the setting.
    public func check(_ value: SettingValue) throws(SpecSearchError) {
        var probe = SearchConfiguration()
        let isIn =
            switch (domain, value) {
            case (.integer(let range), .integer(let value)): range.contains(value)
            case (.number(let range), .number(let value)): range.contains(value)
            case (.number(let range), .integer(let value)): range.contains(Double(value))
            case (.choice(let names), .text(let value)): names.contains(value)
            case (.flag, .flag), (.text, .text): true
            default: false
            }
        guard isIn, set(&probe, value) else { throw refusal(of: value.description) }
    }

    /// Sets a value.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming the setting.
    public func apply(_ value: SettingValue, to configuration: inout SearchConfiguration) throws(SpecSearchError) {
        try check(value)
        _ = set(&configuration, value)
    }

    private func refusal(of value: String) -> SpecSearchError {
        let what =
            switch domain {
            case .integer(let range): "it lies in \(range.lowerBound) ... \(range.upperBound)"
            case .number(let range) where range.upperBound > 1e300: "it is at least \(range.lowerBound), and finite"
            case .number(let range): "it lies in \(range.lowerBound) ... \(range.upperBound)"
            case .choice(let names): "there are \(names.joined(separator: ", "))"
            case .flag: "it is true or false"
            case .text where key == "estimator": "there are \(ThresholdEstimator.names)"
            case .text where key == "router": "the command router prints one"
            case .text: "it is a text"
            }
        let shown = value.count > 60 ? value.prefix(60) + "…" : value[...]
        return SpecSearchError(.badSetting, "\(key) cannot be \"\(shown)\": \(what).")
    }
}

extension SearchConfiguration {
    /// Sets settings by name, and refuses those that would have no effect.
    ///
    /// - Parameter settings: Names, in either spelling, and values as text.
    /// - Throws: ``SpecSearchError`` `badSetting`, naming the setting that is unknown, out of range, or does not apply.
    public mutating func apply(_ settings: [String: String]) throws(SpecSearchError) {
        var values: [String: SettingValue] = [:]
        for (name, text) in settings { values[name] = try SearchSetting.required(name).parse(text) }
        try apply(values)
    }

    /// Sets settings by name, and refuses those that would have no effect.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming the setting that is unknown, out of range, or does not apply.
    public mutating func apply(_ values: [String: SettingValue]) throws(SpecSearchError) {
        var given: [String: SettingValue] = [:]
        for name in values.keys.sorted() {
            let key = try SearchSetting.required(name).key
            guard given.updateValue(values[name] ?? .flag(false), forKey: key) == nil else {
                throw SpecSearchError(.badSetting, "\(key) is given twice.", remedy: "Give it once.")
            }
        }
        var changed = self
        // In the table's order, so that nothing depends on how the names are sorted.
        for setting in SearchSetting.all {
            if let value = given[setting.key] { try setting.apply(value, to: &changed) }
        }
        for setting in SearchSetting.all where given[setting.key] != nil && !setting.applies(to: changed) {
            throw SpecSearchError(
                .badSetting,
                "\(setting.key) has no effect here: it is for \(setting.scope ?? "other searches"), and this is "
                    + "\(changed.search.rawValue) by \(changed.method.rawValue).",
                remedy: "Leave it out, or choose another search or method.")
        }
        self = changed
    }
}

extension SearchSetting {
    /// The setting with a name.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting`, naming those that there are.
    public static func required(_ name: String) throws(SpecSearchError) -> SearchSetting {
        guard let setting = named(name) else {
            let shown = name.count > 60 ? name.prefix(60) + "…" : name[...]
            throw SpecSearchError(
                .badSetting, "There is no setting \"\(shown)\".",
                remedy: "There are \(all.map(\.key).joined(separator: ", ")).")
        }
        return setting
    }
}

/// A configuration is a flat object of those settings that apply: `{"beams":2,"draft_factor":2,…}`.
extension SearchConfiguration: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        for setting in SearchSetting.all where setting.applies(to: self) {
            if let value = setting.value(in: self) {
                try values.encode(value, forKey: Key(stringValue: setting.field))
            }
        }
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        var settings: [String: SettingValue] = [:]
        for key in values.allKeys where try !values.decodeNil(forKey: key) {
            guard let value = try? values.decode(SettingValue.self, forKey: key) else {
                throw SpecSearchError(
                    .badSetting, "\(try SearchSetting.required(key.stringValue).key) is a number, a text or a flag.",
                    remedy: "Give one value.")
            }
            settings[key.stringValue] = value
        }
        self.init()
        try apply(settings)
        try validate()
    }
}
