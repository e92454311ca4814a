/// What the fields mean here that OpenAI publishes, and those that well-known servers have beside them.
///
/// A field that would change the answer is done or refused by name. One that nobody publishes is refused too, as OpenAI
/// does: it may be misspelt.
enum PublishedField {
    /// Fields that are read, by the route's form.
    private static func read(_ form: GenerationRequest.Form) -> Set<String> {
        let common: Set = [
            "model", "temperature", "top_p", "top_k", "min_p", "seed", "stream", "specsearch", "tools", "tool_choice",
        ]
        let openAI: Set = ["n", "stop", "max_tokens", "stream_options"]
        return switch form {
        case .chat:
            common.union(openAI).union([
                "messages", "max_completion_tokens", "response_format", "logprobs", "top_logprobs",
            ])
        case .completion: common.union(openAI).union(["prompt", "best_of", "logprobs"])
        case .search: common.union(openAI).union(["problem", "max_completion_tokens"])
        case .response:
            common.union(["input", "instructions", "max_output_tokens", "text", "include", "reasoning"])
        }
    }

    /// Fields that do not change an answer: who asks, what is remembered, how quickly it is served.
    private static let harmless: Set = [
        "user", "metadata", "store", "service_tier", "safety_identifier", "prompt_cache_key", "prompt_cache_retention",
        "parallel_tool_calls", "prediction", "truncation",
        // Of vLLM, llama-server and Ollama.
        "cache_prompt", "cache_salt", "id_slot", "keep_alive", "priority", "request_id", "session_id",
        "timings_per_token",
        "return_progress", "include_reasoning", "reasoning_format", "skip_special_tokens",
        "spaces_between_special_tokens",
        "stream_interval",
    ]

    /// Fields that are refused, but for the values that change nothing.
    private static let refused: [String: [JSONValue]] = [
        "frequency_penalty": [.integer(0)], "presence_penalty": [.integer(0)], "logit_bias": [.object([:])],
        "logprobs": [.bool(false)], "top_logprobs": [.integer(0)], "echo": [.bool(false)], "suffix": [.string("")],
        "functions": [.array([])], "function_call": [.string("none"), .string("auto")],
        "modalities": [.array([.string("text")])], "audio": [], "web_search_options": [],
        "reasoning_effort": [.string("none")], "verbosity": [.string("medium")],
        // Of /v1/responses.
        "background": [.bool(false)], "conversation": [], "previous_response_id": [], "prompt": [],
        "max_tool_calls": [], "context_management": [],
        // Of vLLM, llama-server and Ollama.
        "repetition_penalty": [.integer(1)], "repeat_penalty": [.integer(1)], "repeat_last_n": [],
        "length_penalty": [.integer(1)], "use_beam_search": [.bool(false)], "early_stopping": [.bool(false)],
        "typical_p": [.integer(1)], "tfs_z": [.integer(1)], "top_a": [.integer(0)], "mirostat": [.integer(0)],
        "xtc_probability": [.integer(0)], "dry_multiplier": [.integer(0)], "dynatemp_range": [.integer(0)],
        "min_tokens": [.integer(0)], "ignore_eos": [.bool(false)], "stop_token_ids": [.array([])],
        "include_stop_str_in_output": [.bool(false)], "bad_words": [.array([])], "allowed_token_ids": [],
        "prompt_logprobs": [], "return_token_ids": [.bool(false)], "return_tokens_as_token_ids": [.bool(false)],
        "truncate_prompt_tokens": [], "n_predict": [], "n_probs": [.integer(0)], "samplers": [],
        "grammar": [.string("")],
        "json_schema": [], "guided_json": [], "guided_regex": [], "guided_choice": [], "guided_grammar": [],
        "structured_outputs": [], "chat_template": [], "chat_template_kwargs": [.object([:])],
        "documents": [.array([])],
        "add_generation_prompt": [.bool(true)], "continue_final_message": [.bool(false)],
        "add_special_tokens": [], "lora": [.array([])], "options": [.object([:])], "think": [], "format": [],
        "thinking_budget_tokens": [], "thinking_token_budget": [],
    ]

    /// - Throws: ``APIError`` 400, naming the first field, in alphabetical order, that is not done.
    static func check(_ fields: Fields, _ form: GenerationRequest.Form) throws(APIError) {
        let read = read(form)
        for key in fields.values.keys.sorted() where !read.contains(key) && !harmless.contains(key) {
            guard let value = fields[key] else { continue }
            guard let without = refused[key] else {
                throw .invalid(
                    "There is no field \(key.shortened) in this request.", param: fields.place(key),
                    code: "unknown_field")
            }
            guard without.contains(where: { isSame($0, value) }) else {
                throw .invalid(
                    "\(key) is not supported\(without.first.map { ", but for \($0.json)" } ?? "").", param: key,
                    code: "unsupported")
            }
        }
    }

    private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
        if case .integer(let integer) = left, case .number(let number) = right { return Double(integer) == number }
        return left == right
    }
}

extension JSONValue {
    /// The value as JSON, for the few that stand in the table.
    fileprivate var json: String {
        switch self {
        case .array(let values): "[\(values.map(\.words).joined(separator: ", "))]"
        case .object: "{}"
        default: words
        }
    }
}
