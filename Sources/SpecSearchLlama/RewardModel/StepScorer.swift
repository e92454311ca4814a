import CKernels
import Foundation
package import SpecSearch

/// Scores the last steps of paths with one reward model, evaluating only what it has not seen yet.
///
/// Not `Sendable`: it belongs to the engine's queue.
package final class StepScorer {
    /// What runs the model.
    package let runner: ModelRunner
    /// How paths become its tokens.
    package let tokenizer: PathTokenizer
    /// The role that its work is charged to.
    package let role: ModelRole
    /// How scores are read.
    package let configuration: RewardModelConfiguration
    /// Nil where the step's own tokens are read.
    private let stepToken: StepToken?
    /// Nil for a likelihood verifier.
    private let reading: ScoreReading?
    private let outputs: ModelRunner.Outputs
    private let scheduler: Scheduler

    /// Makes a scorer.
    ///
    /// - Parameters:
    ///   - path: The configuration's file, for errors.
    ///   - alsoSamples: Whether the model samples, too, so that what it has evaluated for a score is continued.
    /// - Throws: ``SpecSearchError`` `badModelFile` where the configuration does not fit the model.
    package init(
        runner: ModelRunner, tokenizer: PathTokenizer, role: ModelRole = .rewardModel,
        configuration: RewardModelConfiguration, path: String, alsoSamples: Bool = false,
        scheduler: Scheduler = Scheduler()
    ) throws(SpecSearchError) {
        try configuration.check(path: path)
        self.runner = runner
        self.tokenizer = tokenizer
        self.role = role
        self.configuration = configuration
        self.scheduler = scheduler
        let reading = try ScoreReading(
            configuration: configuration, vocabulary: tokenizer.vocabulary, width: runner.context.hiddenLength,
            path: path)
        self.reading = reading
        var outputs = reading?.outputs ?? .logits
        // Logits now are cheaper than the token once more.
        if alsoSamples, configuration.position == .lastToken { outputs.insert(.logits) }
        self.outputs = outputs
        stepToken =
            configuration.readsSampledTokens
            ? nil : try StepToken(configuration: configuration, vocabulary: tokenizer.vocabulary, path: path)
    }

    /// Scores the last thought of each path.
    ///
    /// A path whose text outgrows the model's context, or holds what only the template may, is lost.
    ///
    /// - Throws: ``SpecSearchError`` `badScore` where a score is missing or not finite; `CancellationError`.
    package func score(
        _ paths: [ReasoningPath], cancellation: Request.Cancellation? = nil
    ) async throws -> StepScores {
        var normalisers: [RadixCache.NodeID: Double] = [:]
        let (raw, lost, usage) = try await read(paths, cancellation) { item, isFirst throws(SpecSearchError) in
            // Node ids hold within a decode step.
            if isFirst { normalisers.removeAll(keepingCapacity: true) }
            return try rawScore(item, &normalisers)
        }
        var scores: [Double] = []
        var rawScores: [Double]? = configuration.calibration == nil ? nil : []
        scores.reserveCapacity(raw.count)
        for (index, (path, score)) in zip(paths, raw).enumerated() {
            if lost[index] != nil {
                scores.append(0)
                rawScores?.append(0)
                continue
            }
            guard let score, score.isFinite, score >= 0, score <= 1 + 1e-6 else {
                throw SpecSearchError(
                    .badScore,
                    "\(tokenizer.modelPath) gave the score \(score.map { "\($0)" } ?? "none") for the step "
                        + "\"\(path.thoughts.last?.text ?? "")\".",
                    remedy: "The model file may be damaged: check its checksum.")
            }
            scores.append(min(1, configuration.calibration?(score) ?? score))
            rawScores?.append(score)
        }
        return StepScores(scores: scores, rawScores: rawScores, lost: lost, usage: usage)
    }

    /// The logarithms of the probabilities with which the model would generate the last thought of each path; for
    /// configurations of the kind `likelihood`.
    ///
    /// - Parameter vocabularyCount: How many tokens take part.
    /// - Throws: ``SpecSearchError``; `CancellationError`.
    package func logLikelihoods(
        of paths: [ReasoningPath], sampling: SamplingParameters, vocabularyCount: Int,
        cancellation: Request.Cancellation? = nil
    ) async throws -> LogLikelihoods {
        var processor = LogitsProcessor(count: vocabularyCount)
        let probabilities = UnsafeMutablePointer<Float>.allocate(capacity: vocabularyCount)
        defer { probabilities.deallocate() }
        // The same sum as a likelihood verifier's, of probabilities as samplers have them.
        let (values, lost, usage) = try await read(paths, cancellation) { item, _ throws(SpecSearchError) in
            var sum = 0.0
            for (node, token) in zip(item.nodes, item.targets) {
                try processor.apply(sampling, to: try runner.logits(of: node), into: probabilities)
                sum += Int(token) < vocabularyCount ? log(Double(probabilities[Int(token)])) : -.infinity
            }
            return min(0, max(sum, LogLikelihoods.impossible))
        }
        // What outgrows the context cannot be generated.
        return LogLikelihoods(
            values: values.indices.map { lost[$0] == nil ? values[$0] ?? .nan : LogLikelihoods.impossible },
            usage: usage)
    }

    /// How likely each token of the last thought of each path is by the model's own distribution, end tokens left out; for
    /// configurations of the kind `likelihood`.
    ///
    /// - Throws: ``SpecSearchError``, for a path that outgrows the context too; `CancellationError`.
    package func tokenLogProbabilities(
        of paths: [ReasoningPath], topCount: Int, cancellation: Request.Cancellation? = nil
    ) async throws -> [[TokenLogProbability]] {
        let vocabulary = tokenizer.vocabulary
        let (values, lost, _) = try await read(paths, cancellation) { item, _ throws(SpecSearchError) in
            var result: [TokenLogProbability] = []
            for (node, token) in zip(item.nodes, item.targets) where !vocabulary.isEnd(token) {
                result.append(
                    TokenLogProbability(
                        token, by: try runner.logits(of: node), topCount: topCount, vocabulary: vocabulary))
            }
            return result
        }
        if let error = lost.values.first { throw error }
        return values.map { $0 ?? [] }
    }

    /// The entropies of the model's own distribution of the token after each path, in nats; for configurations of the kind
    /// `likelihood`.
    ///
    /// A path that outgrows the context is ``NextTokenEntropies/unreadable``.
    ///
    /// - Throws: ``SpecSearchError``; `CancellationError`.
    package func nextTokenEntropies(
        of paths: [ReasoningPath], cancellation: Request.Cancellation? = nil
    ) async throws -> NextTokenEntropies {
        let count = runner.context.vocabularyCount
        let (values, lost, usage) = try await read(paths, cancellation) { path throws(SpecSearchError) in
            let tokens = try tokenizer.tokens(of: path)
            try tokenizer.check(count: tokens.count, of: path)
            return Item(tokens: tokens, first: tokens.count - 1)
        } by: { (item, _) throws(SpecSearchError) -> Double in
            let row = try runner.logits(of: item.nodes[item.nodes.count - 1])
            let normaliser = specsearch_log_sum_exp(row, Int32(count), row[Int(specsearch_argmax(row, Int32(count)))])
            guard normaliser.isFinite else { return .nan }
            // −∞ is what masked tokens have: nothing of 0.
            return max(
                0,
                (0..<count).reduce(0.0) { sum, token in
                    let logProbability = Double(row[token]) - normaliser
                    return logProbability > -100 ? sum - exp(logProbability) * logProbability : sum
                })
        }
        var answer = NextTokenEntropies(values: values.map { $0 ?? NextTokenEntropies.unreadable }, usage: usage)
        // Nothing is generated: what is evaluated is read.
        answer.usage[role].prefillTokens = answer.usage[role].evaluatedTokens
        if let error = lost.values.first(where: { $0.code != .contextOverflow }) { throw error }
        return answer
    }

    /// The hidden states that a head reads after the last thoughts of paths, ``LlamaContext/hiddenLength`` numbers each; for
    /// configurations of the kind `head`.
    ///
    /// - Throws: ``SpecSearchError`` `unsupported` for other kinds; `CancellationError`.
    package func hiddenStates(
        of paths: [ReasoningPath], cancellation: Request.Cancellation? = nil
    ) async throws -> [[Float]?] {
        guard case .head? = reading else {
            throw SpecSearchError(
                .unsupported,
                "The reward model \(tokenizer.modelPath) reads no hidden state: its kind is "
                    + "\(configuration.kind.rawValue).", remedy: "Give one of the kind head.")
        }
        let length = runner.context.hiddenLength
        return try await read(paths, cancellation) { item, _ throws(SpecSearchError) in
            let state = try runner.hiddenState(of: item.nodes[item.nodes.count - 1])
            return Array(UnsafeBufferPointer(start: state, count: length))
        }.values
    }

    /// The score of a step's beginning, from the state at a node of the runner's cache, which must be there.
    package func partialScore(at node: RadixCache.NodeID) throws(SpecSearchError) -> Double {
        let raw = reading?(try runner.hiddenState(of: node)) ?? .nan
        guard raw.isFinite else {
            throw SpecSearchError(
                .badScore, "\(tokenizer.modelPath) gave the score \(raw) for the beginning of a step.",
                remedy: "The model file may be damaged: check its checksum.")
        }
        return min(1, configuration.calibration?(raw) ?? raw)
    }

    /// What is to be evaluated for one path.
    private struct Item {
        /// The tokens, prompt first.
        var tokens: [Token]
        /// What follows each of the tokens `first ..< tokens.count` is needed; for likelihoods, `targets` are the tokens
        /// there.
        var first: Int
        var targets: ArraySlice<Token> = []
        /// Their nodes while it is running; the last is locked.
        var nodes: [RadixCache.NodeID] = []
    }

    /// Has the model evaluate the paths, as many at once as the scheduler admits, and reads something of each.
    private func read<Value>(
        _ paths: [ReasoningPath], _ cancellation: Request.Cancellation?,
        by read: (Item, Bool) throws(SpecSearchError) -> Value
    ) async throws -> (values: [Value?], lost: [Int: SpecSearchError], Usage) {
        for path in paths where path.thoughts.last.map({ $0.tokens.isEmpty && $0.text.isEmpty }) ?? true {
            throw SpecSearchError(
                .badScore, "The problem \"\(path.problem.id)\" has no step to score.", remedy: "Score paths with steps."
            )
        }
        return try await self.read(paths, cancellation, of: item, by: read)
    }

    /// Reads as above, of what `makeItem` says of each path.
    private func read<Value>(
        _ paths: [ReasoningPath], _ cancellation: Request.Cancellation?,
        of makeItem: (ReasoningPath) throws(SpecSearchError) -> Item,
        by read: (Item, Bool) throws(SpecSearchError) -> Value
    ) async throws -> (values: [Value?], lost: [Int: SpecSearchError], Usage) {
        var items: [Item] = []
        // The paths that the items are for.
        var places: [Int] = []
        var lost: [Int: SpecSearchError] = [:]
        items.reserveCapacity(paths.count)
        var demands: [Request.Demand] = []
        for (place, path) in paths.enumerated() {
            let item: Item
            do throws(SpecSearchError) {
                item = try makeItem(path)
            } catch {
                // It is this path's text that is at fault.
                guard error.code == .contextOverflow || error.code == .badScore else { throw error }
                lost[place] = error
                continue
            }
            places.append(place)
            demands.append(Request.Demand(path: item.tokens, after: items.last?.tokens))
            items.append(item)
        }
        var usage = Usage()
        usage[role].retokenizedTokens = tokenizer.takeRetokenizedCount()
        var values = [Value?](repeating: nil, count: paths.count)
        guard !items.isEmpty else { return (values, lost, usage) }
        let request = scheduler.makeRequest(on: [runner], demands: demands, cancellation: cancellation)
        defer { scheduler.leave(request) }
        var running: [Int] = []
        defer { for index in running { unlock(&items[index]) } }
        var left = items.count
        while left > 0 {
            for index in try await scheduler.schedule(request) {
                insert(&items[index])
                running.append(index)
            }
            do {
                try await scheduler.step(
                    running.flatMap { items[$0].nodes }, outputs, on: runner, for: request)
            } catch is Scheduler.Preemption {
                for victim in scheduler.preempt(request) {
                    unlock(&items[victim])
                    running.removeAll { $0 == victim }
                }
                continue
            }
            for index in running { values[places[index]] = try read(items[index], index == running.first) }
            left -= running.count
            let ended = running
            running = []
            for index in ended {
                unlock(&items[index])
                scheduler.finish(index, of: request)
            }
        }
        usage[role] += request.cost(of: runner)
        return (values, lost, usage)
    }

    private func insert(_ item: inout Item) {
        item.nodes.append(runner.cache.insert(path: item.tokens[...item.first]))
        for token in item.tokens[(item.first + 1)...] {
            item.nodes.append(runner.cache.insert(token, under: item.nodes[item.nodes.count - 1]))
        }
        runner.cache.lock(item.nodes[item.nodes.count - 1])
    }

    private func unlock(_ item: inout Item) {
        if let last = item.nodes.last { runner.cache.unlock(last) }
        item.nodes = []
    }

    /// What a score of a path's last step reads.
    private func item(_ path: ReasoningPath) throws(SpecSearchError) -> Item {
        if let stepToken {
            let tokens = try stepToken.tokens(of: path, with: tokenizer)
            try tokenizer.check(count: tokens.count - 1, of: path)
            return Item(tokens: tokens, first: tokens.count - 1)
        }
        var tokens = try tokenizer.tokens(of: path)
        let step = path.thoughts.last.map(tokenizer.tokens) ?? []
        for token in step where token < 0 || Int(token) >= tokenizer.vocabulary.count {
            throw SpecSearchError(
                .mismatch, "Token \(token) of a step is not in the vocabulary of \(tokenizer.modelPath).",
                remedy: "A reward model that reads sampled tokens needs the vocabulary of the models that sample.")
        }
        let targets = tokens[(tokens.count - step.count)...]
        if !readsLastToken { tokens.removeLast() }
        try tokenizer.check(count: tokens.count, of: path)
        if reading != nil { return Item(tokens: tokens, first: tokens.count - 1) }
        return Item(tokens: tokens, first: targets.startIndex - 1, targets: targets)
    }

    /// Whether the last of a path's ``tokens(of:)`` is evaluated.
    package var readsLastToken: Bool { stepToken != nil || configuration.position == .lastToken }

    /// The tokens that a path takes in this model's cache.
    package func tokens(of path: ReasoningPath) throws(SpecSearchError) -> [Token] {
        if let stepToken { return try stepToken.tokens(of: path, with: tokenizer) }
        return try tokenizer.tokens(of: path)
    }

    private func rawScore(
        _ item: Item, _ normalisers: inout [RadixCache.NodeID: Double]
    ) throws(SpecSearchError) -> Double {
        let last = item.nodes[item.nodes.count - 1]
        if let reading {
            return reading(
                reading.outputs == .hiddenState ? try runner.hiddenState(of: last) : try runner.logits(of: last))
        }
        let count = Int32(runner.context.vocabularyCount)
        var total = 0.0
        for (node, token) in zip(item.nodes, item.targets) {
            let row = try runner.logits(of: node)
            let normaliser: Double
            if let known = normalisers[node] {
                normaliser = known
            } else {
                normaliser = specsearch_log_sum_exp(row, count, row[Int(specsearch_argmax(row, count))])
                normalisers[node] = normaliser
            }
            total += min(0, Double(row[Int(token)]) - normaliser)
        }
        return exp(total)
    }
}
