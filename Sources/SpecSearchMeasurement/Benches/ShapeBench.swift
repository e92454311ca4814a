internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// `specsearch bench --shape openr`: a search against the same search in the way of a framework that talks to a model as to
/// a server without memory: paths one after the other, prefixes and the reward model's text computed from the start at
/// every step, samples that share nothing but their prompt.
struct ShapeBench {
    struct Row: Encodable {
        let method: String
        let problems: Int
        /// Wall-clock seconds, here and in the other way.
        let seconds: Double
        let restartingSeconds: Double
        let speedup: Double
        /// The same by processor seconds, which a busy machine leaves alone.
        let processorSpeedup: Double
        /// Tokens evaluated by all models, here and in the other way.
        let tokens: Int
        let restartingTokens: Int
        /// Problems whose answer differed, which floating point noise can bring about.
        let differentAnswers: Int
    }

    let engine: LlamaEngine
    /// An engine whose samples share nothing.
    let restarting: LlamaEngine

    func run(_ name: String, _ search: Search, _ problems: [Problem]) async throws -> Row {
        let forget = { @Sendable [restarting] in await restarting.reset() }
        let judge = try restarting.evaluator(search.configuration.judge)
        let models = restarting.models(for: search.configuration.method, judge: judge)
        let other = Search(
            search.configuration,
            models: SearchModels(
                draft: models.draft.map { RestartingSampler(base: $0, forget: forget) },
                target: models.target.map { RestartingSampler(base: $0, forget: forget) },
                evaluator: RestartingEvaluator(base: models.evaluator, forget: forget)))
        var seconds = (0.0, 0.0)
        var processor = (0.0, 0.0)
        var tokens = (0, 0)
        var differing = 0
        if let first = problems.first {
            _ = try await search.run(first)
            _ = try await other.run(first)
        }
        for problem in problems {
            let begin = ConcurrencyBench.processorSeconds()
            let mine = try await search.run(problem)
            let mineSeconds = ConcurrencyBench.processorSeconds() - begin
            let middle = ConcurrencyBench.processorSeconds()
            let theirs = try await other.run(problem)
            processor.0 += mineSeconds
            processor.1 += ConcurrencyBench.processorSeconds() - middle
            try Task.checkCancellation()
            seconds.0 += mine.seconds
            seconds.1 += theirs.seconds
            tokens.0 += mine.usage.totalTokens
            tokens.1 += theirs.usage.totalTokens
            if mine.answer != theirs.answer { differing += 1 }
        }
        return Row(
            method: name, problems: problems.count, seconds: seconds.0, restartingSeconds: seconds.1,
            speedup: seconds.1 / seconds.0, processorSpeedup: processor.1 / processor.0, tokens: tokens.0,
            restartingTokens: tokens.1, differentAnswers: differing)
    }

    static func text(_ rows: [Row]) -> String {
        MarkdownTable(
            header: [
                "method", "problems", "seconds", "one by one, from the start", "speed-up", "by processor time",
                "tokens",
                "one by one",
                "answers changed",
            ],
            rows: rows.map { row in
                [
                    row.method, row.problems.grouped, row.seconds.fixed(2), row.restartingSeconds.fixed(2),
                    "\(row.speedup.fixed(1))x", "\(row.processorSpeedup.fixed(1))x", row.tokens.grouped,
                    row.restartingTokens.grouped,
                    "\(row.differentAnswers)",
                ]
            }
        ).lines.joined(separator: "\n")
    }
}
