package import Foundation
package import SpecSearch

/// A request for an answer: what `/v1/chat/completions`, `/v1/completions`, `/v1/responses` and `/v1/searches` have in
/// common.
package struct GenerationRequest: Sendable {
    /// The route's way to put a problem.
    package enum Form {
        case chat, completion, response, search

        /// The field that holds the problem.
        var field: String {
            switch self {
            case .chat: "messages"
            case .completion: "prompt"
            case .response: "input"
            case .search: "problem"
            }
        }
    }

    package let form: Form
    var model: String?
    /// The problems' texts; several only in a list of prompts, and none before ``read(_:limits:)`` where the prompts are
    /// tokens.
    package private(set) var problems: [String] = []
    /// Prompts as tokens.
    private(set) var tokens: [[Token]] = []
    /// How many answers are wanted for each of them.
    package var count = 1
    var fields = SearchFields()
    /// Settings that have fields of their own outside of `specsearch`, by key; they go before those in ``fields``.
    private var outer: [String: SettingValue] = [:]
    var maximumTokens: Int?
    /// What the answer has to be beside text.
    let output: StructuredOutput
    /// Calls of tools whose results stand in the conversation.
    private(set) var knownCalls: Set<String> = []
    /// How many likely tokens are to be named beside each, for answers with their tokens' probabilities; nil for none.
    private(set) var topLogProbabilities: Int?
    /// Texts at which the answer is cut.
    package var stops: [String] = []
    var isStreamed = false
    var includesUsage = false
    /// Fields that `/v1/responses` repeats in its answer.
    var repeated: [String: JSONValue] = [:]

    /// The first problem's text.
    package var problem: String { problems.first ?? "" }

    /// Reads a body.
    ///
    /// - Throws: ``APIError`` 400, naming the field at fault.
    package init(_ data: Data, as form: Form, limits: ServerConfiguration.Limits) throws(APIError) {
        let body = try Self.fields(of: data)
        self.form = form
        try PublishedField.check(body, form)
        try Self.refuseUnsupported(body, form)
        output = try StructuredOutput(body, data, as: form)
        switch form {
        case .chat, .response:
            let said = try form == .chat ? Conversation(chat: body, limits) : Conversation(response: body, limits)
            let parts = [output.introduction, said.problem, output.instruction(hasResults: said.endsWithResult)]
            try read([parts.compactMap(\.self).joined(separator: "\n\n")], limits: limits)
            knownCalls = said.knownCalls
        case .search: try read([body.required("problem", body.string("problem"))], limits: limits)
        case .completion:
            if let lists = try Self.tokens(body) {
                try Self.check(prompts: lists.count, limits)
                tokens = lists
            } else {
                let prompts = try body.required("prompt", try body.texts("prompt"))
                try Self.check(prompts: prompts.count, limits)
                try read(prompts, limits: limits)
            }
        }
        model = try body.string("model")
        if let specsearch = try body.object("specsearch") { fields = try SearchFields(specsearch) }
        outer["temperature"] = try body.number("temperature").map(SettingValue.number)
        outer["top-p"] = try body.number("top_p").map(SettingValue.number)
        outer["top-k"] = try body.integer("top_k").map(SettingValue.integer)
        outer["min-p"] = try body.number("min_p").map(SettingValue.number)
        outer["seed"] = try body.integer("seed").map(SettingValue.integer)
        for key in ["max_tokens", "max_completion_tokens", "max_output_tokens"] {
            guard let value = try body.integer(key) else { continue }
            guard value >= 1 else { throw .invalid("\(key) is at least 1.", param: key) }
            maximumTokens = value
        }
        stops = try body.texts("stop") ?? []
        guard stops.count <= 4, stops.allSatisfy({ !$0.isEmpty }) else {
            throw .invalid("stop holds at most 4 texts, none of them empty.", param: "stop")
        }
        isStreamed = try body.bool("stream") ?? false
        if let options = try body.object("stream_options") {
            guard isStreamed else {
                throw .invalid("stream_options are for streams: set stream.", param: "stream_options")
            }
            includesUsage = try options.bool("include_usage") ?? false
        }
        count = try Self.count(body, form, limits)
        topLogProbabilities = try Self.topLogProbabilities(body, form, isStreamed: isStreamed)
        if form == .response {
            repeated = body.values.filter {
                ["instructions", "metadata", "temperature", "text", "tool_choice", "tools", "top_p", "user"]
                    .contains($0.key)
            }
        }
    }

    /// Takes the problems' texts.
    ///
    /// - Throws: ``APIError`` 400 for one that is empty or too long.
    mutating func read(_ texts: [String], limits: ServerConfiguration.Limits) throws(APIError) {
        for text in texts {
            guard text.count <= limits.problemCharacters else {
                throw .invalid(
                    "The problem has more than \(limits.problemCharacters) characters.", param: form.field,
                    code: "context_length_exceeded")
            }
            guard text.contains(where: { !$0.isWhitespace }) else {
                throw .invalid("The problem is empty.", param: form.field)
            }
        }
        problems = texts
    }

    private static func fields(of data: Data) throws(APIError) -> Fields {
        let value: JSONValue
        do {
            value = try JSONDecoder().decode(JSONValue.self, from: data)
        } catch let error as APIError {
            throw error
        } catch {
            throw .invalid("The body is not JSON.")
        }
        guard case .object(let object) = value else { throw .invalid("The body is not a JSON object.") }
        return Fields(object)
    }

    /// Refuses what no search can keep to.
    private static func refuseUnsupported(_ body: Fields, _ form: Form) throws(APIError) {
        if form == .completion || form == .search {
            guard try body.array("tools")?.isEmpty != false || body["tool_choice"] == .string("none") else {
                throw .invalid("tools is for chats and responses.", param: "tools", code: "unsupported")
            }
        }
        if let verbosity = try body.object("text")?.string("verbosity"), verbosity != "medium" {
            throw .invalid("text.verbosity is not supported.", param: "text.verbosity", code: "unsupported")
        }
        if let effort = try body.object("reasoning")?.string("effort"), effort != "none" {
            throw .invalid(
                "reasoning.effort is not supported: the settings in specsearch say how much is done.",
                param: "reasoning.effort", code: "unsupported")
        }
        // What an encrypted reasoning would hold is given openly.
        if let other = try body.texts("include")?.first(where: { $0 != "reasoning.encrypted_content" }) {
            throw .invalid("include has no \(other.shortened) here.", param: "include", code: "unsupported")
        }
    }

    private static func check(prompts count: Int, _ limits: ServerConfiguration.Limits) throws(APIError) {
        guard (1...limits.prompts).contains(count) else {
            throw .invalid("prompt has 1 to \(limits.prompts) texts.", param: "prompt")
        }
    }

    /// Prompts that are tokens; nil for texts.
    private static func tokens(_ body: Fields) throws(APIError) -> [[Token]]? {
        guard case .array(let list)? = body["prompt"] else { return nil }
        func tokens(_ values: [JSONValue], _ place: String) throws(APIError) -> [Token] {
            var tokens: [Token] = []
            for (index, value) in values.enumerated() {
                guard case .integer(let integer) = value, let token = Token(exactly: integer) else {
                    throw body.wrong("\(place)[\(index)]", value, "a token")
                }
                tokens.append(token)
            }
            return tokens
        }
        switch list.first {
        case .integer?: return [try tokens(list, "prompt")]
        case .array?:
            var lists: [[Token]] = []
            for (index, value) in list.enumerated() {
                guard case .array(let values) = value else {
                    throw body.wrong("prompt[\(index)]", value, "a list of tokens")
                }
                lists.append(try tokens(values, "prompt[\(index)]"))
            }
            return lists
        default: return nil
        }
    }

    private static func topLogProbabilities(
        _ body: Fields, _ form: Form, isStreamed: Bool
    ) throws(APIError) -> Int? {
        func bounded(_ key: String, _ range: ClosedRange<Int>) throws(APIError) -> Int? {
            guard let value = try body.integer(key) else { return nil }
            guard range.contains(value) else {
                throw .invalid("\(key) lies in \(range.lowerBound) ... \(range.upperBound).", param: key)
            }
            return value
        }
        switch form {
        case .search, .response: return nil
        case .chat:
            let top = try bounded("top_logprobs", 0...20)
            let isAsked = try body.bool("logprobs") ?? false
            guard isAsked || top ?? 0 == 0 else {
                throw .invalid("top_logprobs is for answers with logprobs: set it.", param: "top_logprobs")
            }
            return isAsked ? top ?? 0 : nil
        case .completion:
            guard body["logprobs"] != .bool(false), let top = try bounded("logprobs", 0...5) else { return nil }
            // A text's parts are sent before all of it is known.
            guard !isStreamed else {
                throw .invalid("logprobs is not supported in streams of texts.", param: "logprobs", code: "unsupported")
            }
            return top
        }
    }

    private static func count(
        _ body: Fields, _ form: Form, _ limits: ServerConfiguration.Limits
    ) throws(APIError) -> Int {
        let count = try body.integer("n") ?? 1
        guard (1...limits.choices).contains(count) else {
            throw .invalid("n lies in 1 ... \(limits.choices).", param: "n")
        }
        guard count == 1 || form != .search else { throw .invalid("n is 1 for a watched search.", param: "n") }
        // More to choose from is what a search does anyway.
        if let best = try body.integer("best_of"), best != 1, best != count {
            throw .invalid("best_of is not supported, but for 1 and n.", param: "best_of", code: "unsupported")
        }
        return count
    }

    /// The search that is asked for.
    ///
    /// - Parameters:
    ///   - attempt: The number of searches of the same problem before this one, which is to find other answers.
    ///   - seconds: The time that there still is for it; nil for what is asked for.
    /// - Throws: ``APIError`` 400, naming the first field that is out of range, or has no effect in this search.
    package func search(
        by model: ServedModel, limits: ServerConfiguration.Limits, attempt: Int = 0, within seconds: Double? = nil
    ) throws(APIError) -> Search {
        var configuration = try configuration(by: model, limits: limits)
        configuration.options.seed &+= UInt64(attempt)
        if let seconds { configuration.options.budget.seconds = seconds }
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
                try model.check(result.judge)
            } catch {
                let isOuter = outer[setting.key] != nil
                throw APIError(error, param: isOuter ? setting.field : SearchFields.param(setting.field))
            }
        }
        // The other answers are those of paths that could not change the first.
        if count > 1 { result.options.followsAllPaths = true }
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
    /// The judges that a request may choose: the server's own, and those that its engine has.
    ///
    /// Programs are not run for requests.
    var judges: [StepJudge] {
        StepJudge.allCases.filter { judge in
            switch judge {
            case defaults.judge: true
            case .examples: false
            case .rewardModel: engine.rewardModel != nil
            case .target, .confidence, .likelihood: (try? engine.judged(by: judge)) != nil
            }
        }
    }

    /// - Throws: ``SpecSearchError`` where a request may not choose this judge.
    fileprivate func check(_ judge: StepJudge) throws(SpecSearchError) {
        guard judges.contains(judge) else {
            throw SpecSearchError(
                .badSetting, "This server's judge is \(defaults.judge.rawValue), not \(judge.rawValue).",
                remedy: "Leave the judge to the server.")
        }
    }
}
