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
    private let scheduler: BatchScheduler

    /// A writer over the first `vocabularyCount` tokens of the model's vocabulary.
    package init(
        runtime: ModelRuntime, delimiter: StepDelimiter, vocabularyCount: Int, sharesSamples: Bool = true,
        scheduler: BatchScheduler = BatchScheduler()
    ) {
        self.runtime = runtime
        self.delimiter = delimiter
        self.sharesSamples = sharesSamples
        self.scheduler = scheduler
        probabilities = ProbabilityCache(count: vocabularyCount)
    }

    /// Writes `request.count` thoughts for each request.
    ///
    /// - Throws: ``EngineError``, or `CancellationError` between two passes; nothing stays pinned.
    package func write(
        _ requests: [ThoughtRequest], cancellation: SequenceGroup.Cancellation? = nil
    ) async throws -> SampledThoughts {
        let decoder = runtime.decoder
        let group = scheduler.makeGroup(on: [decoder], cancellation: cancellation)
        var paths: [[Token]] = []
        for request in requests { paths.append(try runtime.tokens(of: request.path)) }
        let plan = try WritingPlan(
            requests: requests, paths: paths, cells: decoder.context.cellCapacity,
            sequences: decoder.context.sequenceCapacity, contextLength: runtime.contextLength, slack: 1)
        var thoughts: [[Thought]] = requests.map { _ in [] }
        var usage = ModelUsage()
        usage.retokenizedTokens = runtime.takeRetokenizedTokens()
        for units in plan.groups {
            let written = try await scheduler.perform(group) { try await write(units, of: requests, in: group) }
            usage.prefillTokens += written.prefillTokens
            for lane in written.lanes {
                usage.outputTokens += lane.tokens.count
                thoughts[lane.request].append(lane.thought(vocabulary: runtime.vocabulary, author: runtime.role))
            }
        }
        usage += group.cost(of: decoder)
        return SampledThoughts(thoughts: thoughts, usage: Usage(models: [runtime.role: usage]))
    }

    /// The thoughts of some units, and what is left to do.
    private struct Writing {
        var lanes: [WritingLane] = []
        /// The lanes that are not at their end.
        var active: [Int] = []
        var prefillTokens = 0
    }

    private func write(
        _ units: [WritingPlan.Unit], of requests: [ThoughtRequest], in group: SequenceGroup
    ) async throws -> Writing {
        var writing = begin(units, of: requests)
        defer { for lane in writing.lanes { runtime.decoder.tree.unpin(lane.node) } }
        while !writing.active.isEmpty {
            let nodes = writing.active.map { writing.lanes[$0].node }
            try await scheduler.evaluate(nodes, on: runtime.decoder, for: group)
            try draw(&writing, requests)
        }
        return writing
    }

    private func begin(_ units: [WritingPlan.Unit], of requests: [ThoughtRequest]) -> Writing {
        let decoder = runtime.decoder
        let pendingBefore = decoder.tree.pendingCount
        var writing = Writing()
        for unit in units {
            let end = decoder.tree.insert(path: unit.tokens)
            for sample in unit.samples {
                decoder.tree.pin(end)
                writing.lanes.append(
                    WritingLane(
                        unit: unit, sample: sample, request: requests[unit.request], node: end,
                        contextLength: runtime.contextLength))
            }
        }
        writing.prefillTokens = decoder.tree.pendingCount - pendingBefore
        writing.active = Array(writing.lanes.indices)
        return writing
    }

    /// Draws the next token of every active lane.
    private func draw(_ writing: inout Writing, _ requests: [ThoughtRequest]) throws(EngineError) {
        let decoder = runtime.decoder
        probabilities.begin()
        var next: [Int] = []
        next.reserveCapacity(writing.active.count)
        for index in writing.active {
            let node = writing.lanes[index].node
            let row = try probabilities.probabilities(
                after: node, parameters: requests[writing.lanes[index].request].parameters, decoder: decoder)
            let token = try probabilities.draw(row, uniform: writing.lanes[index].nextUniform(.token))
            writing.lanes[index].append(token, from: row, vocabulary: runtime.vocabulary, delimiter: delimiter)
            if writing.lanes[index].stop == nil {
                let child = decoder.tree.insert(token, under: node, isShared: sharesSamples)
                decoder.tree.pin(child)
                decoder.tree.unpin(node)
                writing.lanes[index].node = child
                next.append(index)
            }
        }
        writing.active = next
    }
}
