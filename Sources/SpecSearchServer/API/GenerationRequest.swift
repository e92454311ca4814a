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
    var fields = SearchFields()
    /// Settings that OpenAI has fields for, by key; they go before those in ``fields``.
    private var outer: [String: SettingValue] = [:]
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
        fields = body.specsearch ?? SearchFields()
        outer["temperature"] = body.temperature.map(SettingValue.number)
        outer["top-p"] = body.topP.map(SettingValue.number)
        outer["seed"] = body.seed.map { .integer(Int($0)) }
        if let value = body.maxCompletionTokens ?? body.maxTokens {
            guard value >= 1 else { throw .invalid("max_tokens is at least 1.", param: "max_tokens") }
            maximumTokens = value
        }
        stops = body.stop?.texts ?? []
        guard stops.count <= 4, stops.allSatisfy({ !$0.isEmpty }) else {
            throw .invalid("stop holds at most 4 texts, none of them empty.", param: "stop")
        }
        isStreamed = body.stream ?? false
        includesUsage = body.streamOptions?.includeUsage ?? false
    }

    /// The search that is asked for.
    ///
    /// - Throws: ``APIError`` 400, naming the first field that is out of range, or has no effect in this search.
    package func search(by model: ServedModel, limits: ServerConfiguration.Limits) throws(APIError) -> Search {
        let configuration = try configuration(by: model, limits: limits)
        do {
            return try Search(model.engine, configuration: configuration)
        } catch {
            throw APIError(error, param: "specsearch")
        }
    }

    private func configuration(
        by model: ServedModel, limits: ServerConfiguration.Limits
    ) throws(APIError) -> SearchConfiguration {
        var result = model.defaults
        // In the table's order: what the search and its method are comes first.
        for setting in SearchSetting.all {
            guard let value = outer[setting.key] ?? fields.values[setting.key] else { continue }
            do throws(SpecSearchError) {
                try limits.check(value, for: setting)
                try result.apply([setting.key: value])
                // Who judges is the server's matter, but for an engine that has both judges.
                if result.judge != model.defaults.judge { try model.allows(result.judge) }
            } catch {
                let isOuter = outer[setting.key] != nil
                throw APIError(error, param: isOuter ? setting.field : SearchFields.param(setting.field))
            }
        }
        let most = limits.settings
        if let seconds = most["deadline"]?.upperBound {
            result.options.budget.seconds = min(result.options.budget.seconds ?? seconds, seconds)
        }
        // No step is longer than the whole, and every step has at least one token.
        let sampling = (result.options.sampling ?? model.engine.defaults.sampling).changed(by: result.sampling)
        let tokens = most["max-tokens"].flatMap { Int(exactly: $0.upperBound.rounded(.down)) }
        result.sampling.maximumTokens = min(sampling.maximumTokens, maximumTokens ?? .max, tokens ?? .max)
        result.options.maximumDepth = min(result.options.maximumDepth, maximumTokens ?? .max)
        return result
    }
}

extension ServedModel {
    /// - Throws: ``SpecSearchError`` where a request may not choose this judge.
    fileprivate func allows(_ judge: StepJudge) throws(SpecSearchError) {
        guard engine.judge != nil, judge != .examples else {
            throw SpecSearchError(
                .badSetting, "This server's judge is \(defaults.judge.rawValue), not \(judge.rawValue).",
                remedy: "Leave the judge to the server.")
        }
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
