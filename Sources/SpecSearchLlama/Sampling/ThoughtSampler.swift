import CKernels
package import SpecSearch

/// Generates thoughts with one model, all those of a call in the same forward passes; a draft may propose tokens to it.
///
/// ```swift
/// let sampler = ThoughtSampler(target: large, draft: small, delimiter: delimiter, vocabularyCount: 32_000)
/// let samples = try await sampler.sample(requests, numSpeculativeTokens: 8)
/// ```
/// A decode step has three parts: the draft, if there is one, proposes up to `numSpeculativeTokens` tokens for each
/// sequence; one pass of the target evaluates them; and each is accepted or replaced by rejection sampling, so that every
/// thought follows the target's distribution exactly (Leviathan and others 2023, Chen and others 2023; lossless up to the
/// floating point noise of the target's passes). Plain decoding is the same with no tokens proposed.
///
/// Samples of a path that have drawn the same tokens so far share one branch of the KV cache and one row of logits until
/// they part, so the work is that of the distinct texts; each draws from its own random stream, so they are independent.
/// Not `Sendable`: it belongs to the engine's queue.
package final class ThoughtSampler {
    /// A model in a role: what runs it, and how paths become its tokens.
    package struct Model {
        package let runner: ModelRunner
        package let tokenizer: PathTokenizer
        package let role: ModelRole

        package init(runner: ModelRunner, tokenizer: PathTokenizer, role: ModelRole) {
            self.runner = runner
            self.tokenizer = tokenizer
            self.role = role
        }
    }

    /// What takes the place of a rejected proposal; only tests use anything but the residual.
    package enum Replacement: Sendable {
        /// A draw from norm(max(0, p − q)), which is right.
        case residual
        /// A draw from p, which is wrong: a negative control.
        case target
    }

    let target: Model
    let draft: Model?
    /// What ends a thought where a request does not say.
    private let delimiter: StepDelimiter
    let sharesPrefixes: Bool
    let scheduler: Scheduler
    let targetDistributions: DistributionCache
    /// Caches that no call is using: a call needs its own until its proposals are decided.
    private var spareDistributions: [DistributionCache] = []
    let residual: UnsafeMutablePointer<Float>

    /// Proposals end before a token of which the draft is less sure than this; 0 for proposals of full length.
    package var draftConfidence: Float = 0
    package var replacement = Replacement.residual
    /// The score of what stands before a node, of which its model has the state; nil where no reward model reads it.
    package var partialScore: ((RadixCache.NodeID) throws(SpecSearchError) -> Double)?

    /// A sampler over the first `vocabularyCount` tokens, which both models share.
    package init(
        target: Model, draft: Model? = nil, delimiter: StepDelimiter, vocabularyCount: Int,
        sharesPrefixes: Bool = true, scheduler: Scheduler = Scheduler()
    ) {
        self.target = target
        self.draft = draft
        self.delimiter = delimiter
        self.sharesPrefixes = sharesPrefixes
        self.scheduler = scheduler
        targetDistributions = DistributionCache(count: vocabularyCount)
        residual = .allocate(capacity: vocabularyCount)
    }

    deinit { residual.deallocate() }

    /// Samples `request.count` thoughts for each request.
    ///
    /// A path that leaves no room in the target's context gives thoughts without tokens and with the stop `length`.
    ///
    /// - Parameters:
    ///   - numSpeculativeTokens: The most tokens that the draft proposes at once.
    ///   - grammar: What the texts are held to; nothing is proposed to them.
    /// - Throws: ``SpecSearchError``, or `CancellationError` between two passes; nothing stays locked.
    package func sample(
        _ requests: [SampleRequest], numSpeculativeTokens: Int = 0, grammar: Grammar? = nil,
        cancellation: Request.Cancellation? = nil
    ) async throws -> Samples {
        // A grammar that cannot be read is said before any work, and by a call for no texts too.
        if let grammar { _ = try GrammarState(grammar, vocabulary: target.tokenizer.vocabulary) }
        let draft = numSpeculativeTokens > 0 ? self.draft : nil
        var sequences: [GeneratedSequence] = []
        // The places of those sequences that have room for a token.
        var places: [Int] = []
        var demands: [Request.Demand] = []
        var previous: [Token]?
        for (index, request) in requests.enumerated() {
            // Both models read the target's prompt.
            let path = try target.tokenizer.tokens(of: request.path)
            let delimiter =
                grammar != nil ? StepDelimiter("") : request.sampling.delimiter.map(StepDelimiter.init) ?? delimiter
            for sample in 0..<request.count {
                let sequence = GeneratedSequence(
                    request: index, ordinal: places.count, sample: sample, of: request, path: path,
                    contextLength: target.tokenizer.contextLength, delimiter: delimiter)
                sequences.append(sequence)
                if sequence.stop != nil { continue }
                places.append(sequences.count - 1)
                demands.append(Request.Demand(path: path, after: sample == 0 ? previous : path))
                previous = path
            }
        }
        var usage = Usage()
        usage[target.role].retokenizedTokens = target.tokenizer.takeRetokenizedCount()
        if !places.isEmpty {
            let request = scheduler.makeRequest(
                on: draft.map { [target.runner, $0.runner] } ?? [target.runner], demands: demands,
                cancellation: cancellation)
            defer { scheduler.leave(request) }
            var call = Call(request: request, draft: draft, numSpeculativeTokens: numSpeculativeTokens)
            if draft != nil {
                call.draftDistributions =
                    spareDistributions.popLast()
                    ?? DistributionCache(count: targetDistributions.count)
            }
            defer { if let spare = call.draftDistributions { spareDistributions.append(spare) } }
            if let grammar {
                let vocabulary = target.tokenizer.vocabulary
                call.grammars = try sequences.map { _ throws(SpecSearchError) in
                    try GrammarState(grammar, vocabulary: vocabulary)
                }
            }
            try await run(&call, &sequences, places)
            usage[target.role] += request.cost(of: target.runner)
            usage[target.role].prefillTokens += call.prefillTokens
            if let draft {
                // A model that drafts for itself is charged once.
                if draft.runner !== target.runner { usage[draft.role] += request.cost(of: draft.runner) }
                usage[draft.role].prefillTokens += call.draftPrefillTokens
            }
        }
        var thoughts: [[Thought]] = requests.map { _ in [] }
        for sequence in sequences {
            usage[target.role].outputTokens += sequence.tokens.count
            usage[target.role].proposedTokens += sequence.proposedCount
            usage[target.role].acceptedTokens += sequence.acceptedCount
            thoughts[sequence.request].append(
                sequence.thought(vocabulary: target.tokenizer.vocabulary, source: target.role))
        }
        return Samples(thoughts: thoughts, usage: usage)
    }

    /// What the parts of a decode step have in common.
    struct Call {
        let request: Request
        let draft: Model?
        let numSpeculativeTokens: Int
        var draftDistributions: DistributionCache?
        /// What each sequence is held to; empty for free ones.
        var grammars: [GrammarState] = []
        /// The sequences that are running, in order.
        var running: [Int] = []
        /// The nodes whose logits a pass is to give.
        var wanted: [RadixCache.NodeID] = []
        /// Nodes that the last proposals added to the target's cache.
        var created = Set<RadixCache.NodeID>()
        var prefillTokens = 0
        var draftPrefillTokens = 0
    }

    /// Runs all sequences to their ends.
    private func run(_ call: inout Call, _ sequences: inout [GeneratedSequence], _ places: [Int]) async throws {
        defer { for place in call.running { unlock(&sequences[place]) } }
        var unfinished = places.count
        var reporter = CallReporter(role: target.role, vocabulary: target.tokenizer.vocabulary)
        while unfinished > 0 {
            let started = try await scheduler.schedule(call.request)
            var judged: [Int] = []
            if !started.isEmpty { begin(started.map { places[$0] }, &sequences, &call) }
            do {
                if call.draft != nil { try await propose(&call, &sequences) }
                verify(&call, &sequences)
                judged = partialScore == nil ? [] : call.running.filter { sequences[$0].isToBeScored }
                try await scheduler.step(
                    call.wanted, judged.isEmpty ? .logits : [.logits, .hiddenState], on: target.runner,
                    for: call.request)
            } catch is Scheduler.Preemption {
                for place in call.running { withdraw(&sequences[place]) }
                for victim in scheduler.preempt(call.request) {
                    unlock(&sequences[places[victim]])
                    sequences[places[victim]].restart()
                    if !call.grammars.isEmpty { call.grammars[places[victim]].restart() }
                    call.running.removeAll { $0 == places[victim] }
                }
                continue
            }
            if let partialScore {
                for place in judged { sequences[place].judge(try partialScore(sequences[place].node)) }
            }
            targetDistributions.begin()
            for place in call.running where sequences[place].stop == nil {
                if call.grammars.isEmpty {
                    try decide(&sequences[place], call)
                } else {
                    try decide(&sequences[place], by: call.grammars[place])
                }
            }
            advance(&call, &sequences)
            reporter?.report(sequences)
            let ended = call.running.filter { sequences[$0].stop != nil }
            if ended.isEmpty { continue }
            unfinished -= ended.count
            call.running.removeAll { sequences[$0].stop != nil }
            for place in ended {
                unlock(&sequences[place])
                scheduler.finish(sequences[place].ordinal, of: call.request)
            }
        }
    }

    /// Inserts and locks the paths of sequences that start.
    private func begin(_ started: [Int], _ sequences: inout [GeneratedSequence], _ call: inout Call) {
        let runner = target.runner
        var last: (path: [Token], node: RadixCache.NodeID, draftNode: RadixCache.NodeID)?
        for place in started {
            let path = sequences[place].path
            if last?.path != path {
                var pending = runner.cache.pendingCount
                let node = runner.cache.insert(path: path)
                call.prefillTokens += runner.cache.pendingCount - pending
                runner.want(node)
                var draftNode: RadixCache.NodeID = -1
                if let draft = call.draft, path.count < draft.tokenizer.contextLength {
                    pending = draft.runner.cache.pendingCount
                    draftNode = draft.runner.cache.insert(path: path)
                    if draft.runner !== runner {
                        call.draftPrefillTokens += draft.runner.cache.pendingCount - pending
                    }
                }
                last = (path, node, draftNode)
            }
            guard let last else { continue }
            runner.cache.lock(last.node)
            sequences[place].node = last.node
            if last.draftNode >= 0 { call.draft?.runner.cache.lock(last.draftNode) }
            sequences[place].draftNode = last.draftNode
        }
        call.running.append(contentsOf: started)
        call.running.sort()
    }

    /// Takes back what was proposed for a sequence.
    private func withdraw(_ sequence: inout GeneratedSequence) {
        if let last = sequence.nodes.last { target.runner.cache.unlock(last) }
        if let last = sequence.draftNodes.last { draft?.runner.cache.unlock(last) }
        sequence.nodes.removeAll(keepingCapacity: true)
        sequence.draftNodes.removeAll(keepingCapacity: true)
        sequence.proposals.removeAll(keepingCapacity: true)
    }

    /// Unlocks everything of a sequence.
    private func unlock(_ sequence: inout GeneratedSequence) {
        withdraw(&sequence)
        if sequence.node >= 0 { target.runner.cache.unlock(sequence.node) }
        if sequence.draftNode >= 0 { draft?.runner.cache.unlock(sequence.draftNode) }
        sequence.node = -1
        sequence.draftNode = -1
    }
}
