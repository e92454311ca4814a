package import Foundation
package import SpecSearch

/// A request for an answer: what `/v1/chat/completions`, `/v1/completions` and `/v1/searches` have in common.
package struct GenerationRequest: Sendable {
    /// The route's way to put a problem.
    package enum Form {
        case chat, completion, search
    }

    var model: String?
    /// The problem's text.
    package var problem: String
    var options = SearchOptions()
    var temperature: Double?
    var topP: Double?
    var seed: UInt64?
    var maximumTokens: Int?
    /// Texts at which the answer is cut.
    package var stops: [String] = []
    var isStreamed = false
    var includesUsage = false

    /// Reads a body.
    ///
    /// - Throws: ``APIError`` 400, naming the field at fault.
    package init(_ data: Data, as form: Form, limits: ServerConfiguration.Limits) throws(APIError) {
        let body: Body
        do {
            body = try JSONDecoder().decode(Body.self, from: data)
        } catch let error as APIError {
            throw error
        } catch let error as DecodingError {
            throw .invalid(error)
        } catch {
            throw .invalid("The body is not JSON.")
        }
        try body.refuseUnsupported()
        switch form {
        case .chat: problem = try body.chat(limits)
        case .completion: problem = try body.completion()
        case .search: problem = try body.searched()
        }
        guard problem.count <= limits.problemCharacters else {
            throw .invalid(
                "The problem has more than \(limits.problemCharacters) characters.",
                param: form == .chat ? "messages" : "prompt", code: "context_length_exceeded")
        }
        guard problem.contains(where: { !$0.isWhitespace }) else {
            throw .invalid("The problem is empty.", param: form == .chat ? "messages" : "prompt")
        }
        model = body.model
        options = body.specsearch ?? SearchOptions()
        if let value = body.temperature {
            guard (0...2).contains(value) else { throw .invalid("temperature lies in 0 ... 2.", param: "temperature") }
            temperature = value
        }
        if let value = body.topP {
            guard value > 0, value <= 1 else { throw .invalid("top_p lies above 0 and up to 1.", param: "top_p") }
            topP = value
        }
        if let value = body.maxCompletionTokens ?? body.maxTokens {
            guard value >= 1 else { throw .invalid("max_tokens is at least 1.", param: "max_tokens") }
            maximumTokens = value
        }
        seed = body.seed.map { UInt64(bitPattern: $0) }
        stops = body.stop?.texts ?? []
        guard stops.count <= 4, stops.allSatisfy({ !$0.isEmpty }) else {
            throw .invalid("stop holds at most 4 texts, none of them empty.", param: "stop")
        }
        isStreamed = body.stream ?? false
        includesUsage = body.streamOptions?.includeUsage ?? false
    }

    /// The settings of the search.
    package func configuration(
        _ defaults: SearchConfiguration, limits: ServerConfiguration.Limits
    ) throws(APIError) -> SearchConfiguration {
        var result = try options.configuration(defaults, limits: limits)
        if let temperature { result.sampling.temperature = temperature }
        if let topP { result.sampling.topP = topP }
        if let seed { result.seed = seed }
        if let maximumTokens {
            // No step is longer than the whole, and every step has at least one token.
            result.sampling.maximumTokens = min(result.sampling.maximumTokens, maximumTokens)
            result.maximumDepth = min(result.maximumDepth, maximumTokens)
        }
        result.sampling.maximumTokens = min(result.sampling.maximumTokens, limits.stepTokens)
        return result
    }
}

extension APIError {
    /// What is wrong with a body, for people.
    fileprivate static func invalid(_ error: DecodingError) -> APIError {
        func path(_ context: DecodingError.Context, _ last: (any CodingKey)? = nil) -> String {
            var text = ""
            for key in context.codingPath + (last.map { [$0] } ?? []) {
                if let index = key.intValue {
                    text += "[\(index)]"
                } else {
                    text += (text.isEmpty ? "" : ".") + key.stringValue.prefix(60)
                }
            }
            return text
        }
        switch error {
        case .keyNotFound(let key, let context):
            return .invalid("\(path(context, key)) is missing.", param: path(context, key))
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            let place = path(context)
            return .invalid(
                place.isEmpty ? "The body is not a JSON object." : "\(place) has the wrong type.",
                param: place.isEmpty ? nil : place)
        case .dataCorrupted(let context):
            let place = path(context)
            return .invalid(
                place.isEmpty ? "The body is not JSON." : "\(place) has a value that is not known, or out of range.",
                param: place.isEmpty ? nil : place)
        @unknown default:
            return .invalid("The body is not understood.")
        }
    }
}
