package import Foundation
package import MathGrading
package import SpecSearch
package import SpecSearchEvaluation
package import SpecSearchLlama

/// One problem's sampled solutions, graded: a line of what reward heads are trained on.
package struct SampledProblem: Sendable, Codable {
    /// A solution that came to its end.
    package struct Solution: Sendable, Codable {
        package var steps: [String]
        package var answer: String?
        package var isRight: Bool
        /// For each step the hidden state that a head reads after it, 32-bit floats, little-endian.
        package var states: [Data]?
    }

    package var id: String
    package var problem: String
    /// The right answer.
    package var gold: String
    package var solutions: [Solution]
    /// Chains without an end: cut by a limit.
    package var unfinished: Int
}

/// Samples solutions by one model, and reads the hidden states at their step ends while they are cached.
///
/// The states are those that a search reads: of the tokens as they were sampled. Where the reward model's file is the one
/// that samples, they cost nothing.
package struct SolutionSampler: Sendable {
    private let engine: LlamaEngine
    private let configuration: SearchConfiguration
    private let grader: AnswerGrader

    /// - Parameter configuration: Says who samples, and how; it is searched as self-consistency, whose chains share nothing.
    package init(_ engine: LlamaEngine, _ configuration: SearchConfiguration, grading: GradingMode = .strict) {
        self.engine = engine
        self.configuration = configuration
        grader = AnswerGrader(mode: grading)
    }

    /// Samples solutions of a problem.
    ///
    /// - Throws: ``SpecSearchError``; `CancellationError`.
    package func solutions(of problem: GradedProblem) async throws -> SampledProblem {
        let isHead = engine.rewardModelConfiguration?.kind == .head
        let rewardModel = isHead ? engine.rewardModel as? LlamaRewardModel : nil
        // As long as it is open, what the search evaluated stays cached.
        let session = try await rewardModel?.openSession(for: problem.problem)
        let sampled: Result<SampledProblem, any Error>
        do { sampled = .success(try await sample(problem, rewardModel)) } catch { sampled = .failure(error) }
        await session?.close()
        return try sampled.get()
    }

    private func sample(_ problem: GradedProblem, _ rewardModel: LlamaRewardModel?) async throws -> SampledProblem {
        let result = try await Search(engine, configuration: configuration).solve(problem.problem)
        guard result.end != .cancelled else { throw CancellationError() }
        var solutions: [SampledProblem.Solution] = []
        for end in result.outcome.paths {
            let path = result.tree.path(to: end.node)
            let prefixes = path.thoughts.indices.map { place in
                ReasoningPath(problem: path.problem, thoughts: Array(path.thoughts[...place]))
            }
            let states = try await rewardModel?.hiddenStates(of: prefixes)
            let answer = end.answer ?? grader.finalAnswer(of: path.text)
            solutions.append(
                SampledProblem.Solution(
                    steps: path.thoughts.map(\.text), answer: answer,
                    isRight: grader.accepts(candidate: answer, gold: problem.answer),
                    states: states?.map { ($0 ?? []).withUnsafeBytes { Data($0) } }))
        }
        return SampledProblem(
            id: problem.problem.id, problem: problem.problem.text, gold: problem.answer, solutions: solutions,
            unfinished: configuration.beams * configuration.width - solutions.count)
    }
}
