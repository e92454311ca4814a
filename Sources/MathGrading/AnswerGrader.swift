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
    /// What counts as a solution says ``AnswerExtractor/isSolution(_:)``; the gold answer may be one, too, if it has a box
    /// or another mark. Compat accepts what strict accepts, and more.
    public func accepts(candidate: String?, gold: String) -> Bool {
        guard let candidate else { return false }
        return (mode == .compat && compatAccepts(candidate, gold)) || strictAccepts(candidate, gold)
    }

    private func strictAccepts(_ candidate: String, _ gold: String) -> Bool {
        let solution = Solution(candidate)
        let goldSolution = Solution(gold)
        guard let goldAnswer = goldSolution.isMarked ? goldSolution.answer : gold else { return false }
        if solution.isMarked { return solution.answer.map { MathAnswer($0).equals(MathAnswer(goldAnswer)) } ?? false }
        let right = MathAnswer(goldAnswer)
        // A text beyond the limit is compared as it is.
        let isLong = candidate.utf8.count > GradingLimits.characters
        if MathAnswer(isLong ? candidate : solution.text).equals(right) { return true }
        guard solution.isProse, let value = solution.proseValue else { return false }
        return MathAnswer(value).equals(right)
    }

    private func compatAccepts(_ candidate: String, _ gold: String) -> Bool {
        func final(_ text: String) -> String? {
            Solution(text).isMarked ? AnswerExtractor(mode: .compat).answer(in: text) : text
        }
        guard let answer = final(candidate), let goldAnswer = final(gold) else { return false }
        return equal(answer, goldAnswer)
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
        let solution = Solution(text)
        if solution.isMarked { return AnswerExtractor(mode: mode).answer(in: text) }
        return solution.isProse ? solution.proseValue ?? text : text
    }
}
