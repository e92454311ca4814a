public import SpecSearch

/// The engines of an evaluation's variants: each distinct choice of model files is loaded once, and shared by the variants
/// that make it.
///
/// ```swift
/// let engines = VariantEngines(problems: problems) { files in
///     try await LlamaEngine(models.replacing(files)).engine
/// }
/// let run = EvaluationRun(variants: variants, problems: problems, seeds: [0], engines: engines)
/// ```
public actor VariantEngines {
    private let problems: [GradedProblem]
    private let load: @Sendable ([ModelRole: String]) async throws -> Engine
    private var engines: [[ModelRole: String]: Task<Engine, any Error>] = [:]

    /// - Parameters:
    ///   - problems: The problems that the judge ``StepJudge/examples`` finds examples in.
    ///   - load: Makes an engine whose models are the run's own but for some files, by role.
    public init(
        problems: [GradedProblem] = [], load: @escaping @Sendable ([ModelRole: String]) async throws -> Engine
    ) {
        self.problems = problems
        self.load = load
    }

    /// One engine for all variants, which name no files of their own.
    public init(_ engine: some EngineConvertible, problems: [GradedProblem] = []) {
        let engine = engine.engine
        self.init(problems: problems) { files in
            guard files.isEmpty else {
                throw SpecSearchError(
                    .badSetting,
                    "A variant names a \(files.keys.map(\.rawValue).sorted().joined(separator: ", ")) "
                        + "of its own, and the models are given.", remedy: "Leave it out.")
            }
            return engine
        }
    }

    /// A variant's search, for a problem of the run if one is named (see ``SpecSearch/Search/writingAlone(on:)``).
    ///
    /// - Throws: What loading its models does, which is tried again at the next call; ``SpecSearchError`` for settings that
    ///   the models do not allow.
    public func search(_ variant: Variant, for problem: Problem? = nil) async throws -> Search {
        let search = try Search(
            try await engine(variant.models), configuration: variant.configuration, examplesIn: problems)
        guard let problem = problems.first(where: { $0.problem.id == problem?.id }) else { return search }
        return try search.writingAlone(on: problem)
    }

    private func engine(_ files: [ModelRole: String]) async throws -> Engine {
        // Problems side by side ask at the same time: the second waits for the first one's models.
        let task = engines[files] ?? Task { [load] in try await load(files) }
        engines[files] = task
        do {
            return try await task.value
        } catch {
            if engines[files] == task { engines[files] = nil }
            throw error
        }
    }

    /// The share of drafts that searches reject: what the ablation of random rejection is to be compared at.
    ///
    /// - Parameters:
    ///   - problems: Problems that are not in the run.
    ///   - progress: Called after every problem with how many are done.
    /// - Throws: ``SpecSearchError`` `badSetting` without problems; `CancellationError`; what a search does.
    public func rejectionRate(
        _ configuration: SearchConfiguration, on problems: some Collection<GradedProblem> & Sendable,
        progress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> Double {
        guard !problems.isEmpty else {
            throw SpecSearchError(
                .badSetting, "Every problem is in the run: none is left to measure the rejection rate on.",
                remedy: "Choose fewer with --limit.")
        }
        let search = try await search(Variant(name: "pilot", configuration: configuration))
        var sum = SearchOutcome.Acceptance()
        for (index, problem) in problems.enumerated() {
            let acceptance = try await search.solve(problem.problem).acceptance
            try Task.checkCancellation()
            sum.judged += acceptance.judged
            sum.kept += acceptance.kept
            progress(index + 1)
        }
        return sum.judged > 0 ? 1 - Double(sum.kept) / Double(sum.judged) : 0
    }
}

extension Search {
    /// A search by the names of its settings, whose judge may be ``StepJudge/examples``.
    ///
    /// - Parameter problems: The problems of the data set.
    /// - Throws: ``SpecSearchError``, as without examples.
    public init(
        _ engine: some EngineConvertible, configuration: SearchConfiguration, examplesIn problems: [GradedProblem]
    ) throws {
        var engine = engine.engine
        engine.examples = ExampleRewardModel(problems)
        try self.init(engine, configuration: configuration)
    }

    /// The search by the target alone, if the examples of a problem are to judge and it shows none; else the search itself.
    ///
    /// Nothing could say which drafts are right.
    public func writingAlone(on problem: GradedProblem) throws -> Search {
        guard var configuration, configuration.judge == .examples,
            [.specsearch, .auto].contains(configuration.method),
            problem.codeTask?.visibleExamples.isEmpty ?? true
        else { return self }
        configuration.method = .ar
        return try Search(engine, configuration: configuration)
    }
}

extension EvaluationRun {
    /// A run of variants on their engines.
    public init(
        variants: [Variant], problems: [GradedProblem], seeds: [UInt64], engines: VariantEngines,
        grader: ResultGrader = ResultGrader()
    ) {
        self.init(
            variants: variants, problems: problems, seeds: seeds,
            listenedTo: { variant, problem, onEvent in
                try await engines.search(variant, for: problem).solve(problem, onEvent: onEvent)
            },
            grade: { await grader.grade($0, $1) })
    }
}
