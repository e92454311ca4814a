internal import SpecSearch
internal import SpecSearchLlama

/// Measures what searches by the large model with token-level speculation (SpS) cost with drafts of several lengths.
struct DraftLengthBench {
    static let lengths = [0, 2, 4, 8, 12, 16]

    let engine: LlamaEngine
    let configuration: SearchConfiguration

    /// Seconds of a problem by the draft length: processor time where passes have one thread, so that the machine's other
    /// work does not matter.
    func run(_ problems: [Problem], progress: (Int) -> Void) async throws -> [Int: Double] {
        let measuresProcessor = engine.options.threads == 1
        let search = Search(configuration, models: engine.models(for: .sps))
        var seconds: [Int: Double] = [:]
        for (index, problem) in problems.enumerated() {
            for turn in Self.lengths.indices {
                let length = Self.lengths[(turn + index) % Self.lengths.count]
                await engine.setDraftLength(length)
                let begin = ConcurrencyBench.processorSeconds()
                let result = try await search.run(problem)
                try Task.checkCancellation()
                // The first problem warms up.
                if index == 0 && problems.count > 1 { continue }
                seconds[length, default: 0] +=
                    measuresProcessor ? ConcurrencyBench.processorSeconds() - begin : result.seconds
            }
            progress(index + 1)
        }
        return seconds.mapValues { $0 / Double(max(1, problems.count - 1)) }
    }
}
