internal import SpecSearch

/// The `specsearch` object of a request: settings by the names of ``SearchSetting``, and what the answer is to hold.
struct SearchFields: Sendable {
    /// The one field that is no setting of the search.
    static let trace = "return_trace"

    /// Settings by key.
    var values: [String: SettingValue] = [:]
    /// Whether the answer holds every event.
    var returnsTrace = false

    init() {}

    init(_ fields: Fields) throws(APIError) {
        for key in fields.values.keys.sorted() {
            if key == Self.trace {
                returnsTrace = try fields.bool(key) ?? false
            } else if let setting = SearchSetting.named(key), setting.field == key {
                switch fields[key] {
                case .bool(let flag): values[setting.key] = .flag(flag)
                case .integer(let integer): values[setting.key] = .integer(integer)
                case .unsigned(let unsigned): values[setting.key] = .integer(Int(bitPattern: UInt(unsigned)))
                case .number(let number): values[setting.key] = .number(number)
                case .string(let text): values[setting.key] = .text(text)
                case let value?: throw fields.wrong(key, value, "a single value")
                case nil: break
                }
            } else {
                // A misspelt setting would be a search other than the one that was asked for, so it is refused.
                let known = SearchSetting.all.map(\.field).joined(separator: ", ")
                throw .invalid(
                    "There is no field \(key.shortened) in specsearch: \(known) and \(Self.trace) are known.",
                    param: Self.param(key))
            }
        }
    }

    /// A field as errors name it.
    static func param(_ field: String) -> String { "specsearch.\(field.prefix(60))" }
}

extension String {
    /// What of a caller's text may stand in an error.
    var shortened: String { "\"" + (count > 60 ? prefix(60) + "…" : self[...]) + "\"" }
}
