internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// `specsearch bench --engine`: what a forward pass of each model costs by llama.cpp alone, and how much of that speed is
/// left inside a search.
struct EngineBench {
    /// One model's figures.
    private struct Row: Encodable {
        let model: String
        /// Median milliseconds of a pass in a bare loop, by batch size.
        let milliseconds: [String: Double]
        /// The bare loop's time for the passes of the searches ÷ their time there; nil without passes.
        let efficiency: Double?
        /// The passes that the efficiency rests on.
        let passes: Int
    }

    static let batchSizes = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48]

    /// Measures bare passes, then searches, then bare passes again, so that a drift of the machine's speed cancels.
    static func run(
        _ engine: LlamaEngine, problems: [GradedProblem], searches: [Search], json: Bool
    ) async throws -> String {
        let before = try await engine.benchmarkDecode(batchSizes: batchSizes, prefixLength: 128, passes: 20)
        let start = await engine.passStatistics()
        for problem in problems {
            for search in searches {
                _ = try await search.run(problem.problem)
                await engine.reset()
                try Task.checkCancellation()
            }
        }
        let end = await engine.passStatistics()
        let after = try await engine.benchmarkDecode(batchSizes: batchSizes, prefixLength: 128, passes: 20)
        let rows = ModelRole.allCases.map { role in
            let times = batchSizes.map { size in
                let both = (before + after).filter { $0.role == role && $0.batchSize == size }.map(\.median)
                return both.reduce(0, +) / Double(max(both.count, 1))
            }
            var bare = 0.0
            var spent = 0.0
            var passes = 0
            for statistics in end where statistics.role == role && statistics.batchSize <= batchSizes.last ?? 0 {
                let earlier = start.first { $0.role == role && $0.batchSize == statistics.batchSize }
                let count = statistics.passes - (earlier?.passes ?? 0)
                bare += Double(count) * time(of: statistics.batchSize, times)
                spent += (statistics.seconds - (earlier?.seconds ?? 0)) * 1000
                passes += count
            }
            return Row(
                model: role.rawValue,
                milliseconds: Dictionary(uniqueKeysWithValues: zip(batchSizes.map(String.init), times)),
                efficiency: spent > 0 ? bare / spent : nil, passes: passes)
        }
        if json { return try ["models": rows].json() }
        let table = MarkdownTable(
            header: ["milliseconds a pass"] + batchSizes.map(String.init) + ["speed in a search", "passes"],
            rows: rows.map { row in
                [row.model] + batchSizes.map { (row.milliseconds["\($0)"] ?? 0).fixed(2) }
                    + [row.efficiency?.percent ?? "–", row.passes.grouped]
            })
        return table.lines.joined(separator: "\n")
    }

    /// The bare time at a batch size, linear between the measured ones.
    static func time(of size: Int, _ times: [Double]) -> Double {
        guard let above = batchSizes.firstIndex(where: { $0 >= size }) else { return times.last ?? 0 }
        guard above > 0 else { return times[0] }
        let (low, high) = (batchSizes[above - 1], batchSizes[above])
        let share = Double(size - low) / Double(high - low)
        return times[above - 1] + share * (times[above] - times[above - 1])
    }
}
