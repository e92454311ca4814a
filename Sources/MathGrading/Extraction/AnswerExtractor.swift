/// A reader of worked solutions, which finds their final answers.
public struct AnswerExtractor: Sendable, Hashable {
    /// How answers are looked for.
    public var mode: GradingMode
    /// What the model is known to write before its answer, for the strict mode.
    ///
    /// A marker such as `Answer {` is closed by its brace, and a code fence by the next one: the answer is then the program.
    public var marker: String?

    public init(mode: GradingMode = .strict, marker: String? = nil) {
        self.mode = mode
        self.marker = marker
    }

    /// The final answer; nil if there is none.
    ///
    /// Strict: what stands in `<answer>` tags; else the last closed `\boxed{}` or `\fbox{}` with something in it, together
    /// with those that only `and` or a comma joins to it, or a "final answer" that is announced after it; else what follows
    /// the last `####`; else the value in the sentence that the last "answer is" or "answer:" announces; else the formula or
    /// the number that stands last. Boxes none of which is closed are no answer, and there is no falling back from them.
    /// Compat: the first of Minerva's phrase, the last box, what follows "he answer is", "final answer is" or 答案是, and the
    /// last number; what is found is normalised.
    ///
    /// Where a ``marker`` is set, what follows the last one on its line is the answer, unless a closed box comes later.
    ///
    /// Of a text longer than a megabyte only the end is read. O(length).
    public func answer(in text: String) -> String? {
        switch mode {
        case .strict: MarkedText(text, marker: marker).answer
        case .compat: CompatExtraction.answer(in: Solution.end(of: text))
        }
    }

    /// Whether a text is a worked solution rather than a final answer.
    ///
    /// It is one if it holds a box, `####`, `<answer>`, or an announcement such as "answer is", "Answer:" or "A:"; if it has
    /// several lines or sentences and at least six words; or if it is no mathematics, but words around a formula, or a
    /// sentence that comes to a number.
    public static func isSolution(_ text: String) -> Bool {
        Solution(text).isMarked || Solution(text).isProse
    }

    /// Whether a step of a solution finishes it, since it holds the final answer: a closed box with something in it, or,
    /// where a marker is set, the marker and an answer on its line, or a whole code block.
    ///
    /// Many models go on after their answer.
    ///
    /// - Parameter isCut: Whether the step was cut by length; its last line is not whole then.
    package func isFinal(_ step: String, isCut: Bool) -> Bool {
        MarkedText(step, marker: marker).isFinal(isCut: isCut)
    }
}
