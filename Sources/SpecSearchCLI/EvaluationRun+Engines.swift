internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

extension EvaluationRun {
    /// A run on a set of engines.
    init(
        variants: [Variant], problems: [GradedProblem], seeds: [UInt64], concurrency: Int = 1, engines: EngineSet,
        grading: GradingMode = .strict
    ) {
        let grader = ResultGrader(mode: grading)
        self.init(
            variants: variants, problems: problems, seeds: seeds,
            solve: { variant, problem in try await engines.search(variant, problems: problems).run(problem) },
            grade: { await grader.grade($0, $1) })
        self.concurrency = concurrency
    }
}

/// A few searches before a run, on problems that are not in it, for what its settings depend on.
struct Pilot {
    var engines: EngineSet
    var terminal: Terminal
    /// Problems that are not in the run.
    var candidates: [GradedProblem]
    private let problems = 40

    init(engines: EngineSet, terminal: Terminal, candidates: [GradedProblem]) {
        self.engines = engines
        self.terminal = terminal
        self.candidates = candidates
    }

    /// The share of drafts that a search rejects.
    func rejectionRate(_ configuration: SearchConfiguration) async throws -> Double {
        guard !candidates.isEmpty else {
            throw EngineError(
                .badSetting, "Every problem is in the run: none is left to measure the rejection rate on.",
                remedy: "Choose fewer with --limit.")
        }
        let variant = Variant(name: "pilot", configuration: configuration)
        var judged = 0
        var kept = 0
        for (index, problem) in candidates.prefix(problems).enumerated() {
            let acceptance = try await engines.search(variant, problems: candidates).run(problem.problem).acceptance
            try Task.checkCancellation()
            judged += acceptance.judged
            kept += acceptance.kept
            terminal.progress("Measuring the rejection rate: \(index + 1) of \(min(problems, candidates.count)) …")
        }
        return judged > 0 ? 1 - Double(kept) / Double(judged) : 0
    }
}
