extension Decoder {
    /// Refuses keys that nothing reads: a misspelt one must not go unnoticed.
    ///
    /// - Parameter known: The keys that there are, former names left out where nobody should learn them.
    /// - Throws: `DecodingError` that names the key, and those that there are.
    package func refuseKeys(except known: [String], former: [String] = []) throws {
        let keys = try container(keyedBy: AnyKey.self).allKeys.map(\.stringValue)
        guard let unknown = keys.filter({ !known.contains($0) && !former.contains($0) }).min() else { return }
        throw DecodingError.dataCorrupted(
            DecodingError.Context(
                codingPath: codingPath,
                debugDescription: "there is no setting \"\(unknown.prefix(60))\"; there are "
                    + known.joined(separator: ", ")))
    }
}

private struct AnyKey: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}
