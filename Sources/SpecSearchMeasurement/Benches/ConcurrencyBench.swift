internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// `specsearch bench --concurrency`: problems side by side against the same problems one after the other.
struct ConcurrencyBench {
    /// One method's figures; seconds are of one problem.
    struct Row: Encodable {
        let method: String
        let concurrency: Int
        let problems: Int
        /// Problems a second together ÷ alone.
        let throughput: Double
        /// Processor seconds a problem, alone and together: fair where the machine does other work too.
        let processorSeconds: [Double]
        /// Mean seconds of a problem, alone and together.
        let seconds: [Double]
        /// Seconds of the same problem together ÷ alone: the mean and the largest of the ratios.
        let latency: Double
        let worstLatency: Double
        /// Problems whose answer differed, which floating point noise can bring about.
        let differentAnswers: Int
    }

    private struct Run {
        var wall = 0.0
        var processor = 0.0
        var seconds: [Double] = []
        var answers: [String?] = []

        static func += (left: inout Run, right: Run) {
            left.wall += right.wall
            left.processor += right.processor
            left.seconds += right.seconds
            left.answers += right.answers
        }
    }

    let engine: LlamaEngine
    let concurrency: Int

    /// Both ways in turn, a few problems at a time, so that a drift of the machine's speed cancels.
    func run(_ name: String, _ search: Search, _ problems: [Problem]) async throws -> Row {
        var alone = Run()
        var together = Run()
        _ = try await measure(search, Array(problems.prefix(2 * concurrency)), atOnce: concurrency)
        let size = min(problems.count, 4 * concurrency)
        for (index, start) in stride(from: 0, to: problems.count, by: size).enumerated() {
            let part = Array(problems[start..<min(problems.count, start + size)])
            if index % 2 == 0 { alone += try await measure(search, part, atOnce: 1) }
            together += try await measure(search, part, atOnce: concurrency)
            if index % 2 == 1 { alone += try await measure(search, part, atOnce: 1) }
        }
        let count = Double(problems.count)
        let ratios = zip(together.seconds, alone.seconds).map { $0 / $1 }
        return Row(
            method: name, concurrency: concurrency, problems: problems.count, throughput: alone.wall / together.wall,
            processorSeconds: [alone.processor / count, together.processor / count],
            seconds: [alone, together].map { $0.seconds.reduce(0, +) / count },
            latency: ratios.reduce(0, +) / count, worstLatency: ratios.max() ?? 0,
            differentAnswers: zip(alone.answers, together.answers).count { $0 != $1 })
    }

    private func measure(_ search: Search, _ problems: [Problem], atOnce limit: Int) async throws -> Run {
        let solve = { @Sendable (index: Int) in
            let result = try await search.run(problems[index])
            try Task.checkCancellation()
            return (index, result)
        }
        var run = Run()
        run.seconds = problems.map { _ in 0 }
        run.answers = problems.map { _ in nil }
        let processor = Self.processorSeconds()
        let begin = ContinuousClock.now
        try await withThrowingTaskGroup(of: (Int, SearchResult).self) { group in
            var next = 0
            while next < min(limit, problems.count) {
                group.addTask { [next] in try await solve(next) }
                next += 1
            }
            for try await (index, result) in group {
                run.seconds[index] = result.seconds
                run.answers[index] = result.answer
                if next < problems.count {
                    group.addTask { [next] in try await solve(next) }
                    next += 1
                }
            }
        }
        run.wall = (ContinuousClock.now - begin) / .seconds(1)
        run.processor = Self.processorSeconds() - processor
        return run
    }

    /// What this process has used so far.
    static func processorSeconds() -> Double {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) * 1e-6 }
    }

    static func text(_ rows: [Row]) -> String {
        MarkdownTable(
            header: [
                "method", "at once", "problems", "throughput", "seconds alone", "at once", "latency", "worst",
                "processor seconds alone", "at once", "answers changed",
            ],
            rows: rows.map { row in
                [
                    row.method, "\(row.concurrency)", row.problems.grouped, "\(row.throughput.fixed(2))x",
                    row.seconds[0].fixed(3), row.seconds[1].fixed(3), "\(row.latency.fixed(1))x",
                    "\(row.worstLatency.fixed(1))x", row.processorSeconds[0].fixed(3), row.processorSeconds[1].fixed(3),
                    "\(row.differentAnswers)",
                ]
            }
        ).lines.joined(separator: "\n")
    }
}
