import CKernels
import SpecSearch

// The parts of a decode step: propose, verify, decide, advance.
extension ThoughtSampler {
    /// Has the draft propose tokens for the running sequences.
    func propose(_ call: inout Call, _ sequences: inout [GeneratedSequence]) async throws {
        guard let draft = call.draft, let distributions = call.draftDistributions else { return }
        distributions.begin()
        var active: [Int] = []
        active.reserveCapacity(call.running.count)
        for place in call.running {
            sequences[place].proposals.removeAll(keepingCapacity: true)
            sequences[place].draftNodes.removeAll(keepingCapacity: true)
            let node = sequences[place].draftNode
            if node < 0 { continue }
            // A second lock, which moves along the proposals.
            draft.runner.cache.lock(node)
            sequences[place].draftNodes.append(node)
            active.append(place)
        }
        for step in 0..<call.numSpeculativeTokens where !active.isEmpty {
            call.wanted.removeAll(keepingCapacity: true)
            for place in active { call.wanted.append(sequences[place].draftNodes[step]) }
            try await scheduler.step(call.wanted, on: draft.runner, for: call.request)
            try draw(&active, &sequences, at: step, call, draft.runner, distributions)
        }
    }

    /// Draws the next proposal of the active sequences; those that go on stay active.
    private func draw(
        _ active: inout [Int], _ sequences: inout [GeneratedSequence], at step: Int, _ call: Call,
        _ runner: ModelRunner, _ distributions: DistributionCache
    ) throws(SpecSearchError) {
        let room = call.draft?.tokenizer.contextLength ?? 0
        var left = 0
        for place in active {
            let node = sequences[place].draftNodes[step]
            let q = try distributions.probabilities(after: node, sampling: sequences[place].sampling, runner: runner)
            // An unlikely guess is not worth a token of the target's pass; the target draws that token itself. Deciding
            // this before the draw leaves the distribution as it is.
            if q[Int(specsearch_argmax(q, Int32(distributions.count)))] < draftConfidence { continue }
            let position = sequences[place].tokens.count + step
            let token = try distributions.draw(
                q, uniform: sequences[place].key.uniform(position: position, purpose: .proposal))
            sequences[place].proposals.append(token)
            if step + 1 == call.numSpeculativeTokens || sequences[place].path.count + position + 1 >= room
                || sequences[place].endsWithProposals(vocabulary: target.tokenizer.vocabulary)
            {
                continue
            }
            let child = runner.cache.insert(token, under: node, isShared: sharesPrefixes)
            runner.cache.moveLock(from: node, to: child)
            sequences[place].draftNodes.append(child)
            active[left] = place
            left += 1
        }
        active.removeLast(active.count - left)
    }

    /// Puts all proposals into the target's cache, and notes which logits decide them.
    func verify(_ call: inout Call, _ sequences: inout [GeneratedSequence]) {
        let runner = target.runner
        call.wanted.removeAll(keepingCapacity: true)
        call.created.removeAll(keepingCapacity: true)
        for place in call.running {
            var node = sequences[place].node
            call.wanted.append(node)
            if sequences[place].proposals.isEmpty { continue }
            sequences[place].nodes.append(node)
            runner.cache.lock(node)
            // After a token that ends the thought nothing is drawn, so it is not evaluated.
            let ends = sequences[place].endsWithProposals(vocabulary: target.tokenizer.vocabulary)
            for index in 0..<sequences[place].proposals.count - (ends ? 1 : 0) {
                let child = runner.cache.insert(
                    sequences[place].proposals[index], under: node, isShared: sharesPrefixes)
                if !runner.cache.isCached(child) { call.created.insert(child) }
                runner.cache.moveLock(from: node, to: child)
                call.wanted.append(child)
                sequences[place].nodes.append(child)
                node = child
            }
        }
    }

