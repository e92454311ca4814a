internal import SpecSearch
internal import SpecSearchLlama

/// What passes cost when nothing but llama.cpp runs, against which a search's passes are measured.
struct BareLoop {
    private var measured: [LlamaEngine.DecodeBenchmark]

    init(_ engine: LlamaEngine) async throws {
        measured = try await Self.measure(engine)
    }

    /// Once more, for the mean of both.
    mutating func measureAgain(_ engine: LlamaEngine) async throws { measured += try await Self.measure(engine) }

    private static func measure(_ engine: LlamaEngine) async throws -> [LlamaEngine.DecodeBenchmark] {
        try await engine.benchmarkDecode(batchSizes: EngineBench.batchSizes, prefixLength: 128, passes: 20)
    }

    /// The bare time of some passes ÷ the time that they took, by model; without passes wider than what was measured.
    func efficiency(_ passes: [LlamaEngine.PassStatistics]) -> [ModelRole: Double] {
        var result: [ModelRole: Double] = [:]
        for role in ModelRole.allCases {
            let times = EngineBench.batchSizes.map { size in
                let same = measured.filter { $0.role == role && $0.batchSize == size }.map(\.median)
                return same.reduce(0, +) / Double(max(same.count, 1))
            }
            let own = passes.filter { $0.role == role && $0.batchSize <= EngineBench.batchSizes.last ?? 0 }
            let spent = own.reduce(0) { $0 + $1.seconds }
            let bare = own.reduce(0) { $0 + Double($1.passes) * EngineBench.time(of: $1.batchSize, times) / 1000 }
            if spent > 0 { result[role] = bare / spent }
        }
        return result
    }
}
