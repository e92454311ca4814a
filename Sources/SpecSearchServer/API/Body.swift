internal import Foundation

/// The JSON of a request, as it comes.
///
/// Fields that are not named here are ignored, as OpenAI's clients expect.
struct Body: Decodable {
    struct Message: Decodable {
        enum Role: String, Decodable {
            case system, developer, user, assistant, tool
        }
        var role: Role
        var content: Content?
    }

    /// A text, or parts of one.
    enum Content: Decodable {
        private struct Part: Decodable {
            var type: String
            var text: String?
        }

        case text(String)

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let text = try? value.decode(String.self) {
                self = .text(text)
                return
            }
            let parts = try value.decode([Part].self)
            if let other = parts.first(where: { $0.type != "text" }) {
                throw APIError.invalid(
                    "Parts of type \(other.type.shortened) are not supported, only text.", param: "messages",
                    code: "unsupported")
            }
            self = .text(parts.compactMap(\.text).joined())
        }

        var string: String {
            switch self {
            case .text(let text): text
            }
        }
    }

    /// A text, or several.
    struct Texts: Decodable {
        var texts: [String]

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let text = try? value.decode(String.self) {
                texts = [text]
            } else {
                texts = try value.decode([String].self)
            }
        }
    }

    struct StreamOptions: Decodable {
        var includeUsage: Bool?
        enum CodingKeys: String, CodingKey {
            case includeUsage = "include_usage"
        }
    }

    struct ResponseFormat: Decodable { var type: String }

    /// Whether a field holds anything but null, false, `[]` or "none".
    struct Presence: Decodable {
        var isAsked: Bool

        init(from decoder: any Decoder) throws {
            let value = try decoder.singleValueContainer()
            if let flag = try? value.decode(Bool.self) {
                isAsked = flag
            } else if let text = try? value.decode(String.self) {
                isAsked = text != "none"
            } else if let number = try? value.decode(Double.self) {
                isAsked = number != 0
            } else if var list = try? decoder.unkeyedContainer() {
                isAsked = !list.isAtEnd
                _ = try? list.decodeNil()
            } else {
                isAsked = true
            }
        }
    }

    var model: String?
    var messages: [Message]?
    var prompt: Texts?
    var problem: String?
    var maxTokens: Int?
    var maxCompletionTokens: Int?
    var temperature: Double?
    var topP: Double?
    var n: Int?
    var stop: Texts?
    var seed: Int64?
    var stream: Bool?
    var streamOptions: StreamOptions?
    var logprobs: Presence?
    var topLogprobs: Presence?
    var echo: Bool?
    var suffix: Presence?
    var responseFormat: ResponseFormat?
    var tools: Presence?
    var toolChoice: Presence?
    var specsearch: SearchFields?

    enum CodingKeys: String, CodingKey {
        case model, messages, prompt, problem, temperature, n, stop, seed, stream, logprobs, echo, suffix, tools
        case specsearch
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
        case topP = "top_p"
        case streamOptions = "stream_options"
        case topLogprobs = "top_logprobs"
        case responseFormat = "response_format"
        case toolChoice = "tool_choice"
    }

    /// Refuses what would change the answer and is not offered.
    func refuseUnsupported() throws(APIError) {
        let asked: [(Bool, String)] = [
            (n ?? 1 != 1, "n"), (logprobs?.isAsked ?? false, "logprobs"),
            (topLogprobs?.isAsked ?? false, "top_logprobs"), (echo ?? false, "echo"),
            (suffix?.isAsked ?? false, "suffix"),
            (responseFormat.map { $0.type != "text" } ?? false, "response_format"),
            ((tools?.isAsked ?? false) && (toolChoice?.isAsked ?? true), "tools"),
        ]
        for (isAsked, name) in asked where isAsked {
            throw .invalid(
                name == "n" ? "n is 1: a search already looks at many answers." : "\(name) is not supported.",
                param: name, code: "unsupported")
        }
    }

    /// A chat as one problem: a single message as it stands, several with their roles before them.
    func chat(_ limits: ServerConfiguration.Limits) throws(APIError) -> String {
        guard let messages, !messages.isEmpty else {
            throw .invalid("messages is missing or empty.", param: "messages")
        }
        guard messages.count <= limits.messages else {
            throw .invalid("There are more than \(limits.messages) messages.", param: "messages")
        }
        guard messages.contains(where: { $0.role == .user }) else {
            throw .invalid("No message is the user's.", param: "messages")
        }
        let texts = messages.map { ($0.role, $0.content?.string ?? "") }
        if texts.count == 1 { return texts[0].1 }
        let instructions = texts.filter { $0.0 == .system || $0.0 == .developer }.map(\.1)
        let turns = texts.filter { $0.0 != .system && $0.0 != .developer }
        let talk = turns.count == 1 ? turns.map(\.1) : turns.map { "\($0.0.rawValue.capitalized): \($0.1)" }
        return (instructions + talk).joined(separator: "\n\n")
    }

    /// The prompt of a completion.
    func completion() throws(APIError) -> String {
        guard let prompt else { throw .invalid("prompt is missing.", param: "prompt") }
        guard prompt.texts.count == 1 else {
            throw .invalid("prompt is one text; ask for several one by one.", param: "prompt", code: "unsupported")
        }
        return prompt.texts[0]
    }

    /// The problem of a watched search.
    func searched() throws(APIError) -> String {
        guard let problem else { throw .invalid("problem is missing.", param: "problem") }
        return problem
    }
}
