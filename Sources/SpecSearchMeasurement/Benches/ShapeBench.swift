package import SpecSearch
package import SpecSearchEvaluation
package import SpecSearchLlama

/// The measurement of a search against the same search in the way of a framework that talks to a model as to a server without memory:
/// `specsearch bench --shape openr`.
///
/// There, paths come one after the other, prefixes and the reward model's text are computed from the start at every step,
/// and samples share nothing but their prompt.
package struct ShapeBench {
    /// One variant's figures.
    package struct Row: Encodable {
        package let method: String
        package let problems: Int
        /// Wall-clock seconds, here and in the other way.
        package let seconds: Double
        package let restartingSeconds: Double
        package let speedup: Double
        /// Tokens evaluated by all models, here and in the other way.
        package let tokens: Int
        package let restartingTokens: Int
        /// Problems whose answer differed, which floating point noise can bring about.
        package let differentAnswers: Int
    }

    private let engine: Engine
    private let restarting: Engine

    /// - Parameters:
    ///   - other: The engine of the other way.
    ///   - forget: Empties its caches.
    package init(_ engine: Engine, other: Engine, forget: @escaping @Sendable () async -> Void) {
        self.engine = engine
        restarting = other.intercepted(by: RestartingModels(forget: forget))
    }

    /// Loads the models once more, for an engine whose samples share nothing.
    package init(_ engine: LlamaEngine) async throws {
        var options = engine.options
        options.sharesPrefixes = false
        let other = try await LlamaEngine(engine.models, options: options)
        self.init(engine.engine, other: other.engine) { await other.reset() }
    }

    /// Measures every variant; the first problem warms up.
    package func run(_ variants: [Variant], on problems: [GradedProblem]) async throws -> [Row] {
        let searches = zip(
            try MeasuredSearch.all(variants, on: engine, problems),
            try MeasuredSearch.all(variants, on: restarting, problems))
        var rows: [Row] = []
        for (search, other) in searches { rows.append(try await compare(search, other, problems)) }
        return rows
    }

    private func compare(
        _ search: MeasuredSearch, _ other: MeasuredSearch, _ problems: [GradedProblem]
    ) async throws -> Row {
        for problem in problems.prefix(1) {
            _ = try await search.solve(problem)
            _ = try await other.solve(problem)
        }
        var seconds = (0.0, 0.0)
        var tokens = (0, 0)
        var differing = 0
        for problem in problems {
            let mine = try await search.solve(problem)
            let theirs = try await other.solve(problem)
            seconds.0 += mine.seconds
            seconds.1 += theirs.seconds
            tokens.0 += mine.usage.totalTokens
            tokens.1 += theirs.usage.totalTokens
            if mine.answer != theirs.answer { differing += 1 }
        }
        return Row(
            method: search.name, problems: problems.count, seconds: seconds.0, restartingSeconds: seconds.1,
            speedup: seconds.1 / seconds.0, tokens: tokens.0, restartingTokens: tokens.1, differentAnswers: differing)
    }

    package static func text(_ rows: [Row]) -> String {
        MarkdownTable(
            header: [
                "method", "problems", "seconds", "one by one, from the start", "speed-up", "tokens", "one by one",
                "answers changed",
            ],
            rows: rows.map { row in
                [
                    row.method, row.problems.grouped, row.seconds.fixed(2), row.restartingSeconds.fixed(2),
                    "\(row.speedup.fixed(1))x", row.tokens.grouped, row.restartingTokens.grouped,
                    "\(row.differentAnswers)",
                ]
            }
        ).lines.joined(separator: "\n")
    }
}
