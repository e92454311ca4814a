internal import SpecSearch

/// The settings that a request to this server may have, as the API's description and the page's form show them.
///
/// Both are made of ``SearchSetting/all`` and the server's limits, so neither can say something else than what is checked.
struct OfferedSettings: Sendable {
    /// A setting in JSON Schema.
    struct Schema: Encodable, Sendable {
        var type: String
        var choices: [String]?
        var minimum: Double?
        var maximum: Double?
        var description: String

        enum CodingKeys: String, CodingKey {
            case type, minimum, maximum, description
            case choices = "enum"
        }
    }

    /// The settings that the page shows first.
    private static let first = [
        "method", "search", "beams", "width", "iterations", "estimator", "temperature", "seed", "deadline",
    ]

    let model: ServedModel
    let limits: ServerConfiguration.Limits

    private var settings: [SearchSetting] { SearchSetting.all }

    /// The names of a setting's choices that a request may take.
    private func choices(_ names: [String], of setting: SearchSetting) -> [String] {
        setting.key == "judge" ? model.judges.map(\.rawValue) : names
    }

    /// The API's description.
    func openAPI() throws -> String {
        let schemas = Dictionary(uniqueKeysWithValues: settings.map { ($0.field, schema(of: $0)) })
        return PageFiles.openAPI.replacing("\"@settings\": {}", with: try JSON.text(schemas).dropFirst().dropLast())
    }

    private func schema(of setting: SearchSetting) -> Schema {
        let (type, choices): (String, [String]?) =
            switch setting.domain {
            case .integer: ("integer", nil)
            case .number: ("number", nil)
            case .choice(let names): ("string", self.choices(names, of: setting))
            case .flag: ("boolean", nil)
            case .text: ("string", nil)
            }
        let bounds = bounds(of: setting)
        return Schema(
            type: type, choices: choices, minimum: bounds?.lowerBound, maximum: bounds?.upperBound,
            description: description(of: setting))
    }

    /// A range that people and JSON can show; nil where a setting takes every number.
    private func bounds(of setting: SearchSetting) -> ClosedRange<Double>? {
        limits.range(of: setting).flatMap { $0.upperBound < 0x1p53 ? $0 : nil }
    }

    private func description(of setting: SearchSetting) -> String {
        var sentences = [setting.help]
        if let scope = setting.scope { sentences.append("For \(scope).") }
        if let unit = setting.unit { sentences.append("In \(unit).") }
        if let usual = setting.usual { sentences.append("Usually \(usual).") }
        return sentences.joined(separator: " ")
    }

    // MARK: The form

    /// The page with its form.
    var page: String {
        let (first, others) = (
            settings.filter { Self.first.contains($0.key) }, settings.filter { !Self.first.contains($0.key) }
        )
        func group(_ settings: [SearchSetting]) -> String {
            "<div class=\"options\">\n" + settings.map(field).joined(separator: "\n") + "\n</div>"
        }
        return PageFiles.html.replacing(
            "<!--settings-->",
            with: group(first) + "\n<details class=\"more\"><summary>All settings</summary>\n" + group(others)
                + "\n</details>")
    }

    /// A label and an input; one that is left empty leaves the setting to the server.
    private func field(_ setting: SearchSetting) -> String {
        let usual = value(of: setting)
        let control: String
        switch setting.domain {
        case .integer, .number:
            let bounds = bounds(of: setting).map {
                " min=\"\($0.lowerBound.formatted)\" max=\"\($0.upperBound.formatted)\""
            }
            control =
                "<input \(names(setting, "number")) type=\"number\"\(bounds ?? "") step=\"\(step(of: setting))\" "
                + "placeholder=\"\(usual)\">"
        case .choice(let names): control = choice(setting, choices(names, of: setting), as: "text", usual: usual)
        case .flag: control = choice(setting, ["true", "false"], as: "flag", usual: usual)
        case .text: control = "<input \(names(setting, "text")) autocomplete=\"off\" placeholder=\"\(usual)\">"
        }
        let words = setting.key.replacing("-", with: " ")
        let unit = setting.unit.map { $0 == "seconds" ? " (s)" : "" } ?? ""
        return "<label title=\"\(description(of: setting).escapedForHTML)\">"
            + "\(words.prefix(1).uppercased() + words.dropFirst())\(unit) \(control)</label>"
    }

    private func choice(_ setting: SearchSetting, _ values: [String], as kind: String, usual: String) -> String {
        "<select \(names(setting, kind))><option value=\"\">default: \(usual)</option>"
            + values.map { "<option>\($0)</option>" }.joined() + "</select>"
    }

    private func names(_ setting: SearchSetting, _ kind: String) -> String {
        "name=\"\(setting.field)\" data-setting=\"\(kind)\""
    }

    private func step(of setting: SearchSetting) -> String {
        if case .integer = setting.domain { "1" } else { "any" }
    }

    /// The value that an empty field stands for.
    private func value(of setting: SearchSetting) -> String {
        let value = setting.value(in: model.defaults)
        let isUsual = value == setting.value(in: SearchConfiguration())
        return ((isUsual ? nil : value?.description) ?? setting.usual ?? "default").escapedForHTML
    }
}

extension String {
    /// The text as it stands in HTML, between quotes too.
    fileprivate var escapedForHTML: String {
        replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing("\"", with: "&quot;")
    }
}
