import SpecSearch

extension RewardModelConfiguration {
    /// The grades that a judge gives.
    static let digits = (0...9).map(String.init)

    /// LLM as judge (Zheng and others, 2023): a question to the model that generates, after its own prompt and steps: what it has cached of a path is not evaluated
    /// again.
    ///
    /// With a prompt of ``PromptTemplate/presets`` it is a new turn of the user's, elsewhere a line of the text.
    public static func judge(chatTemplate: String, delimiter: String) -> RewardModelConfiguration {
        let question = "Grade the last step above from 0 (wrong or useless) to 9 (surely right)."
        var judge = RewardModelConfiguration(template: chatTemplate, aggregation: .last)
        judge.kind = .grade
        judge.placement = .lastStep
        judge.grades = digits
        // A delimiter that is not white space stays with its step.
        judge.stepSeparator = delimiter.allSatisfy(\.isWhitespace) ? delimiter : ""
        judge.stepToken =
            switch chatTemplate {
            case "qwen2.5":
                "<|im_end|>\n<|im_start|>user\n\(question) Answer with the digit only.<|im_end|>\n"
                    + "<|im_start|>assistant\n"
            case "llama-3":
                "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n\(question) Answer with the digit only."
                    + "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"
            default: "\n\n\(question)\n\nGrade: "
            }
        return judge
    }

    /// Checks that a configuration asks for the grades 0 … 9.
    func checkJudge(path: String) throws(SpecSearchError) {
        guard kind == .grade, grades == Self.digits else {
            throw error("a judge has the kind \"grade\" and the \"grades\" 0 to 9", path: path)
        }
    }
}
