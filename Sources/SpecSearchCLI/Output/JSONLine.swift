internal import Foundation

extension Encodable {
    /// One object on one line.
    func jsonLine() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

extension [String: Any] {
    /// What was read as JSON, on one line.
    var jsonLine: String {
        let options: JSONSerialization.WritingOptions = [.sortedKeys, .withoutEscapingSlashes]
        guard let data = try? JSONSerialization.data(withJSONObject: self, options: options) else { return "{}" }
        return String(decoding: data, as: UTF8.self)
    }
}
