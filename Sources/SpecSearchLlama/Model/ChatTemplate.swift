import CLlama
import Foundation

/// What a model's own chat template makes of one message of the user's: a text before it and one after it.
///
/// Chat templates are Jinja programs. Those of the common families are recognised by what they print, and come out as
/// `transformers` renders them, default system prompts, dates and trimming included (a table in the tests, made by
/// `Scripts/chat_templates.py`). Any other is rendered by llama.cpp's built-in formats, which know neither default system
/// prompts nor dates, and is not ``isVerified``.
package struct ChatTemplate: Sendable, Hashable {
    /// The text before the message.
    package let before: String
    /// The text after it, up to where the model goes on.
    package let after: String
    /// Whether white space around the message goes.
    package let trims: Bool
    /// Whether the text begins with the beginning-of-text token, which ``before`` leaves out.
    package let begins: Bool
    /// Whether it is known that the template itself gives the same.
    package let isVerified: Bool

    private init(_ before: String, _ after: String, trims: Bool, begins: Bool, isVerified: Bool) {
        self.before = before
        self.after = after
        self.trims = trims
        self.begins = begins
        self.isVerified = isVerified
    }

    /// Reads a template; nil for one that llama.cpp does not know either.
    package init?(_ jinja: String) {
        guard let template = Self.known(jinja) ?? Self.builtIn(jinja) else { return nil }
        self = template
    }

    /// The text of a prompt around a message.
    package func message(_ text: String) -> String {
        trims ? text.trimmingCharacters(in: .whitespacesAndNewlines) : text
    }

    // MARK: Families

    private static func known(_ jinja: String) -> ChatTemplate? {
        let begins = jinja.contains("bos_token")
        func has(_ texts: String...) -> Bool { texts.allSatisfy(jinja.contains) }
        func trims(_ content: String) -> Bool {
            jinja.contains("\(content) | trim") || jinja.contains("\(content)|trim")
        }
        let userTrims = trims("message['content']") || trims("message.content") || trims("content")
        if has("<|im_start|>", "<|im_end|>") {
            // Others of this form, with modes and dates of their own, are not taken for it.
            guard !has("set system_message"), !has("strftime_now"), !has("default_system"), !userTrims,
                let goesOn = jinja.ranges(of: "<|im_start|>assistant").last?.upperBound,
                jinja[goesOn...].prefixMatch(of: /(?:\\n|\n)['"]/) != nil
            else { return nil }
            return ChatTemplate(
                defaultSystem(jinja) + "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n", trims: false,
                begins: begins, isVerified: true)
        }
        if has("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"), userTrims {
            func turn(_ role: String) -> String { "<|start_header_id|>\(role)<|end_header_id|>\n\n" }
            var system = ""
            if has("Cutting Knowledge Date: December 2023", "Today Date: ") {
                // Today's date would make every day's results other ones: the template's own stands.
                guard let date = jinja.firstMatch(of: /date_string = "([^"]+)"/)?.1 else { return nil }
                system = turn("system") + "Cutting Knowledge Date: December 2023\nToday Date: \(date)\n\n<|eot_id|>"
            } else if has("Today Date") || has("strftime_now") {
                return nil
            }
            return ChatTemplate(
                system + turn("user"), "<|eot_id|>" + turn("assistant"), trims: true, begins: begins, isVerified: true)
        }
        if has("<start_of_turn>", "<end_of_turn>", "<start_of_turn>model"), userTrims {
            return ChatTemplate(
                "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n", trims: true, begins: begins,
                isVerified: true)
        }
        return nil
    }

    /// The system prompt that a template of ChatML adds where there is none, as a turn; empty for none.
    private static func defaultSystem(_ jinja: String) -> String {
        guard let match = jinja.firstMatch(of: /<\|im_start\|>system(?:\\n|\n)([^'"]+?)<\|im_end\|>/) else { return "" }
        let text = match.1.replacing("\\n", with: "\n").replacing("\\\\", with: "\\")
        return "<|im_start|>system\n\(text)<|im_end|>\n"
    }

    // MARK: llama.cpp

    /// What llama.cpp's format for the template makes of a message.
    private static func builtIn(_ jinja: String) -> ChatTemplate? {
        let mark = "THE-MESSAGE"
        let problem = "  \(mark)  "
        let result: String? = problem.withCString { content in
            "user".withCString { role in
                var message = llama_chat_message(role: role, content: content)
                var buffer = [CChar](repeating: 0, count: 4096)
                let length = llama_chat_apply_template(jinja, &message, 1, true, &buffer, Int32(buffer.count))
                guard length >= 0, Int(length) <= buffer.count else { return nil }
                return String(decoding: buffer[..<Int(length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
        guard let result else { return nil }
        let trims = !result.contains(problem)
        let parts = result.components(separatedBy: trims ? mark : problem)
        guard parts.count == 2 else { return nil }
        return ChatTemplate(
            parts[0], parts[1], trims: trims, begins: jinja.contains("bos_token"), isVerified: false)
    }
}
