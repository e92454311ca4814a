package import SpecSearch

/// The measurement of the time of searches by the target with token-level speculation (SpS), by how many tokens the draft proposes at once:
/// for `specsearch tune`.
package struct SpeculationBench {
    /// The numbers that are tried.
    package static let numbers = [0, 2, 4, 8, 12, 16]

    private let engine: Engine

    package init(_ engine: some EngineConvertible) { self.engine = engine.engine }

    /// Measures on some problems, of which the first warms up.
    ///
    /// - Parameter progress: Called after every problem with how many are done.
    /// - Returns: Mean seconds of a problem by the number of tokens.
    package func run(_ problems: [Problem], progress: (Int) -> Void) async throws -> [Int: Double] {
        var seconds: [Int: Double] = [:]
        for (index, problem) in problems.enumerated() {
            for turn in Self.numbers.indices {
                let number = Self.numbers[(turn + index) % Self.numbers.count]
                var engine = engine
                engine.defaults.numSpeculativeTokens = number
                let result = try await Search(engine, generator: .speculativeDecoding).solve(problem)
                try Task.checkCancellation()
                if index > 0 || problems.count == 1 { seconds[number, default: 0] += result.seconds }
            }
            progress(index + 1)
        }
        return seconds.mapValues { $0 / Double(max(1, problems.count - 1)) }
    }
}
