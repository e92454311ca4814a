internal import Foundation

extension Error {
    /// The error in our words, for a message: where it is and what it is, without the library's types.
    package var inWords: String {
        if let error = self as? SpecSearchError { return error.description }
        if let error = self as? DecodingError { return error.text }
        if self is any CustomNSError || Self.self is NSError.Type { return (self as NSError).systemText }
        return "\(self)"
    }
}

extension DecodingError {
    fileprivate var text: String {
        switch self {
        case .keyNotFound(let key, let context):
            return "\(Self.place(context.codingPath + [key])) is missing"
        case .valueNotFound(_, let context):
            return "\(Self.place(context.codingPath)) is null"
        case .typeMismatch(let type, let context):
            return "\(Self.place(context.codingPath)) is not \(Self.name(of: type))"
        case .dataCorrupted(let context):
            let place = context.codingPath.isEmpty ? "" : Self.place(context.codingPath) + ": "
            return place + Self.fault(context)
        @unknown default:
            return "it cannot be read"
        }
    }

    private static func place(_ path: [any CodingKey]) -> String {
        let names = path.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }
        let text = names.reduce("") { $0 + ($0.isEmpty || $1.hasPrefix("[") ? "" : ".") + $1 }
        return text.isEmpty ? "the whole" : "\"\(text)\""
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a text"
        case is Bool.Type: "true or false"
        case is Double.Type, is Float.Type: "a number"
        case is any BinaryInteger.Type: "a whole number"
        case is any Collection.Type where !(type is any ExpressibleByDictionaryLiteral.Type): "a list"
        default: "an object"
        }
    }

    /// What is wrong with a value, or with the text of the whole.
    private static func fault(_ context: Context) -> String {
        let text = context.debugDescription
        // Foundation says the same of a number that is not representable.
        if context.codingPath.isEmpty, text.contains("not valid JSON") {
            return "it is no JSON, or has a number that does not fit"
        }
        if let match = text.firstMatch(of: #/^Cannot initialize \S+ from invalid \S+ value (.*)$/#) {
            return "there is no \"\(match.1.prefix(60))\""
        }
        if let match = text.firstMatch(of: #/[Nn]umber .*?([-+.eE0-9]+).* (not representable|does not fit)/#) {
            return "\(match.1.prefix(40)) is out of range"
        }
        return text.trimmingEnd
    }
}

extension NSError {
    /// What the system said, without domain and code.
    fileprivate var systemText: String {
        if domain == NSPOSIXErrorDomain { return String(cString: strerror(Int32(truncatingIfNeeded: code))) }
        if let below = userInfo[NSUnderlyingErrorKey] as? NSError, below !== self { return below.systemText }
        if domain == NSCocoaErrorDomain {
            switch code {
            case 4, 260: return String(cString: strerror(ENOENT))
            case 257, 513: return String(cString: strerror(EACCES))
            case 640: return String(cString: strerror(ENOSPC))
            default: break
            }
        }
        return localizedDescription.trimmingEnd
    }
}

extension String {
    fileprivate var trimmingEnd: String {
        var text = self[...]
        while let last = text.last, last == "." || last.isWhitespace { text.removeLast() }
        return String(text)
    }
}
