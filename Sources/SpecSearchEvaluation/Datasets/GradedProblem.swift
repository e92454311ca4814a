public import SpecSearch

/// A problem whose answer is known.
public struct GradedProblem: Sendable, Hashable {
    public var problem: Problem
    /// The right answer, as text; for a code task, the canonical completion.
    public var answer: String
    /// A worked solution, if the data set has one.
    public var solution: String?
    /// The difficulty, such as 1 to 5 in MATH.
    public var level: Int?
    /// The field, such as `Algebra`.
    public var subject: String?
    /// What to run, if the answer is a program.
    public var codeTask: CodeTask?

    public init(
        problem: Problem, answer: String, solution: String? = nil, level: Int? = nil, subject: String? = nil,
        codeTask: CodeTask? = nil
    ) {
        self.problem = problem
        self.answer = answer
        self.solution = solution
        self.level = level
        self.subject = subject
        self.codeTask = codeTask
    }
}
