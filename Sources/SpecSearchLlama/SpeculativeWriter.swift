import CKernels
package import SpecSearch

/// Writes thoughts with the target, several tokens per pass: a draft model proposes blocks of tokens, and the target
/// accepts or replaces them by rejection sampling, so that each thought follows the target's law exactly (Leviathan and
/// others 2023, Chen and others 2023; lossless up to the floating point noise of the target's passes).
///
/// All thoughts of a call are in the same passes; equal prefixes of blocks are evaluated once, and each thought makes
/// its own proposals and its own decisions. Not `Sendable`: it belongs to the engine's queue.
package final class SpeculativeWriter {
    private let target: ModelRuntime
    private let draft: ModelRuntime
    private let delimiter: StepDelimiter
    private let sharesSamples: Bool
    private let scheduler: BatchScheduler
    private let targetProbabilities: ProbabilityCache
    /// Caches that no group is using: a group needs its own until its blocks are decided.
    private var spareCaches: [ProbabilityCache] = []
    private let residual: UnsafeMutablePointer<Float>

    /// The most tokens of a block.
    package var draftLength: Int

    /// A block ends before a token of which the draft is less sure than this; 0 for blocks of full length.
    package var minimumConfidence: Float = 0

    /// What takes the place of a rejected proposal; only tests use anything but the residual.
    package enum Correction: Sendable {
        /// A draw from norm(max(0, p − q)), which is right.
        case residual
        /// A draw from p, which is wrong: a negative control.
        case target
    }
    package var correction = Correction.residual

    /// A writer over the first `vocabularyCount` tokens, which both models share.
    package init(
        target: ModelRuntime, draft: ModelRuntime, delimiter: StepDelimiter, vocabularyCount: Int, draftLength: Int,
        sharesSamples: Bool = true, scheduler: BatchScheduler = BatchScheduler()
    ) {
        self.target = target
        self.draft = draft
        self.delimiter = delimiter
        self.draftLength = draftLength
        self.sharesSamples = sharesSamples
        targetProbabilities = ProbabilityCache(count: vocabularyCount)
        self.scheduler = scheduler
        residual = .allocate(capacity: vocabularyCount)
    }

    deinit { residual.deallocate() }

    /// A thought with its place in both caches, and the block that is proposed for it.
    private struct Lane {
        var writing: WritingLane
        /// The node whose logits predict the next token, in the draft's cache; pinned once.
        var draftNode: PrefixTree.NodeID
        /// The block's tokens.
        var proposals: [Token] = []
        /// The nodes before each proposal, the first being `draftNode`.
        var draftNodes: [PrefixTree.NodeID] = []
        /// The nodes before each proposal and after the last, the first being `writing.node`.
        var targetNodes: [PrefixTree.NodeID] = []
        /// How many of the proposals were accepted.
        var accepted = 0
    }

    /// Writes `request.count` thoughts for each request.
    ///
    /// - Throws: ``EngineError``, or `CancellationError` between two passes; nothing stays pinned.
    package func write(
        _ requests: [ThoughtRequest], cancellation: SequenceGroup.Cancellation? = nil
    ) async throws -> SampledThoughts {
        let group = scheduler.makeGroup(on: [target.decoder, draft.decoder], cancellation: cancellation)
        var paths: [[Token]] = []
        for request in requests {
            // Both models read the target's prompt.
            let tokens = try target.tokens(of: request.path)
            try draft.check(count: tokens.count, of: request.path)
            paths.append(tokens)
        }
        let contexts = [target.decoder.context, draft.decoder.context]
        let contextLength = min(target.contextLength, draft.contextLength)
        let plan = try WritingPlan(
            requests: requests, paths: paths, cells: contexts.map(\.cellCapacity).min() ?? 0,
            sequences: contexts.map(\.sequenceCapacity).min() ?? 0, contextLength: contextLength,
            slack: draftLength + 1)
        var thoughts: [[Thought]] = requests.map { _ in [] }
        var usage = ModelUsage()
        var draftUsage = ModelUsage()
        for units in plan.groups {
            let written = try await scheduler.perform(group) {
                try await write(units, of: requests, contextLength: contextLength, in: group)
            }
            usage += written.usage
            draftUsage += written.draftUsage
            for lane in written.lanes {
                usage.outputTokens += lane.tokens.count
                thoughts[lane.request].append(lane.thought(vocabulary: target.vocabulary, author: target.role))
            }
        }
        usage += group.cost(of: target.decoder)
        draftUsage += group.cost(of: draft.decoder)
        return SampledThoughts(
            thoughts: thoughts, usage: Usage(models: [target.role: usage, draft.role: draftUsage]))
    }

    /// What was written, and counts that the group does not keep.
    private struct Written {
        var lanes: [WritingLane] = []
        var usage = ModelUsage()
        var draftUsage = ModelUsage()
    }

    private func write(
        _ units: [WritingPlan.Unit], of requests: [ThoughtRequest], contextLength: Int, in group: SequenceGroup
    ) async throws -> Written {
        var lanes: [Lane] = []
        let draftProbabilities = spareCaches.popLast() ?? ProbabilityCache(count: targetProbabilities.count)
        defer {
            spareCaches.append(draftProbabilities)
            unpin(lanes)
        }
        var written = begin(units, of: requests, contextLength: contextLength, lanes: &lanes)
        while lanes.contains(where: { $0.writing.stop == nil }) {
            draftProbabilities.begin()
            var active = startBlocks(&lanes)
            for place in 0..<draftLength where !active.isEmpty {
                let wanted = active.map { lanes[$0].draftNodes[place] }
                try await scheduler.evaluate(wanted, on: draft.decoder, for: group)
                active = try propose(&lanes, active, at: place, requests, draftProbabilities, &written.usage)
            }
            var created = Set<PrefixTree.NodeID>()
            let wanted = proposed(&lanes, created: &created)
            try await scheduler.evaluate(wanted, on: target.decoder, for: group)
            targetProbabilities.begin()
            for index in lanes.indices where lanes[index].writing.stop == nil {
                let parameters = requests[lanes[index].writing.request].parameters
                try decide(&lanes[index], parameters: parameters, draftProbabilities)
                written.usage.acceptedTokens += lanes[index].accepted
            }
            release(&lanes, created: created)
        }
        written.lanes = lanes.map(\.writing)
        return written
    }

    private func unpin(_ lanes: [Lane]) {
        for lane in lanes {
            target.decoder.tree.unpin(lane.writing.node)
            draft.decoder.tree.unpin(lane.draftNode)
            if let last = lane.targetNodes.last { target.decoder.tree.unpin(last) }
            if let last = lane.draftNodes.last { draft.decoder.tree.unpin(last) }
        }
    }

    private func begin(
        _ units: [WritingPlan.Unit], of requests: [ThoughtRequest], contextLength: Int, lanes: inout [Lane]
    ) -> Written {
        var written = Written()
        let pendingBefore = (target.decoder.tree.pendingCount, draft.decoder.tree.pendingCount)
        for unit in units {
            let end = target.decoder.tree.insert(path: unit.tokens)
            let draftEnd = draft.decoder.tree.insert(path: unit.tokens)
            for sample in unit.samples {
                target.decoder.tree.pin(end)
                draft.decoder.tree.pin(draftEnd)
                lanes.append(
                    Lane(
                        writing: WritingLane(
                            unit: unit, sample: sample, request: requests[unit.request], node: end,
                            contextLength: contextLength), draftNode: draftEnd))
            }
            // It is evaluated with the first block, unless another group's pass comes before.
            target.decoder.want(end)
        }
        // The paths count as prefill.
        written.usage.prefillTokens = target.decoder.tree.pendingCount - pendingBefore.0
        if draftLength > 0 { written.draftUsage.prefillTokens = draft.decoder.tree.pendingCount - pendingBefore.1 }
        return written
    }

    /// Begins a block for each lane that is not at its end, and answers which.
    private func startBlocks(_ lanes: inout [Lane]) -> [Int] {
        var active: [Int] = []
        for index in lanes.indices where lanes[index].writing.stop == nil {
            lanes[index].proposals.removeAll(keepingCapacity: true)
            lanes[index].accepted = 0
            // A second pin, which moves along the block.
            draft.decoder.tree.pin(lanes[index].draftNode)
            lanes[index].draftNodes = [lanes[index].draftNode]
            active.append(index)
        }
        return active
    }

    /// Draws the next token of the active lanes' blocks from the draft, and answers which lanes go on.
    private func propose(
        _ lanes: inout [Lane], _ active: [Int], at place: Int, _ requests: [ThoughtRequest],
        _ draftProbabilities: ProbabilityCache, _ usage: inout ModelUsage
    ) throws(EngineError) -> [Int] {
        let decoder = draft.decoder
        var next: [Int] = []
        for index in active {
            let node = lanes[index].draftNodes[place]
            let row = try draftProbabilities.probabilities(
                after: node, parameters: requests[lanes[index].writing.request].parameters, decoder: decoder)
            // An unlikely guess is not worth a row of the target's pass; the target draws that token itself. Deciding
            // this before the draw leaves the law as it is.
            if row[Int(specsearch_argmax(row, Int32(draftProbabilities.count)))] < minimumConfidence { continue }
            let position = lanes[index].writing.tokens.count + place
            let token = try draftProbabilities.draw(
                row, uniform: lanes[index].writing.key.uniform(position: position, purpose: .proposal))
            lanes[index].proposals.append(token)
            usage.proposedTokens += 1
            let ends = lanes[index].writing.wouldEnd(
                with: lanes[index].proposals, vocabulary: target.vocabulary, delimiter: delimiter)
            if ends || place + 1 == draftLength { continue }
            let child = decoder.tree.insert(token, under: node, isShared: sharesSamples)
            decoder.tree.pin(child)
            decoder.tree.unpin(node)
            lanes[index].draftNodes.append(child)
            next.append(index)
        }
        return next
    }

    /// Puts all blocks into the target's tree, and answers which logits decide them.
    ///
    /// - Parameter created: Gets the nodes that are new in its cache.
    private func proposed(_ lanes: inout [Lane], created: inout Set<PrefixTree.NodeID>) -> [PrefixTree.NodeID] {
        let decoder = target.decoder
        var wanted: [PrefixTree.NodeID] = []
        for index in lanes.indices where lanes[index].writing.stop == nil {
            var node = lanes[index].writing.node
            wanted.append(node)
            lanes[index].targetNodes = [node]
            decoder.tree.pin(node)
            // After a token that ends the thought nothing is drawn, so it is not evaluated.
            let ends = lanes[index].writing.wouldEnd(
                with: lanes[index].proposals, vocabulary: target.vocabulary, delimiter: delimiter)
            for token in ends ? lanes[index].proposals.dropLast() : lanes[index].proposals[...] {
                let child = decoder.tree.insert(token, under: node, isShared: sharesSamples)
                if !decoder.tree.isCached(child) { created.insert(child) }
                decoder.tree.pin(child)
                decoder.tree.unpin(node)
                wanted.append(child)
                lanes[index].targetNodes.append(child)
                node = child
            }
        }
        return wanted
    }

    /// Accepts or replaces a lane's proposals, and moves the lane on.
    private func decide(
        _ lane: inout Lane, parameters: SamplingParameters, _ draftProbabilities: ProbabilityCache
    ) throws {
        let key = lane.writing.key
        for (place, token) in lane.proposals.enumerated() {
            let position = lane.writing.tokens.count
            let p = try targetProbabilities.probabilities(
                after: lane.targetNodes[place], parameters: parameters, decoder: target.decoder)
            let q = try draftProbabilities.probabilities(
                after: lane.draftNodes[place], parameters: parameters, decoder: draft.decoder)
            let uniform = key.uniform(position: position, purpose: .acceptance)
            if uniform * Double(q[Int(token)]) < Double(p[Int(token)]) {
                lane.accepted += 1
                lane.writing.append(token, from: p, vocabulary: target.vocabulary, delimiter: delimiter)
                if lane.writing.stop != nil { return }
                continue
            }
            let replacement: Token
            let draw = key.uniform(position: position, purpose: .residual)
            let total = specsearch_residual(p, q, residual, Int32(targetProbabilities.count))
            if correction == .target || total <= 0 {
                // p and q are equal up to rounding where nothing remains.
                replacement = try targetProbabilities.draw(p, uniform: draw)
            } else {
                replacement = try targetProbabilities.draw(residual, total: total, uniform: draw)
            }
            lane.writing.append(replacement, from: p, vocabulary: target.vocabulary, delimiter: delimiter)
            return
        }
        let position = lane.writing.tokens.count
        let p = try targetProbabilities.probabilities(
            after: lane.targetNodes[lane.proposals.count], parameters: parameters, decoder: target.decoder)
        let bonus = try targetProbabilities.draw(p, uniform: key.uniform(position: position, purpose: .token))
        lane.writing.append(bonus, from: p, vocabulary: target.vocabulary, delimiter: delimiter)
    }

    /// Moves the lanes' pins to what they wrote, and rolls both caches back behind rejected proposals.
    private func release(_ lanes: inout [Lane], created: Set<PrefixTree.NodeID>) {
        var rejected: [(node: PrefixTree.NodeID, accepted: PrefixTree.NodeID)] = []
        var rejectedDrafts: [(node: PrefixTree.NodeID, accepted: PrefixTree.NodeID)] = []
        for index in lanes.indices where !lanes[index].targetNodes.isEmpty {
            let lane = lanes[index]
            let last = lane.targetNodes[lane.targetNodes.count - 1]
            let lastDraft = lane.draftNodes[lane.draftNodes.count - 1]
            let accepted = lane.targetNodes[min(lane.accepted, lane.targetNodes.count - 1)]
            let acceptedDraft = lane.draftNodes[min(lane.accepted, lane.draftNodes.count - 1)]
            var node = accepted
            var draftNode = acceptedDraft
            if lane.writing.stop == nil, let token = lane.writing.tokens.last {
                node = target.decoder.tree.insert(token, under: accepted, isShared: sharesSamples)
                // After a fully accepted block the draft may not have seen the last proposal yet.
                if lane.accepted == lane.draftNodes.count, let proposal = lane.proposals.last {
                    draftNode = draft.decoder.tree.insert(proposal, under: draftNode, isShared: sharesSamples)
                }
                draftNode = draft.decoder.tree.insert(token, under: draftNode, isShared: sharesSamples)
                // Another group's pass may come first.
                target.decoder.want(node)
                draft.decoder.want(draftNode)
            }
            target.decoder.tree.pin(node)
            target.decoder.tree.unpin(lane.writing.node)
            target.decoder.tree.unpin(last)
            draft.decoder.tree.pin(draftNode)
            draft.decoder.tree.unpin(lane.draftNode)
            draft.decoder.tree.unpin(lastDraft)
            lanes[index].writing.node = node
            lanes[index].draftNode = draftNode
            lanes[index].targetNodes = []
            lanes[index].draftNodes = []
            rejected.append((last, accepted))
            rejectedDrafts.append((lastDraft, acceptedDraft))
        }
        for (node, accepted) in rejected where created.contains(node) {
            target.decoder.tree.drop(leaf: node, above: accepted)
        }
        for (node, accepted) in rejectedDrafts { draft.decoder.tree.drop(leaf: node, above: accepted) }
    }
}
