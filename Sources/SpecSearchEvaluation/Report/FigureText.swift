internal import Foundation

/// The text of figures in a report: the same bytes for the same values.
package enum FigureText {
    /// A figure with this many digits after the point, a comma at every thousand, and a true minus sign.
    package static func fixed(_ value: Double, _ decimals: Int) -> String {
        let text = String(format: "%.\(max(0, decimals))f", abs(value))
        var whole = String(text.prefix { $0 != "." })
        let rest = text.dropFirst(whole.count)
        var place = whole.count - 3
        while place > 0 {
            whole.insert(",", at: whole.index(whole.startIndex, offsetBy: place))
            place -= 3
        }
        let isZero = text.allSatisfy { $0 == "0" || $0 == "." }
        return (value < 0 && !isZero ? "−" : "") + whole + rest
    }

    /// A figure with up to four significant digits, whole numbers as they are; a dash where it is none.
    package static func significant(_ value: Double) -> String {
        guard value.isFinite else { return "–" }
        let magnitude = abs(value)
        if magnitude >= 1e9 || (magnitude > 0 && magnitude < 1e-4) { return scientific(value, 3) }
        if value == value.rounded() { return fixed(value, 0) }
        var text = fixed(value, 3 - Int(floor(log10(magnitude))))
        if text.contains(".") {
            while text.hasSuffix("0") { text.removeLast() }
            if text.hasSuffix(".") { text.removeLast() }
        }
        return text
    }

    static func scientific(_ value: Double, _ decimals: Int) -> String {
        let parts = String(format: "%.\(decimals)e", abs(value)).split(separator: "e")
        return (value < 0 ? "−" : "") + parts[0] + "e" + String(Int(parts[1]) ?? 0)
    }

    /// A place in a drawing, to a tenth of a pixel.
    static func place(_ value: Double) -> String {
        let text = String(format: "%.1f", value)
        return text.hasSuffix(".0") ? (text == "-0.0" ? "0" : String(text.dropLast(2))) : text
    }

    /// The text as it may stand in HTML and XML, in content and in attributes; characters that XML forbids are replaced.
    package static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\n", "\t": result.unicodeScalars.append(scalar)
            case "\r": continue
            default:
                let isForbidden = scalar.properties.generalCategory == .control || scalar.value & 0xFFFE == 0xFFFE
                result.unicodeScalars.append(isForbidden ? "\u{FFFD}" : scalar)
            }
        }
        return result
    }

    /// About how many pixels a text takes in a sans-serif face: rather too many than too few.
    static func width(_ text: String, size: Double = 13) -> Double {
        var width = 0.0
        for scalar in text.unicodeScalars {
            switch scalar {
            case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", "!", " ", "(", ")", "[", "]", "t", "f", "r":
                width += 0.4
            case "m", "w", "M", "W", "@", "%", "—", "…": width += 0.97
            case "A"..."Z": width += 0.72
            case "+", "−", "=", "<", ">", "≥", "≤", "×": width += 0.84
            default: width += scalar.value < 0x1100 ? 0.63 : scalar.value < 0x2E80 ? 0.8 : 1.1
            }
        }
        return width * size
    }

    /// The text, cut with an ellipsis where it is wider than that.
    static func elided(_ text: String, to limit: Double) -> String {
        guard width(text) > limit else { return text }
        var kept = text
        while !kept.isEmpty && width(kept + "…") > limit { kept.removeLast() }
        return kept + "…"
    }
}

/// Names for anchors and files: lowercase letters, digits and hyphens, none twice.
struct Slugs {
    private var used: Set<String> = []

    mutating func unique(_ text: String) -> String {
        let words = text.lowercased().split { !($0.isASCII && ($0.isLetter || $0.isNumber)) }
        let base = words.isEmpty ? "part" : String(words.joined(separator: "-").prefix(60))
        var slug = base
        var count = 1
        while !used.insert(slug).inserted {
            count += 1
            slug = "\(base)-\(count)"
        }
        return slug
    }
}
