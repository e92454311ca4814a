package import SpecSearch

/// Writes thoughts with one model, token by token, all of them in one pass per token.
///
/// Samples of a path that have drawn the same tokens so far share one branch of the cache and one row of logits until
/// they part, so the work is that of the distinct texts; each draws from its own random stream, so the law is that of
/// independent samples. Not `Sendable`: it belongs to the engine's queue.
package final class ThoughtWriter {
    /// The model that writes.
    package let runtime: ModelRuntime
    /// Whether equal beginnings of samples share their evaluation.
    package let sharesSamples: Bool
    private let delimiter: StepDelimiter
    private let probabilities: ProbabilityCache

    /// A writer over the first `vocabularyCount` tokens of the model's vocabulary.
    package init(runtime: ModelRuntime, delimiter: StepDelimiter, vocabularyCount: Int, sharesSamples: Bool = true) {
        self.runtime = runtime
        self.delimiter = delimiter
        self.sharesSamples = sharesSamples
        probabilities = ProbabilityCache(count: vocabularyCount)
    }

    /// Writes `request.count` thoughts for each request.
    ///
    /// - Throws: ``EngineError``, or `CancellationError` between two passes; nothing stays pinned.
    package func write(_ requests: [ThoughtRequest]) throws -> SampledThoughts {
        let decoder = runtime.decoder
        let meter = UsageMeter(decoder)
        var paths: [[Token]] = []
        for request in requests { paths.append(try runtime.tokens(of: request.path)) }
        let plan = try WritingPlan(
            requests: requests, paths: paths, cells: decoder.context.cellCapacity,
            sequences: decoder.context.sequenceCapacity, contextLength: runtime.contextLength, slack: 1)
        var thoughts: [[Thought]] = requests.map { _ in [] }
        var usage = ModelUsage()
        for group in plan.groups {
            for lane in try write(group, of: requests, usage: &usage) {
                usage.outputTokens += lane.tokens.count
                thoughts[lane.request].append(lane.thought(vocabulary: runtime.vocabulary, author: runtime.role))
            }
        }
        meter.finish(&usage)
        return SampledThoughts(thoughts: thoughts, usage: Usage(models: [runtime.role: usage]))
    }

    private func write(
        _ group: [WritingPlan.Unit], of requests: [ThoughtRequest], usage: inout ModelUsage
    ) throws -> [WritingLane] {
        let decoder = runtime.decoder
        var lanes: [WritingLane] = []
        defer {
            for lane in lanes { decoder.tree.unpin(lane.node) }
            decoder.abandon()
        }
        decoder.tick()
        let evaluatedBefore = decoder.evaluatedCount
        for unit in group {
            let end = decoder.tree.insert(path: unit.tokens)
            decoder.want(end)
            for sample in unit.samples {
                decoder.tree.pin(end)
                lanes.append(
                    WritingLane(
                        unit: unit, sample: sample, request: requests[unit.request], node: end,
                        contextLength: runtime.contextLength))
            }
        }
        try decoder.evaluate()
        usage.prefillTokens += decoder.evaluatedCount - evaluatedBefore
        var active = Array(lanes.indices)
        while true {
            decoder.tick()
            probabilities.begin()
            var next: [Int] = []
            next.reserveCapacity(active.count)
            for index in active {
                let parameters = requests[lanes[index].request].parameters
                let row = try probabilities.probabilities(
                    after: lanes[index].node, parameters: parameters, decoder: decoder)
                let token = try probabilities.draw(
                    row, uniform: lanes[index].key.uniform(position: lanes[index].tokens.count, purpose: .token))
                lanes[index].append(token, vocabulary: runtime.vocabulary, delimiter: delimiter)
                if lanes[index].stop == nil {
                    let child = decoder.tree.insert(token, under: lanes[index].node, isShared: sharesSamples)
                    decoder.tree.pin(child)
                    decoder.tree.unpin(lanes[index].node)
                    lanes[index].node = child
                    decoder.want(child)
                    next.append(index)
                }
            }
            active = next
            if active.isEmpty { return lanes }
            try decoder.evaluate()
        }
    }
}
