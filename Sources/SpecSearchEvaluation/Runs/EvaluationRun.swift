public import SpecSearch

/// A run of variants on problems: interleaved problem by problem in rotating order, each item once.
///
/// ```swift
/// let run = EvaluationRun(variants: variants, problems: problems, seeds: [0], engines: engines)
/// try await run.run { record in try await file.append(record) }
/// ```
public struct EvaluationRun: Sendable {
    public var variants: [Variant]
    public var problems: [GradedProblem]
    public var seeds: [UInt64]
    /// Problems in progress at the same time.
    public var concurrency = 1
    /// Problems that every variant solves first, unrecorded, as long as ``warmUpSeconds`` have not passed.
    public var warmUp = 2
    /// Large models are warm once they are loaded, and their searches are long.
    public var warmUpSeconds = 5.0
    /// Called as every search begins, those of the warm-up too.
    public var onBegin: (@Sendable (Variant, Problem) async -> Void)?

    /// What hears the events of a search.
    public typealias Listener = @Sendable (SearchEvent) -> Void

    /// Called before each search that is recorded, and not before those of the warm-up, for what is to hear its events.
    public var listening: (@Sendable (Variant, Problem) throws -> Listener?)?

    /// Searches; what it computed must not help the next search.
    private let solve: @Sendable (Variant, Problem, Listener?) async throws -> SearchResult
    private let grade: @Sendable (GradedProblem, SearchResult) async -> Grade

    /// What was graded, and with what verdict.
    public struct Grade: Sendable {
        public var answer: String?
        public var verdict: Verdict
        /// Why nobody can say whether the answer is right, with the verdict ``Verdict/failed``.
        public var error: String?

        public init(answer: String?, verdict: Verdict, error: String? = nil) {
            self.answer = answer
            self.verdict = verdict
            self.error = error
        }
    }

    /// - Parameters:
    ///   - solve: Runs a variant's search, whose configuration has the item's seed.
    ///   - grade: Judges what it found, after the search's clock has stopped.
    public init(
        variants: [Variant], problems: [GradedProblem], seeds: [UInt64],
        solve: @escaping @Sendable (Variant, Problem) async throws -> SearchResult,
        grade: @escaping @Sendable (GradedProblem, SearchResult) async -> Grade
    ) {
        self.init(
            variants: variants, problems: problems, seeds: seeds,
            listenedTo: { variant, problem, _ in try await solve(variant, problem) }, grade: grade)
    }

    init(
        variants: [Variant], problems: [GradedProblem], seeds: [UInt64],
        listenedTo solve: @escaping @Sendable (Variant, Problem, Listener?) async throws -> SearchResult,
        grade: @escaping @Sendable (GradedProblem, SearchResult) async -> Grade
    ) {
        self.variants = variants
        self.problems = problems
        self.seeds = seeds
        self.solve = solve
        self.grade = grade
    }

    /// One problem with one seed, by the variants that are still to run.
    private struct Round: Sendable {
        var problem: GradedProblem
        var seed: UInt64
        var variants: [Variant]
    }

    /// Runs everything that is not done yet; a search that fails is recorded as such, and the next one begins.
    ///
    /// - Parameters:
    ///   - done: Items to leave out.
    ///   - record: Called with every item as it ends, one at a time for each problem in progress.
    /// - Throws: `CancellationError` when cancelled; whatever `record` throws.
    public func run(
        done: Set<EvaluationRecord.Key> = [], record: @escaping @Sendable (EvaluationRecord) async throws -> Void
    ) async throws {
        var rounds = rounds(done)[...]
        guard !rounds.isEmpty else { return }
        let begin = ContinuousClock.now
        for problem in problems.prefix(warmUp) {
            for variant in variants where begin.duration(to: .now) < .seconds(warmUpSeconds) {
                await onBegin?(variant, problem.problem)
                _ = try? await solve(variant.seeded(seeds[0]), problem.problem, nil)
                try Task.checkCancellation()
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            var running = 0
            while let round = rounds.popFirst() {
                if running >= concurrency {
                    try await group.next()
                    running -= 1
                }
                group.addTask { try await run(round, record) }
                running += 1
            }
            try await group.waitForAll()
        }
    }

    private func rounds(_ done: Set<EvaluationRecord.Key>) -> [Round] {
        var rounds: [Round] = []
        for (turn, seed) in seeds.enumerated() {
            for (index, problem) in problems.enumerated() {
                // Rotating, so that no variant always runs on the warmest cache.
                let rotated = variants.indices.map { variants[($0 + index + turn) % variants.count] }
                let left = rotated.filter { variant in
                    !done.contains(
                        EvaluationRecord.Key(variant: variant.name, problem: problem.problem.id, seed: seed))
                }
                if !left.isEmpty { rounds.append(Round(problem: problem, seed: seed, variants: left)) }
            }
        }
        return rounds
    }

    private func run(
        _ round: Round, _ record: @Sendable (EvaluationRecord) async throws -> Void
    ) async throws {
        for variant in round.variants {
            let outcome: EvaluationRecord
            await onBegin?(variant, round.problem.problem)
            do {
                let variant = variant.seeded(round.seed)
                let listener = try listening?(variant, round.problem.problem)
                let result = try await solve(variant, round.problem.problem, listener)
                guard result.end != .cancelled else { throw CancellationError() }
                let grade = await grade(round.problem, result)
                // What a cancelled grader says is no verdict.
                try Task.checkCancellation()
                outcome = EvaluationRecord(
                    variant: variant.name, problem: round.problem, seed: round.seed, grade: grade, result: result)
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                outcome = EvaluationRecord(
                    variant: variant.name, problem: round.problem, seed: round.seed, error: error)
            }
            try await record(outcome)
        }
    }
}
