public import SpecSearch

/// A reward model for programming problems: it runs a finished path's program on the examples in the problem's own
/// description, and the score is the share of them that hold.
///
/// The examples are visible to whoever solves the problem, as those were by which AlphaCode filters its programs (Li et al.,
/// "Competition-Level Code Generation with AlphaCode", Science 2022); the tests that judge the answer are others. A path
/// that is not finished has no program to run, and a problem may have no example: then the score is ``neutral``.
///
/// Programs run one example each, in a ``CodeRunner``: mind what it says of programs that you do not trust.
public struct ExampleRewardModel: RewardModel {
    public let aggregation = ScoreAggregation.last
    /// The score where nothing can be said.
    public let neutral: Double
    private let tasks: [String: CodeTask]
    private let runner: CodeRunner

    /// - Parameters:
    ///   - problems: All problems that a search may be about; only those with a code task can be scored.
    ///   - runner: What runs the programs; one that takes too long has failed its example.
    public init(
        _ problems: [GradedProblem], runner: CodeRunner = CodeRunner(limits: CodeRunner.Limits(seconds: 5)),
        neutral: Double = 0.5
    ) {
        tasks = Dictionary(
            problems.compactMap { problem in problem.codeTask.map { (problem.problem.id, $0) } },
            uniquingKeysWith: { first, _ in first })
        self.runner = runner
        self.neutral = neutral
    }

    public func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        var known: [ReasoningPath: Double] = [:]
        var scores: [Double] = []
        for path in paths {
            guard let task = tasks[path.problem.id] else {
                throw SpecSearchError(
                    .badSetting, "The problem \"\(path.problem.id)\" has no code task: no examples can be run.",
                    remedy: "Judge it by a reward model.")
            }
            if known[path] == nil { known[path] = try await score(path, task) }
            scores.append(known[path] ?? neutral)
        }
        return StepScores(scores: scores)
    }

    private func score(_ path: ReasoningPath, _ task: CodeTask) async throws -> Double {
        let examples = task.visibleExamples
        guard path.isFinished, !examples.isEmpty else { return neutral }
        let programs = try examples.indices.map { try task.tested(by: examples[...$0]).program(answer: path.text) }
        let passed = try await withThrowingTaskGroup(of: Bool.self) { group in
            for program in programs { group.addTask { try await passes(program) } }
            return try await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        return Double(passed) / Double(programs.count)
    }

    private func passes(_ program: String) async throws -> Bool {
        switch try await runner.run(program: program) {
        case .passed: return true
        case .failed, .timedOut, .outOfMemory, .tooMuchOutput: return false
        case .noInterpreter:
            throw SpecSearchError(
                .badSetting, "There is no \(runner.interpreter) to run programs with.", remedy: "Install Python 3.")
        }
    }
}
