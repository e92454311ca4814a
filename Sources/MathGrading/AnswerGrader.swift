/// A grader of answers to mathematical problems, as language models and data sets write them.
///
/// ```swift
/// let grader = AnswerGrader()
/// grader.accepts(candidate: "So it is $\\boxed{\\frac{1}{2}}$.", gold: "0.5")  // true
/// grader.equal("x = 3, y = 4", "(3, 4)")  // true
/// ```
public struct AnswerGrader: Sendable, Hashable {
    /// How answers are read and compared.
    public var mode: GradingMode

    public init(mode: GradingMode = .strict) {
        self.mode = mode
    }

    /// Whether a final answer, or the one in a worked solution, has the value of the gold answer.
    ///
    /// What counts as a solution says ``AnswerExtractor/isSolution(_:)``; the gold answer may be one, too.
    public func accepts(candidate: String?, gold: String) -> Bool {
        guard let candidate, let answer = finalAnswer(of: candidate), let gold = finalAnswer(of: gold) else {
            return false
        }
        return equal(answer, gold)
    }

    /// Whether two final answers are equal.
    public func equal(_ left: String, _ right: String) -> Bool {
        switch mode {
        case .strict: MathAnswer(left).equals(MathAnswer(right))
        case .compat:
            CompatEquality.equal(left, right)
                || CompatEquality.equal(CompatExtraction.normalised(left), CompatExtraction.normalised(right))
        }
    }

    /// The text itself, or the answer in it if it is a worked solution; nil if the solution has none.
    public func finalAnswer(of text: String) -> String? {
        AnswerExtractor.isSolution(text) ? AnswerExtractor(mode: mode).answer(in: text) : text
    }
}