    /// Accepts or replaces a sequence's proposals by rejection sampling, or draws its next token.
    func decide(_ sequence: inout GeneratedSequence, _ call: Call) throws(SpecSearchError) {
        let vocabulary = target.tokenizer.vocabulary
        sequence.accepted = 0
        sequence.proposedCount += sequence.proposals.count
        if !sequence.proposals.isEmpty, let draft = call.draft, let distributions = call.draftDistributions {
            for place in sequence.proposals.indices {
                let token = sequence.proposals[place]
                let position = sequence.tokens.count
                let p = try targetDistributions.probabilities(
                    after: sequence.nodes[place], sampling: sequence.sampling, runner: target.runner)
                let q = try distributions.probabilities(
                    after: sequence.draftNodes[place], sampling: sequence.sampling, runner: draft.runner)
                let uniform = sequence.key.uniform(position: position, purpose: .acceptance)
                if uniform * Double(q[Int(token)]) < Double(p[Int(token)]) {
                    sequence.accepted += 1
                    sequence.acceptedCount += 1
                    sequence.append(token, from: p, vocabulary: vocabulary)
                    if sequence.stop != nil { return }
                    continue
                }
                let draw = sequence.key.uniform(position: position, purpose: .residual)
                let total = specsearch_residual(p, q, residual, Int32(targetDistributions.count))
                // p and q are equal up to rounding where nothing remains.
                let drawn =
                    replacement == .target || total <= 0
                    ? try targetDistributions.draw(p, uniform: draw)
                    : try targetDistributions.draw(residual, total: total, uniform: draw)
                sequence.append(drawn, from: p, vocabulary: vocabulary)
                return
            }
        }
        let p = try targetDistributions.probabilities(
            after: sequence.nodes.isEmpty ? sequence.node : sequence.nodes[sequence.proposals.count],
            sampling: sequence.sampling, runner: target.runner)
        let token = try targetDistributions.draw(
            p, uniform: sequence.key.uniform(position: sequence.tokens.count, purpose: .token))
        sequence.append(token, from: p, vocabulary: vocabulary)
    }

    /// Draws a sequence's next token by its grammar.
    func decide(_ sequence: inout GeneratedSequence, by grammar: GrammarState) throws(SpecSearchError) {
        let p = try targetDistributions.probabilities(
            after: sequence.node, sampling: sequence.sampling, runner: target.runner)
        let position = sequence.tokens.count
        let token = try grammar.draw(
            p, logits: try target.runner.logits(of: sequence.node), count: targetDistributions.count,
            isGreedy: sequence.sampling.temperature <= 0,
            uniforms: (
                sequence.key.uniform(position: position, purpose: .token),
                sequence.key.uniform(position: position, purpose: .residual)
            ))
        sequence.append(token, from: p, vocabulary: target.tokenizer.vocabulary)
    }

    /// Moves the sequences' locks to what they generated, and rolls both caches back behind rejected proposals.
    func advance(_ call: inout Call, _ sequences: inout [GeneratedSequence]) {
        let runner = target.runner
        for place in call.running {
            let before = sequences[place].node
            let count = sequences[place].nodes.count
            var node = count == 0 ? before : sequences[place].nodes[min(sequences[place].accepted, count - 1)]
            if sequences[place].stop == nil, let token = sequences[place].tokens.last {
                node = runner.cache.insert(token, under: node, isShared: sharesPrefixes)
                // While the draft proposes, another call's pass may come first.
                if call.draft != nil { runner.want(node) }
            }
            if node != before { runner.cache.moveLock(from: before, to: node) }
            if count > 0 { runner.cache.unlock(sequences[place].nodes[count - 1]) }
            sequences[place].node = node
            if let draft = call.draft { advanceDraft(&sequences[place], draft) }
        }
        if call.draft != nil { rollBack(call, &sequences) }
    }

    private func advanceDraft(_ sequence: inout GeneratedSequence, _ draft: Model) {
        guard let last = sequence.draftNodes.last else { return }
        var node = sequence.draftNodes[min(sequence.accepted, sequence.draftNodes.count - 1)]
        if sequence.stop == nil, let token = sequence.tokens.last {
            if sequence.path.count + sequence.tokens.count >= draft.tokenizer.contextLength {
                // Its context is full: the target goes on alone.
                draft.runner.cache.unlock(sequence.draftNode)
                sequence.draftNode = -1
                return
            }
            // After fully accepted proposals the draft may not have seen the last one yet.
            if sequence.accepted == sequence.draftNodes.count, let proposal = sequence.proposals.last {
                node = draft.runner.cache.insert(proposal, under: node, isShared: sharesPrefixes)
            }
            node = draft.runner.cache.insert(token, under: node, isShared: sharesPrefixes)
            draft.runner.want(node)
        }
        draft.runner.cache.lock(node)
        draft.runner.cache.unlock(sequence.draftNode)
        draft.runner.cache.unlock(last)
        sequence.draftNode = node
    }

    /// Drops the nodes of rejected proposals, once all locks have moved.
    private func rollBack(_ call: Call, _ sequences: inout [GeneratedSequence]) {
        for place in call.running {
            let nodes = sequences[place].nodes
            if let last = nodes.last, call.created.contains(last) {
                target.runner.cache.drop(leaf: last, above: nodes[min(sequences[place].accepted, nodes.count - 1)])
            }
        }
        for place in call.running {
            let nodes = sequences[place].draftNodes
            if let last = nodes.last, let draft = call.draft {
                if sequences[place].draftNode < 0 { draft.runner.cache.unlock(last) }
                draft.runner.cache.drop(leaf: last, above: nodes[min(sequences[place].accepted, nodes.count - 1)])
            }
            sequences[place].nodes.removeAll(keepingCapacity: true)
            sequences[place].draftNodes.removeAll(keepingCapacity: true)
        }
    }
}
