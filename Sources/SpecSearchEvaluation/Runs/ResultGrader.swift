public import MathGrading
public import SpecSearch

/// A judge of what a search found: by the answer, or by running the program.
public struct ResultGrader: Sendable {
    public var mode: GradingMode
    /// What runs answers that are programs.
    public var codeRunner: CodeRunner

    public init(mode: GradingMode = .strict, codeRunner: CodeRunner = CodeRunner()) {
        self.mode = mode
        self.codeRunner = codeRunner
    }

    /// The answer as it was graded, and the verdict.
    ///
    /// The search's own answer where it found one, otherwise the one in the best path's text; of a code task that text
    /// itself, run with the task's test.
    public func grade(_ problem: GradedProblem, _ result: SearchResult) async -> EvaluationRun.Grade {
        let text = result.tree.text(to: result.best.node)
        if let task = problem.codeTask {
            do {
                let verdict: Verdict? =
                    switch try await codeRunner.run(program: task.program(answer: text)) {
                    case .passed: .right
                    case .timedOut: .timeout
                    case .failed, .outOfMemory, .tooMuchOutput: .wrong
                    case .noInterpreter: nil
                    }
                if let verdict { return EvaluationRun.Grade(answer: text, verdict: verdict) }
                return EvaluationRun.Grade(
                    answer: text, verdict: .failed, error: "There is no Python that could run the answer.")
            } catch {
                return EvaluationRun.Grade(
                    answer: text, verdict: .failed, error: "The answer could not be run: \(error.inWords).")
            }
        }
        let grader = AnswerGrader(mode: mode)
        let answer = result.answer ?? (result.isFinished ? grader.finalAnswer(of: text) : nil)
        let isRight = grader.accepts(candidate: answer, gold: problem.answer)
        return EvaluationRun.Grade(answer: answer, verdict: isRight ? .right : .wrong)
    }
}
