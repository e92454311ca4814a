import Foundation
package import SpecSearch

/// A problem's text to the tokens of the prompt.
package struct PromptTemplate: Sendable {
    private let vocabulary: Vocabulary
    /// The texts around the places of the problem.
    private let parts: [String]
    /// The model's own template, where it is used.
    package let chatTemplate: ChatTemplate?

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
        if template == "gguf" {
            guard let own = model.chatTemplate else {
                throw SpecSearchError(
                    .badSetting, "The model \(model.path) has no chat template.",
                    remedy: "Give one with {problem} in it, such as \"{problem}\\n\\n\".")
            }
            guard let known = ChatTemplate(own) else {
                throw SpecSearchError(
                    .badSetting, "llama.cpp does not know the chat template of the model \(model.path).",
                    remedy: "Give a template with {problem} in it.")
            }
            chatTemplate = known
            parts = [known.before, known.after]
        } else {
            chatTemplate = nil
            guard template.contains("{problem}") else {
                throw SpecSearchError(
                    .badSetting, "The chat template \"\(template)\" has no {problem} in it.",
                    remedy:
                        "Put {problem} where the problem goes, or use \"gguf\" for the model's own template, or one of "
                        + Self.presets.keys.sorted().joined(separator: ", ") + ".")
            }
            parts = template.components(separatedBy: "{problem}")
        }
    }

    /// The prompt's tokens, with `suffix` after it; the beginning-of-text token comes first, once, where the model asks for it.
    ///
    /// The text of a control token in the problem is text: no user writes a turn of the dialogue.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` for an empty prompt; `badModelFile` where the vocabulary has no token for any of it.
    package func tokens(for problem: String, followedBy suffix: String = "") throws(SpecSearchError) -> [Token] {
        let problem = chatTemplate?.message(problem) ?? problem
        var tokens: [Token]
        if vocabulary.containsControl(problem) {
            tokens = literally(problem, suffix)
        } else {
            tokens = vocabulary.tokenize(parts.joined(separator: problem) + suffix, parsesControls: true)
        }
        if let begin = chatTemplate?.begins == true ? vocabulary.bosToken : vocabulary.beginToken, tokens.first != begin
        {
            tokens.insert(begin, at: 0)
        }
        guard !tokens.isEmpty else {
            guard problem.allSatisfy(\.isWhitespace) else {
                throw SpecSearchError(
                    .badModelFile, "A model's tokenizer makes no token of the problem, so its vocabulary is damaged.",
                    remedy: "`specsearch models check` says which; fetch it, or convert it, again.")
            }
            throw SpecSearchError(.badSetting, "The problem is empty.", remedy: "Ask something.")
        }
        return tokens
    }

    /// The tokens with every control token of the problem as text; what stands around the problem up to the next control
    /// tokens of the template is tokenised together with it, as it would be otherwise.
    private func literally(_ problem: String, _ suffix: String) -> [Token] {
        var tokens: [Token] = []
        var text = ""
        for (index, part) in parts.enumerated() {
            if index > 0 { text += problem }
            let part = index + 1 == parts.count ? part + suffix : part
            guard let controls = vocabulary.controlRange(in: part) else {
                text += part
                continue
            }
            tokens += vocabulary.tokenize(text + part[..<controls.lowerBound])
            tokens += vocabulary.tokenize(String(part[controls]), parsesControls: true)
            text = String(part[controls.upperBound...])
        }
        return tokens + vocabulary.tokenize(text)
    }
}
