package import SpecSearch
package import SpecSearchEvaluation

/// The measurement of problems side by side against the same problems one after the other: `specsearch bench --concurrency`.
package struct ConcurrencyBench {
    /// One variant's figures; seconds are of one problem.
    package struct Row: Encodable {
        package let method: String
        package let concurrency: Int
        package let problems: Int
        /// Problems a second together ÷ alone.
        package let throughput: Double
        /// Mean seconds of a problem, alone and together.
        package let seconds: [Double]
        /// Seconds of the same problem together ÷ alone: the mean and the largest of the ratios.
        package let latency: Double
        package let worstLatency: Double
        /// Problems whose answer differed, which floating point noise can bring about.
        package let differentAnswers: Int
    }

    private struct Run {
        var wall = 0.0
        var seconds: [Double] = []
        var answers: [String?] = []

        static func += (left: inout Run, right: Run) {
            left.wall += right.wall
            left.seconds += right.seconds
            left.answers += right.answers
        }
    }

    private let engine: Engine
    private let concurrency: Int

    /// - Parameter concurrency: How many problems are solved at once.
    package init(_ engine: some EngineConvertible, concurrency: Int) {
        self.engine = engine.engine
        self.concurrency = concurrency
    }

    /// Measures every variant.
    package func run(_ variants: [Variant], on problems: [GradedProblem]) async throws -> [Row] {
        var rows: [Row] = []
        for search in try MeasuredSearch.all(variants, on: engine, problems) {
            rows.append(try await run(search, on: problems))
        }
        return rows
    }

    /// Both ways in turn, a few problems at a time, so that a drift of the machine's speed cancels.
    private func run(_ search: MeasuredSearch, on problems: [GradedProblem]) async throws -> Row {
        var alone = Run()
        var together = Run()
        _ = try await measure(search, problems.prefix(2 * concurrency), atOnce: concurrency)
        let size = min(problems.count, 4 * concurrency)
        for (index, start) in stride(from: 0, to: problems.count, by: size).enumerated() {
            let part = problems[start..<min(problems.count, start + size)]
            if index % 2 == 0 { alone += try await measure(search, part, atOnce: 1) }
            together += try await measure(search, part, atOnce: concurrency)
            if index % 2 == 1 { alone += try await measure(search, part, atOnce: 1) }
        }
        let count = Double(problems.count)
        let ratios = zip(together.seconds, alone.seconds).map { $0 / $1 }
        return Row(
            method: search.name, concurrency: concurrency, problems: problems.count,
            throughput: alone.wall / together.wall,
            seconds: [alone, together].map { $0.seconds.reduce(0, +) / count },
            latency: ratios.reduce(0, +) / count, worstLatency: ratios.max() ?? 0,
            differentAnswers: zip(alone.answers, together.answers).count { $0 != $1 })
    }

    private func measure(
        _ search: MeasuredSearch, _ problems: ArraySlice<GradedProblem>, atOnce limit: Int
    ) async throws -> Run {
        var run = Run(seconds: problems.map { _ in 0 }, answers: problems.map { _ in nil })
        let begin = ContinuousClock.now
        try await withThrowingTaskGroup(of: (Int, SearchResult).self) { group in
            var running = 0
            for (index, problem) in problems.enumerated() {
                if running == limit, let (done, result) = try await group.next() {
                    (run.seconds[done], run.answers[done]) = (result.seconds, result.answer)
                    running -= 1
                }
                group.addTask { (index, try await search.solve(problem)) }
                running += 1
            }
            for try await (done, result) in group {
                (run.seconds[done], run.answers[done]) = (result.seconds, result.answer)
            }
        }
        run.wall = (ContinuousClock.now - begin) / .seconds(1)
        return run
    }

    package static func text(_ rows: [Row]) -> String {
        MarkdownTable(
            header: [
                "method", "at once", "problems", "throughput", "seconds alone", "at once", "latency", "worst",
                "answers changed",
            ],
            rows: rows.map { row in
                [
                    row.method, "\(row.concurrency)", row.problems.grouped, "\(row.throughput.fixed(2))x",
                    row.seconds[0].fixed(3), row.seconds[1].fixed(3), "\(row.latency.fixed(1))x",
                    "\(row.worstLatency.fixed(1))x", "\(row.differentAnswers)",
                ]
            }
        ).lines.joined(separator: "\n")
    }
}
