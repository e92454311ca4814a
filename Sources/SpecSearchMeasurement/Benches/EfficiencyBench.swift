internal import Foundation
package import SpecSearch
package import SpecSearchEvaluation
package import SpecSearchLlama

/// The measurement of what is left of llama.cpp's own speed: `specsearch bench --efficiency`.
///
/// The engine reads a prompt, then generates so many thoughts of it, sampling included; llama.cpp alone does passes of the
/// same shapes, as `llama-batched-bench` would. Both take turns in one process, so that a drift of the machine's speed
/// cancels in their ratio.
package struct EfficiencyBench {
    /// The figures of one model and shape.
    package struct Row: Encodable {
        package let model: ModelRole
        /// Sequences of a decode step; nil for the prompt.
        package let sequences: Int?
        /// The mean tokens of a pass, which is less where thoughts end.
        package let tokens: Double
        /// Milliseconds of a pass here, all between passes included, and by llama.cpp alone: medians.
        package let milliseconds: Double
        package let bareMilliseconds: Double
        /// The repetitions.
        package let count: Int
        /// llama.cpp's time ÷ the engine's, geometric mean and its 95 % interval.
        package let efficiency: Double
        package let interval: Interval?
    }

    package static let widths = [1, 4, 12]
    private static let steps = 8
    private static let length = 128

    private let engine: LlamaEngine

    /// Loads the models, for thoughts that neither end early nor share their beginnings.
    package init(_ engine: LlamaEngine) async throws {
        var models = engine.models
        models.delimiter = "\u{1}\u{2}\u{3}"
        (models.rewardModel, models.rewardModelConfiguration) = (nil, nil)
        var options = engine.options
        options.sharesPrefixes = false
        options.adaptsThreads = false
        self.engine = try await LlamaEngine(models, options: options)
    }

    private struct Times {
        var mine: [Double] = []
        var bare: [Double] = []
        var tokens: [Double] = []
    }

    /// Measures draft and target; one more repetition warms up.
    package func run(repetitions: Int, progress: (String) -> Void = { _ in }) async throws -> [Row] {
        var rows: [Row] = []
        for model in [engine.draft, engine.target].compactMap(\.self) {
            var prefill = Times()
            var decodes = Self.widths.map { _ in Times() }
            for repetition in 0...repetitions {
                progress("\(model.role.rawValue) \(repetition) of \(repetitions)")
                for (place, width) in Self.widths.enumerated() {
                    let prompt = try await promptLength(model, repetition)
                    // Who is first changes with each repetition.
                    var bare = EngineMeasurement.BatchedTime()
                    if repetition % 2 == 0 { bare = try await measureBare(model, prompt, width) }
                    let mine = try await measure(model, width, repetition)
                    if repetition % 2 == 1 { bare = try await measureBare(model, prompt, width) }
                    if repetition == 0 { continue }
                    prefill.mine.append(mine.prefill)
                    prefill.bare.append(bare.prefill)
                    prefill.tokens.append(Double(prompt))
                    decodes[place].mine.append(mine.step)
                    decodes[place].bare.append(bare.steps.reduce(0, +) / Double(bare.steps.count))
                    decodes[place].tokens.append(mine.width)
                }
            }
            rows.append(Self.row(model.role, nil, prefill))
            for (width, times) in zip(Self.widths, decodes) { rows.append(Self.row(model.role, width, times)) }
        }
        return rows
    }

    private func problem(_ repetition: Int) -> Problem {
        let sentence =
            "The keeper of the lighthouse on island \(repetition) counts boats, and writes down what he sees. "
        return Problem(text: "Tell the whole story. " + String(repeating: sentence, count: Self.length / 20))
    }

    private func promptLength(_ model: LlamaLanguageModel, _ repetition: Int) async throws -> Int {
        try await engine.measurement.distinctTokens(
            of: [ReasoningPath(problem: problem(repetition), thoughts: [])], for: model.role) + 1
    }

    private func measureBare(
        _ model: LlamaLanguageModel, _ prompt: Int, _ width: Int
    ) async throws -> EngineMeasurement.BatchedTime {
        try await engine.measurement.batchedTimes(model.role, prompt: prompt, sequences: width, steps: Self.steps)
    }

    /// Seconds of the prompt and of a decode step, and the mean tokens of a step.
    private func measure(
        _ model: LlamaLanguageModel, _ width: Int, _ repetition: Int
    ) async throws -> (prefill: Double, step: Double, width: Double) {
        await engine.reset()
        let path = ReasoningPath(problem: problem(repetition))
        func sample(_ count: Int, tokens: Int) async throws -> (seconds: Double, usage: ModelUsage) {
            let sampling = SamplingParameters(temperature: 0.8, maximumTokens: tokens)
            let request = SampleRequest(
                path: path, count: count, sampling: sampling,
                key: RandomKey(seed: UInt64(repetition), problem: 0, depth: 0, node: 0, role: model.role))
            let start = ContinuousClock.now
            let samples = try await model.sample([request])
            return ((ContinuousClock.now - start) / .seconds(1), samples.usage[model.role])
        }
        let prefill = try await sample(1, tokens: 1)
        // The prompt's logits are kept, so the first tokens take no pass.
        let decode = try await sample(width, tokens: Self.steps + 1)
        let steps = Double(max(1, decode.usage.decodes))
        return (prefill.seconds, decode.seconds / steps, Double(decode.usage.evaluatedTokens) / steps)
    }

    private static func row(_ role: ModelRole, _ width: Int?, _ times: Times) -> Row {
        func median(_ values: [Double]) -> Double { PairedBootstrap.quantile(0.5, of: values.sorted()) * 1000 }
        return Row(
            model: role, sequences: width, tokens: times.tokens.reduce(0, +) / Double(max(1, times.tokens.count)),
            milliseconds: median(times.mine), bareMilliseconds: median(times.bare), count: times.mine.count,
            efficiency: PairedBootstrap.geometricMeanRatio(times.bare, times.mine) ?? 0,
            interval: PairedBootstrap().geometricMeanRatio(times.bare, times.mine))
    }

    package static func text(_ rows: [Row]) -> String {
        MarkdownTable(
            header: ["model", "pass", "tokens", "ms here", "llama.cpp alone", "efficiency", "95 % interval", "n"],
            rows: rows.map { row in
                [
                    row.model.rawValue, row.sequences.map { "decode, \($0) sequences" } ?? "prompt",
                    row.tokens.fixed(1), row.milliseconds.fixed(2), row.bareMilliseconds.fixed(2),
                    row.efficiency.fixed(3), row.interval.map { "\($0.lower.fixed(3)) … \($0.upper.fixed(3))" } ?? "–",
                    "\(row.count)",
                ]
            }
        ).lines.joined(separator: "\n")
    }
}
