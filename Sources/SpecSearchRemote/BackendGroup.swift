internal import Foundation

/// The servers that hold one model: replicas with the same model, the same dialect and the same key.
///
/// ```swift
/// var target = BackendGroup(urls: ["http://10.0.0.1:8000", "http://10.0.0.2:8000"], dialect: .vllm)
/// target.apiKey = Secret(key)
/// let model = try await RemoteLanguageModel(target, role: .target)
/// ```
public struct BackendGroup: Sendable, Hashable {
    /// The replicas' base URLs, such as `http://127.0.0.1:8000`.
    public var urls: [String]
    /// Their language.
    public var dialect: Dialect
    /// The model's name, where a server has several.
    public var model: String?
    /// The key that is sent as a bearer token.
    public var apiKey: Secret?
    /// Calls (llama-server: sequences) that each replica gets at once; nil to adapt (llama-server: to ask for its slots).
    public var concurrency: Int?
    /// The header that carries a search's routing key to a router in front of the replicas.
    public var routingHeader = "X-Session-Id"
    /// The prompt with `{problem}` in it, or `server` for the chat template of the server's model.
    public var template = "{problem}\n\n"
    /// Whether the model's tokenizer begins a text with a token of its own.
    public var addsBeginToken = true

    public init(urls: [String], dialect: Dialect, model: String? = nil, apiKey: Secret? = nil) {
        self.urls = urls
        self.dialect = dialect
        self.model = model
        self.apiKey = apiKey
    }
}

/// A secret that no description, log or error shows.
public struct Secret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package let value: String
    public init(_ value: String) { self.value = value }
    public var description: String { "<redacted>" }
    public var debugDescription: String { "<redacted>" }
    public var customMirror: Mirror { Mirror(self, children: []) }

    /// A text without the secret: some servers repeat the key that they refuse.
    package func hidden(in text: String) -> String {
        value.isEmpty ? text : text.replacingOccurrences(of: value, with: description)
    }
}
