internal import SpecSearch

/// A number of tokens as a server reports it; one that no answer can have makes the answer malformed, as sums would
/// overflow.
struct TokenCount: Decodable, Sendable {
    let value: Int

    init(_ value: Int) { self.value = value }

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        value = try container.decode(Int.self)
        guard ModelUsage.plausibleCounts.contains(value) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(value) tokens")
        }
    }
}

extension ModelUsage {
    /// The usage of a call: its prompt, less what the server had cached, and what it generated.
    init(prompt: TokenCount?, cached: TokenCount? = nil, generated: TokenCount?) {
        self.init()
        prefillTokens = max(0, (prompt?.value ?? 0) - (cached?.value ?? 0))
        outputTokens = generated?.value ?? 0
        evaluatedTokens = prefillTokens + outputTokens
    }
}
