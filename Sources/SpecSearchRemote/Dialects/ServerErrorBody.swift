internal import Foundation

/// The shapes in which servers report errors: an object, a string, or a `detail`.
package struct ServerErrorBody: Decodable, Sendable {
    package var message: String?

    private enum Key: String, CodingKey { case error, message, detail, object }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        if let inner = try? values.nestedContainer(keyedBy: Key.self, forKey: .error) {
            message = (try? inner.decode(String.self, forKey: .message)) ?? "an error without a message"
        } else if let text = try? values.decode(String.self, forKey: .error) {
            message = text
        } else if (try? values.decode(String.self, forKey: .object)) == "error" {
            message = (try? values.decode(String.self, forKey: .message)) ?? "an error without a message"
        } else if let text = try? values.decode(String.self, forKey: .detail) {
            message = text
        }
    }

    /// The message of an error object; nil where the body is none.
    package static func message(in body: some Collection<UInt8>) -> String? {
        (try? JSONDecoder().decode(ServerErrorBody.self, from: Data(body)))?.message
    }

    /// Whether a refusal speaks of the context's length, in any of the servers' words.
    package static func isContextOverflow(_ text: String) -> Bool {
        let text = text.lowercased()
        return ["exceed_context_size", "maximum context length", "context length", "max_model_len", "input_tokens"]
            .contains { text.contains($0) }
    }
}
