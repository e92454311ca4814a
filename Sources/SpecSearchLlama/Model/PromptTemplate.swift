import CLlama
import Foundation
package import SpecSearch

/// A problem's text to the tokens of the prompt.
package struct PromptTemplate: Sendable {
    private let vocabulary: Vocabulary
    private let template: String
    private let usesModelTemplate: Bool

    /// Prompts by name that ask for steps with a blank line between them.
    package static let presets: [String: String] = [
        "qwen2.5": """
        <|im_start|>system
        Please reason step by step, and put your final answer within \\boxed{}.<|im_end|>
        <|im_start|>user
        {problem}<|im_end|>
        <|im_start|>assistant

        """,
        "llama-3": """
        <|begin_of_text|><|start_header_id|>system<|end_header_id|>

        Solve the problem in short steps. Begin each with "## Step" and its number, leave one blank line after it, \
        and end with "The final answer is \\boxed{}" and the answer in the braces.<|eot_id|>\
        <|start_header_id|>user<|end_header_id|>

        {problem}<|eot_id|><|start_header_id|>assistant<|end_header_id|>


        """,
    ]

    /// A template with `{problem}` where the problem goes, the name of one in ``presets``, or `gguf` for the one in the
    /// model's own file.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` for a template without a place for the problem.
    package init(_ template: String, model: LlamaModel) throws(SpecSearchError) {
        vocabulary = model.vocabulary
        let template = Self.presets[template] ?? template
        usesModelTemplate = template == "gguf"
        if usesModelTemplate {
            guard let own = model.chatTemplate else {
                throw SpecSearchError(
                    .badSetting, "The model \(model.path) has no chat template.",
                    remedy: "Give one with {problem} in it, such as \"{problem}\\n\\n\".")
            }
            self.template = own
        } else {
            guard template.contains("{problem}") else {
                throw SpecSearchError(
                    .badSetting, "The chat template \"\(template)\" has no {problem} in it.",
                    remedy:
                        "Put {problem} where the problem goes, or use \"gguf\" for the model's own template, or one of "
                        + Self.presets.keys.sorted().joined(separator: ", ") + ".")
            }
            self.template = template
        }
    }

    /// The prompt's tokens, with `suffix` after it; the beginning-of-text token comes first, once, where the model asks for it.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` for an empty prompt or a template that llama.cpp does not know.
    package func tokens(for problem: String, followedBy suffix: String = "") throws(SpecSearchError) -> [Token] {
        var tokens: [Token]
        if usesModelTemplate {
            tokens = vocabulary.tokenize(try applyModelTemplate(problem) + suffix, parsesControls: true)
        } else if vocabulary.containsControl(problem) {
            // The text of a control token in a user's problem is text.
            let parts = template.components(separatedBy: "{problem}")
            tokens = []
            for (index, part) in parts.enumerated() {
                if index > 0 { tokens += vocabulary.tokenize(problem) }
                tokens += vocabulary.tokenize(index + 1 == parts.count ? part + suffix : part, parsesControls: true)
            }
        } else {
            tokens = vocabulary.tokenize(
                template.replacingOccurrences(of: "{problem}", with: problem) + suffix, parsesControls: true)
        }
        if let begin = vocabulary.beginToken, tokens.first != begin { tokens.insert(begin, at: 0) }
        guard !tokens.isEmpty else {
            throw SpecSearchError(.badSetting, "The problem is empty.", remedy: "Ask something.")
        }
        return tokens
    }

    private func applyModelTemplate(_ problem: String) throws(SpecSearchError) -> String {
        let result: String? = problem.withCString { content in
            "user".withCString { role in
                var message = llama_chat_message(role: role, content: content)
                var buffer = [CChar](repeating: 0, count: problem.utf8.count * 2 + 2048)
                var length = llama_chat_apply_template(template, &message, 1, true, &buffer, Int32(buffer.count))
                if Int(length) > buffer.count {
                    buffer = [CChar](repeating: 0, count: Int(length))
                    length = llama_chat_apply_template(template, &message, 1, true, &buffer, Int32(buffer.count))
                }
                guard length >= 0 else { return nil }
                return String(decoding: buffer[..<Int(length)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            }
        }
        guard let result else {
            throw SpecSearchError(
                .badSetting, "llama.cpp does not know the chat template of the model.",
                remedy: "Give a template with {problem} in it.")
        }
        return result
    }
}
