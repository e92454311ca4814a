internal import SpecSearch

/// The `specsearch` object of a request: settings by the names of ``SearchSetting``, and what the answer is to hold.
struct SearchFields: Decodable, Sendable {
    /// The one field that is no setting of the search.
    static let trace = "return_trace"

    /// Settings by key.
    var values: [String: SettingValue] = [:]
    /// Whether the answer holds every event.
    var returnsTrace = false

    init() {}

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: AnyKey.self)
        let keys = fields.allKeys.sorted { $0.stringValue < $1.stringValue }
        for key in keys where try !fields.decodeNil(forKey: key) {
            if key.stringValue == Self.trace {
                returnsTrace = try fields.decode(Bool.self, forKey: key)
            } else if let setting = SearchSetting.named(key.stringValue), setting.field == key.stringValue {
                values[setting.key] = try fields.decode(SettingValue.self, forKey: key)
            } else {
                // A misspelt setting would be a search other than the one that was asked for, so it is refused.
                let known = SearchSetting.all.map(\.field).joined(separator: ", ")
                throw APIError.invalid(
                    "There is no field \(key.stringValue.shortened) in specsearch: \(known) and \(Self.trace) are known.",
                    param: Self.param(key.stringValue))
            }
        }
    }

    /// A field as errors name it.
    static func param(_ field: String) -> String { "specsearch.\(field.prefix(60))" }
}

/// A key with any name.
private struct AnyKey: CodingKey {
    let stringValue: String
    let intValue: Int? = nil

    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

extension String {
    /// What of a caller's text may stand in an error.
    var shortened: String { "\"" + (count > 60 ? prefix(60) + "…" : self[...]) + "\"" }
}
