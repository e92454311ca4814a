import CKernels
import Foundation
package import SpecSearch

/// Scores the last steps of paths with one reward model, evaluating only what it has not seen yet.
///
/// Not `Sendable`: it belongs to the engine's queue.
package final class StepScorer {
    /// The reward model.
    package let runtime: ModelRuntime
    /// How scores are read.
    package let description: RewardDescription
    private let tag: StepTag?
    private let reading: ScoreReading?
    private let scheduler: BatchScheduler

    /// Makes a scorer.
    ///
    /// - Parameter path: The description's file, for errors.
    /// - Throws: ``EngineError`` `badModelFile` where the description does not fit the model.
    package init(
        runtime: ModelRuntime, description: RewardDescription, path: String,
        scheduler: BatchScheduler = BatchScheduler()
    ) throws(EngineError) {
        try description.check(path: path)
        self.runtime = runtime
        self.description = description
        self.scheduler = scheduler
        reading = try ScoreReading(
            description: description, vocabulary: runtime.vocabulary, width: runtime.decoder.context.rowLength,
            path: path)
        tag =
            reading == nil
            ? nil : try StepTag(description: description, vocabulary: runtime.vocabulary, path: path)
    }

    /// Scores the last thought of each path.
    ///
    /// - Throws: ``EngineError`` `badScore` where a score is missing or not finite; `CancellationError`.
    package func evaluate(
        _ paths: [ReasoningPath], cancellation: SequenceGroup.Cancellation? = nil
    ) async throws -> StepScores {
        let (raw, usage) = try await read(paths, cancellation, by: scores)
        var scores: [Double] = []
        for (path, score) in zip(paths, raw) {
            guard score.isFinite, score >= 0, score <= 1 + 1e-6 else {
                throw EngineError(
                    .badScore,
                    "\(runtime.decoder.context.model.path) gave the score \(score) for the step "
                        + "\"\(path.thoughts.last?.text ?? "")\".",
                    remedy: "The model file may be damaged: check its checksum.")
            }
            scores.append(min(1, description.calibration?(score) ?? score))
        }
        return StepScores(scores: scores, usage: usage)
    }

    /// The weights of a judge's grades for the last thought of each path; a calibration does not change them.
    ///
    /// - Throws: ``EngineError``; `CancellationError`.
    package func grade(
        _ paths: [ReasoningPath], cancellation: SequenceGroup.Cancellation? = nil
    ) async throws -> StepGrades {
        let (weights, usage) = try await read(paths, cancellation, by: grades)
        return StepGrades(weights: weights, usage: usage)
    }

    /// The logarithms of the probabilities with which the model would write the last thought of each path; for likelihood
    /// verifiers.
    ///
    /// - Parameters:
    ///   - parameters: How tokens are drawn.
    ///   - vocabularyCount: How many tokens take part.
    /// - Throws: ``EngineError``; `CancellationError`.
    package func logLikelihoods(
        _ paths: [ReasoningPath], parameters: SamplingParameters, vocabularyCount: Int,
        cancellation: SequenceGroup.Cancellation? = nil
    ) async throws -> ThoughtLikelihoods {
        let (values, usage) = try await read(paths, cancellation) { requests, nodes throws(EngineError) in
            try logLikelihoods(requests, at: nodes, parameters, vocabularyCount)
        }
        return ThoughtLikelihoods(values: values, usage: usage)
    }

    /// Has the model evaluate the paths, in groups that fit into its cache, and reads something of each.
    private func read<Value>(
        _ paths: [ReasoningPath], _ cancellation: SequenceGroup.Cancellation?,
        by read: (ArraySlice<Request>, [[PrefixTree.NodeID]]) throws -> [Value]
    ) async throws -> ([Value], Usage) {
        let group = scheduler.makeGroup(on: [runtime.decoder], cancellation: cancellation)
        var requests: [Request] = []
        requests.reserveCapacity(paths.count)
        for path in paths { requests.append(try request(for: path)) }
        let retokenized = runtime.takeRetokenizedTokens()
        var values: [Value] = []
        values.reserveCapacity(paths.count)
        while values.count < requests.count {
            let part = requests[values.count..<groupEnd(requests, from: values.count)]
            values += try await scheduler.perform(group) { try await evaluate(part, in: group, then: read) }
        }
        var usage = group.cost(of: runtime.decoder)
        usage.retokenizedTokens = retokenized
        return (values, Usage(models: [runtime.role: usage]))
    }

    /// The tokens of a path in this model, for keeping its branch of the cache.
    package func tokens(of path: ReasoningPath) throws(EngineError) -> [Token] {
        if let tag { return try tag.tokens(of: path, runtime: runtime) }
        return try runtime.allTokens(of: path)
    }

    /// What is to be evaluated for one path.
    private struct Request {
        /// The tokens, prompt first.
        var tokens: [Token]
        /// Likelihood: the logits after each of the tokens `first ..< tokens.count` are needed, and `targets` are the
        /// tokens that they predict.
        var first: Int
        var targets: ArraySlice<Token>
    }

    private func request(for path: ReasoningPath) throws(EngineError) -> Request {
        guard let last = path.thoughts.last, !last.tokens.isEmpty else {
            throw EngineError(
                .badScore, "The problem \"\(path.problem.id)\" has no step to score.", remedy: "Score paths with steps."
            )
        }
        if let tag {
            let tokens = try tag.tokens(of: path, runtime: runtime)
            try runtime.check(count: tokens.count - 1, of: path)
            return Request(tokens: tokens, first: tokens.count - 1, targets: [])
        }
        var tokens = try runtime.allTokens(of: path)
        let step = runtime.tokens(of: last, for: path.problem)
        for token in step where token < 0 || Int(token) >= runtime.vocabulary.count {
            throw EngineError(
                .mismatch,
                "Token \(token) of a step is not in the vocabulary of \(runtime.decoder.context.model.path).",
                remedy: "A likelihood verifier needs the vocabulary of the models that write.")
        }
        let targets = tokens[(tokens.count - step.count)...]
        tokens.removeLast()
        try runtime.check(count: tokens.count, of: path)
        return Request(tokens: tokens, first: targets.startIndex - 1, targets: targets)
    }

    /// The end of the requests from `start` on that fit into the cache together.
    private func groupEnd(_ requests: [Request], from start: Int) -> Int {
        let context = runtime.decoder.context
        var cells = requests[start].tokens.count
        var end = start + 1
        while end < requests.count, end - start < context.sequenceCapacity - 2 {
            let shared = zip(requests[end].tokens, requests[end - 1].tokens).prefix { $0 == $1 }.count
            cells += requests[end].tokens.count - shared
            if cells > context.cellCapacity { break }
            end += 1
        }
        return end
    }

    private func evaluate<Value>(
        _ requests: ArraySlice<Request>, in group: SequenceGroup,
        then read: (ArraySlice<Request>, [[PrefixTree.NodeID]]) throws -> [Value]
    ) async throws -> [Value] {
        let decoder = runtime.decoder
        var nodes: [[PrefixTree.NodeID]] = []
        defer { for path in nodes { if let last = path.last { decoder.tree.unpin(last) } } }
        for request in requests {
            var path = [decoder.tree.insert(path: request.tokens[...request.first])]
            for token in request.tokens[(request.first + 1)...] {
                path.append(decoder.tree.insert(token, under: path[path.count - 1]))
            }
            decoder.tree.pin(path[path.count - 1])
            nodes.append(path)
        }
        try await scheduler.evaluate(Array(nodes.joined()), on: decoder, for: group)
        return try read(requests, nodes)
    }

    private func grades(
        _ requests: ArraySlice<Request>, at nodes: [[PrefixTree.NodeID]]
    ) throws(EngineError) -> [[Double]] {
        var grades: [[Double]] = []
        for path in nodes { grades.append(reading?.weights(try runtime.decoder.row(of: path[path.count - 1])) ?? []) }
        return grades
    }

    /// The same sum as a likelihood verifier's, of probabilities as writers have them.
    private func logLikelihoods(
        _ requests: ArraySlice<Request>, at nodes: [[PrefixTree.NodeID]], _ parameters: SamplingParameters,
        _ vocabularyCount: Int
    ) throws(EngineError) -> [Double] {
        var warp = TokenWarp(count: vocabularyCount)
        let probabilities = UnsafeMutablePointer<Float>.allocate(capacity: vocabularyCount)
        defer { probabilities.deallocate() }
        var sums: [Double] = []
        for (request, path) in zip(requests, nodes) {
            var sum = 0.0
            for (node, token) in zip(path, request.targets) {
                try warp.apply(parameters, to: try runtime.decoder.row(of: node), into: probabilities)
                sum += Int(token) < vocabularyCount ? log(Double(probabilities[Int(token)])) : -.infinity
            }
            sums.append(min(0, max(sum, ThoughtLikelihoods.impossible)))
        }
        return sums
    }

    private func scores(
        _ requests: ArraySlice<Request>, at nodes: [[PrefixTree.NodeID]]
    ) throws(EngineError) -> [Double] {
        let decoder = runtime.decoder
        var normalisers: [PrefixTree.NodeID: Double] = [:]
        let count = Int32(decoder.context.vocabularyCount)
        var scores: [Double] = []
        scores.reserveCapacity(requests.count)
        for (request, path) in zip(requests, nodes) {
            if let reading {
                scores.append(reading(try decoder.row(of: path[path.count - 1])))
                continue
            }
            var total = 0.0
            for (node, token) in zip(path, request.targets) {
                let row = try decoder.row(of: node)
                let normaliser: Double
                if let known = normalisers[node] {
                    normaliser = known
                } else {
                    let best = specsearch_argmax(row, count)
                    normaliser = specsearch_log_sum_exp(row, count, row[Int(best)])
                    normalisers[node] = normaliser
                }
                total += min(0, Double(row[Int(token)]) - normaliser)
            }
            scores.append(exp(total))
        }
        return scores
    }
}
