public import Foundation
internal import SpecSearch

/// Where the hub and its cache are, as the environment says for all programs that use them.
///
/// | variable | meaning |
/// |---|---|
/// | `HF_HOME` | the hub's folder, by default `~/.cache/huggingface` |
/// | `HF_HUB_CACHE` | the cache, by default `$HF_HOME/hub` |
/// | `HF_ENDPOINT` | the hub, by default `https://huggingface.co` |
/// | `HF_TOKEN` | who is asking; by default what is in `HF_TOKEN_PATH` or `$HF_HOME/token` |
/// | `HF_HUB_DISABLE_IMPLICIT_TOKEN` | do not read the token from a file |
/// | `HF_HUB_ETAG_TIMEOUT` | the seconds to wait for the hub's answer about a file, here 5 |
/// | `HF_HUB_OFFLINE` | do not ask the hub; other sources of a catalogue are not the hub |
/// | `SPECSEARCH_CATALOGUE` | a catalogue of your own, by default `~/.config/specsearch/models.json` |
public struct HubEnvironment: Sendable, Hashable {
    /// The hub's cache, which llama.cpp and transformers share.
    public var cache: String
    /// Where manifests of pulled sets and unfinished parts are: beside the cache, or in it where only it is named.
    public var ownFolder: String
    /// Where manifests go if the cache is read-only: `~/.cache/specsearch`.
    public var userFolder: String
    /// The hub.
    public var endpoint: URL
    /// Who is asking; sent to the hub only.
    public var token: String?
    /// How long the hub may think about which file it has, before it counts as not reached.
    public var patience: Duration
    /// Whether the hub is not to be asked.
    public var isOffline: Bool
    /// The user's own catalogue, which may not exist.
    public var userCatalogue: String
    /// Whether the user named the catalogue, so that it must exist.
    public var userCatalogueIsNamed: Bool

    /// Reads the environment.
    public init(_ variables: [String: String] = ProcessInfo.processInfo.environment) {
        func value(_ name: String) -> String? { variables[name].flatMap { $0.isEmpty ? nil : $0 } }
        func flag(_ name: String) -> Bool { ["1", "ON", "YES", "TRUE"].contains(value(name)?.uppercased() ?? "") }
        let user = value("HOME") ?? NSHomeDirectory()
        func path(_ text: String) -> String {
            let full = text == "~" ? user : text.hasPrefix("~/") ? user + text.dropFirst() : text
            return URL(fileURLWithPath: full).standardizedFileURL.path
        }
        let home = path(value("HF_HOME") ?? (value("XDG_CACHE_HOME") ?? "~/.cache") + "/huggingface")
        if let cache = value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") {
            self.cache = path(cache)
            ownFolder = self.cache + "/specsearch"
        } else {
            cache = home + "/hub"
            ownFolder = home + "/specsearch"
        }
        userFolder = path((value("XDG_CACHE_HOME") ?? "~/.cache") + "/specsearch")
        var address = value("HF_ENDPOINT") ?? "https://huggingface.co"
        while address.hasSuffix("/") { address.removeLast() }
        endpoint = URL(string: address) ?? URL(fileURLWithPath: address)
        token = value("HF_TOKEN") ?? value("HUGGING_FACE_HUB_TOKEN")
        if token == nil, !flag("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
            let file = path(value("HF_TOKEN_PATH") ?? home + "/token")
            token = FileManager.default.contents(atPath: file).map { String(decoding: $0, as: UTF8.self) }
        }
        // A line break would end the header.
        token = token?.trimmingCharacters(in: .whitespacesAndNewlines).filter { $0.isASCII && !$0.isNewline }
        if token?.isEmpty == true { token = nil }
        patience = Duration(
            boundedSeconds: value("HF_HUB_ETAG_TIMEOUT").flatMap { Double($0) }.map { min(max($0, 1), 3600) } ?? 5)
        isOffline = flag("HF_HUB_OFFLINE")
        let own = value("SPECSEARCH_CATALOGUE")
        userCatalogueIsNamed = own != nil
        userCatalogue = path(own ?? (value("XDG_CONFIG_HOME") ?? "~/.config") + "/specsearch/models.json")
    }
}
