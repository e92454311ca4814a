internal import SpecSearch
package import SpecSearchEvaluation
package import SpecSearchLlama

/// The measurement of what a forward pass of each model costs by llama.cpp alone, and how much of that speed is left inside a search:
/// `specsearch bench --engine`.
package struct EngineBench {
    /// One model's figures.
    package struct Row: Encodable {
        package let model: String
        /// Median milliseconds of a pass in a bare loop, by batch size.
        package let milliseconds: [String: Double]
        /// The bare loop's time for the decode steps of the searches ÷ their time there; nil without any.
        package let efficiency: Double?
        /// The passes that the efficiency rests on.
        package let passes: Int
    }

    static let batchSizes = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48]

    private let engine: LlamaEngine

    package init(_ engine: LlamaEngine) { self.engine = engine }

    /// Measures bare passes, then searches, then bare passes again, so that a drift of the machine's speed cancels.
    package func run(_ variants: [Variant], on problems: [GradedProblem]) async throws -> [Row] {
        let searches = try MeasuredSearch.all(variants, on: engine.engine, problems)
        let before = try await bareTimes()
        let start = await engine.measurement.passes()
        for problem in problems {
            for search in searches {
                _ = try await search.solve(problem)
                await engine.reset()
            }
        }
        let end = await engine.measurement.passes()
        let bare = before + (try await bareTimes())
        return ModelRole.allCases.filter { role in bare.contains { $0.role == role } }.map { role in
            Self.row(role, bare, from: start, to: end)
        }
    }

    private func bareTimes() async throws -> [EngineMeasurement.DecodeTime] {
        try await engine.measurement.decodeTimes(batchSizes: Self.batchSizes, prefixLength: 128, passes: 20)
    }

    private static func row(
        _ role: ModelRole, _ bare: [EngineMeasurement.DecodeTime], from start: [EngineMeasurement.Passes],
        to end: [EngineMeasurement.Passes]
    ) -> Row {
        let times = batchSizes.map { size in
            let both = bare.filter { $0.role == role && $0.batchSize == size }.map(\.median)
            return both.reduce(0, +) / Double(max(both.count, 1))
        }
        var expected = 0.0
        var spent = 0.0
        var passes = 0
        for late in end where late.role == role && !late.isPrefill && late.batchSize <= batchSizes[batchSizes.count - 1]
        {
            let early = start.first { $0.role == role && !$0.isPrefill && $0.batchSize == late.batchSize }
            let count = late.count - (early?.count ?? 0)
            expected += Double(count) * time(of: late.batchSize, times)
            spent += (late.seconds - (early?.seconds ?? 0)) * 1000
            passes += count
        }
        return Row(
            model: role.rawValue,
            milliseconds: Dictionary(uniqueKeysWithValues: zip(batchSizes.map(String.init), times)),
            efficiency: spent > 0 ? expected / spent : nil, passes: passes)
    }

    /// The bare time at a batch size, linear between the measured ones.
    package static func time(of size: Int, _ times: [Double]) -> Double {
        guard let above = batchSizes.firstIndex(where: { $0 >= size }) else { return times.last ?? 0 }
        guard above > 0 else { return times[0] }
        let (low, high) = (batchSizes[above - 1], batchSizes[above])
        let share = Double(size - low) / Double(high - low)
        return times[above - 1] + share * (times[above] - times[above - 1])
    }

    package static func text(_ rows: [Row]) -> String {
        MarkdownTable(
            header: ["milliseconds a pass"] + batchSizes.map(String.init) + ["speed in a search", "passes"],
            rows: rows.map { row in
                [row.model] + batchSizes.map { (row.milliseconds["\($0)"] ?? 0).fixed(2) }
                    + [row.efficiency?.percent ?? "–", row.passes.grouped]
            }
        ).lines.joined(separator: "\n")
    }
}
