internal import MathGrading

/// The tree of one running search, its models, and the account of what they did: all that a ``ThoughtGenerator`` works with.
///
/// One task owns it. Every model call goes through it, so that answers are checked, counted and put into the tree in one
/// place.
public final class SearchContext {
    /// The settings that every search has.
    public let options: SearchOptions
    /// The tree so far.
    public internal(set) var tree: SearchTree
    let sampling: SamplingParameters
    let models: SearchModels
    private let problemKey: UInt64
    private let onEvent: (@Sendable (SearchEvent) -> Void)?
    let now: @Sendable () -> Double
    /// What the method auto decides by, and what it chose.
    let controller: MethodController
    let memory: MethodMemory
    private var recordedChoices: ArraySlice<MethodChoice>
    private(set) var choices: [MethodChoice] = []
    /// What the search would expand next if it got these children.
    var foresee: ((_ children: [[NodeID]], SearchTree) -> ExpansionBatch)?
    /// Whether the target samples with token-level speculation, for generators that decide batch by batch.
    var isTargetSpeculative = false
    var usage = Usage()
    var phases: [SearchPhase: Double] = [:]
    var account = SearchAccount()
    /// The branches that were lost, in order.
    private(set) var losses: [SearchEvent.Lost] = []
    private let extraction: AnswerExtractor

    init(
        options: SearchOptions, sampling: SamplingParameters, extraction: AnswerExtractor, tree: SearchTree,
        models: SearchModels, controller: MethodController, memory: MethodMemory, recordedChoices: [MethodChoice],
        now: @escaping @Sendable () -> Double, onEvent: (@Sendable (SearchEvent) -> Void)?
    ) {
        self.options = options
        self.sampling = sampling
        self.extraction = extraction
        self.tree = tree
        self.models = models
        self.controller = controller
        self.memory = memory
        self.recordedChoices = recordedChoices[...]
        self.now = now
        self.onEvent = onEvent
        problemKey = RandomKey.hash(tree.problem.id)
    }

    /// Notifies whoever listens.
    public func emit(_ event: @autoclosure () -> SearchEvent) {
        if let onEvent { onEvent(event()) }
    }

    /// The random key of an expansion's first sample by one model.
    public func key(for expansion: Expansion, depth: Int, role: ModelRole) -> RandomKey {
        RandomKey(
            seed: options.seed, problem: problemKey, depth: depth, node: expansion.identity, role: role)
    }

    // MARK: Sampling

    /// Has one model sample thoughts after the nodes of a batch, and puts them into the tree.
    ///
    /// A node whose samples were all unusable, though not all cut by length, is sampled once more (an empty first thought
    /// is retried, not banned).
    ///
    /// `counts` says how many samples each node gets, none for 0; `phase` what for, for the account.
    ///
    /// - Returns: For each node its candidates, each once, in the order of their first samples.
    /// - Throws: ``SpecSearchError`` where the model is missing or answers with the wrong number of thoughts.
    public func sample(
        _ role: ModelRole, _ counts: [Int], for batch: ExpansionBatch, phase: SearchPhase
    ) async throws -> [[NodeID]] {
        try await sample(role, counts, inWavesOf: counts, for: batch, phase: phase) { _ in [] }
    }

    /// Samples as ``sample(_:_:for:phase:)`` does, but in waves of `sizes` samples a node, until a node has enough.
    ///
    /// Sample `i` draws from the same random key in whatever wave it is, so in the embedded engine the waves together give
    /// what one would; a server's may differ with the call. What a later wave says again is counted at its node.
    ///
    /// - Parameters:
    ///   - change: What is asked for otherwise than usual.
    ///   - enough: Says of the candidates so far which nodes have enough; asked between waves only.
    func sample(
        _ role: ModelRole, _ counts: [Int], inWavesOf sizes: [Int], for batch: ExpansionBatch, phase: SearchPhase,
        change: (inout SampleRequest) -> Void = { _ in }, until enough: ([[NodeID]]) async throws -> [Bool]
    ) async throws -> [[NodeID]] {
        var candidates = [[NodeID]](repeating: [], count: batch.expansions.count)
        var drawn = counts.map { _ in 0 }
        var isCut = counts.map { _ in true }
        var waiting = batch.expansions.indices.filter { counts[$0] > 0 }
        while !waiting.isEmpty {
            let requests = waiting.map { place in
                var request = self.request(
                    role, for: batch.expansions[place],
                    // Beyond the last wave all are sampled anew.
                    count: drawn[place] < counts[place]
                        ? min(sizes[place], counts[place] - drawn[place]) : counts[place],
                    first: drawn[place], depth: batch.depth)
                change(&request)
                return request
            }
            let answers = try await ask(
                role, requests, waiting.map { batch.expansions[$0] }, depth: batch.depth, phase: phase,
                firstSamples: waiting.map { drawn[$0] }, known: waiting.map { candidates[$0] })
            for (index, place) in waiting.enumerated() {
                candidates[place] += answers[index].candidates
                isCut[place] = isCut[place] && answers[index].isCut
                drawn[place] += requests[index].count
            }
            let hasMore = waiting.contains { drawn[$0] < counts[$0] }
            let isEnough = hasMore ? try await enough(candidates) : []
            waiting = zip(waiting, answers).filter { place, answer in
                drawn[place] < counts[place]
                    ? !isEnough[place] && !answer.isLost
                    : drawn[place] == counts[place] && candidates[place].isEmpty && !isCut[place]
            }.map(\.0)
        }
        return candidates
    }

    /// A request for an expansion's samples from number `first` on.
    func request(_ role: ModelRole, for expansion: Expansion, count: Int, first: Int, depth: Int) -> SampleRequest {
        SampleRequest(
            path: tree.path(to: expansion.node), count: count, sampling: sampling,
            key: key(for: expansion, depth: depth, role: role).sample(first))
    }

    /// Has a model generate one greedy step after each node of a batch, only to see where it leads.
    func lookAhead(_ role: ModelRole, _ batch: ExpansionBatch) async throws -> [[NodeID]] {
        var greedy = sampling
        greedy.temperature = 0
        let requests = batch.expansions.map { expansion in
            SampleRequest(
                path: tree.path(to: expansion.node), count: 1, sampling: greedy,
                // Far off the samples that the search itself draws.
                key: key(for: expansion, depth: batch.depth, role: role).sample(1 << 24))
        }
        return try await ask(
            role, requests, batch.expansions, depth: batch.depth, phase: .lookahead,
            firstSamples: requests.map { _ in 0 }, known: requests.map { _ in [] }
        ).map(\.candidates)
    }

    /// The answer of a model for one node.
    private struct Answer {
        var candidates: [NodeID]
        /// Whether every sample was cut by length.
        var isCut: Bool
        /// Whether the path leaves no room in the model's context.
        var isLost: Bool
    }

    private func ask(
        _ role: ModelRole, _ requests: [SampleRequest], _ expansions: [Expansion], depth: Int, phase: SearchPhase,
        firstSamples: [Int], known: [[NodeID]]
    ) async throws -> [Answer] {
        try Task.checkCancellation()
        let model = try model(role)
        let begin = now()
        let answer = try await model.sample(requests)
        let seconds = now() - begin
        guard answer.thoughts.map(\.count) == requests.map(\.count) else {
            throw SpecSearchError(
                .computeFailed,
                "The \(role.rawValue) model generated \(answer.thoughts.map(\.count)) thoughts where "
                    + "\(requests.map(\.count)) were asked for.", remedy: "This is a defect of the engine.")
        }
        for (request, thoughts) in zip(requests, answer.thoughts) {
            guard thoughts.allSatisfy({ $0.isGivenUpRightly(by: request.earlyRejection) }) else {
                throw SpecSearchError(
                    .computeFailed,
                    "The \(role.rawValue) model gave up a step that it was not to give up, or without a score.",
                    remedy: "This is a defect of the engine.")
            }
        }
        usage += answer.usage
        phases[phase, default: 0] += seconds
        var answers: [Answer] = []
        var samples: [[NodeID]] = []
        for (index, thoughts) in answer.thoughts.enumerated() {
            let (candidates, members) = insert(
                thoughts.map(finished), below: expansions[index].node, phase, firstSample: firstSamples[index],
                known: known[index])
            answers.append(
                Answer(
                    candidates: candidates, isCut: thoughts.allSatisfy { $0.stop == .length },
                    isLost: thoughts.allSatisfy { $0.stop == .length && $0.text.isEmpty && $0.tokens.isEmpty }))
            samples.append(members)
        }
        emit(
            .sampled(
                .init(
                    role: role, phase: phase, depth: depth, parents: expansions.map(\.node),
                    identities: expansions.map(\.identity), samples: samples, usage: answer.usage, seconds: seconds)))
        // A branch that outgrows the context is lost alone.
        lose(
            zip(expansions, answers).filter(\.1.isLost).map(\.0.node), role, phase,
            SpecSearchError(
                .contextOverflow,
                depth == 0
                    ? "The problem leaves no room for a step in the context of the \(role.rawValue) model."
                    : "A path of \(depth) steps leaves no room for another in the context of the \(role.rawValue) model.",
                remedy: "Shorten the problem, search less deep, or raise the context length if the model allows it."))
        return answers
    }

    /// Notes branches that a model cannot go on with.
    func lose(_ nodes: [NodeID], _ role: ModelRole, _ phase: SearchPhase, _ error: SpecSearchError) {
        guard !nodes.isEmpty else { return }
        let loss = SearchEvent.Lost(role: role, phase: phase, nodes: nodes, error: error)
        // A lookahead only serves a score: its branch goes on.
        if phase != .lookahead { losses.append(loss) }
        emit(.lost(loss))
    }

    /// A thought, as the end of its path where it holds the final answer.
    private func finished(_ thought: Thought) -> Thought {
        guard !thought.stop.isEnd, thought.stop != .rejected,
            extraction.isFinal(thought.text, isCut: thought.stop == .length)
        else {
            return thought
        }
        var thought = thought
        thought.stop = .answer
        return thought
    }

    /// Puts a node's samples into the tree.
    ///
    /// - Returns: The candidates, and for each sample its node.
    private func insert(
        _ thoughts: [Thought], below parent: NodeID, _ phase: SearchPhase, firstSample: Int, known: [NodeID]
    ) -> (candidates: [NodeID], members: [NodeID]) {
        let previous = parent == SearchTree.root ? nil : tree[parent].thought
        let known = Dictionary(
            known.map { (CandidateFilter.Words(tree[$0].thought), $0) }, uniquingKeysWith: { first, _ in first })
        var candidates: [NodeID] = []
        var members = [NodeID](repeating: parent, count: thoughts.count)
        for group in CandidateFilter.groups(thoughts, after: previous) {
            if group.isUsable, let id = known[CandidateFilter.Words(group.thought)] {
                tree[id].samples += group.members.count
                for member in group.members { members[member] = id }
                emit(.repeated(node: id, samples: group.members.count))
                continue
            }
            let id = tree.insert(group.thought, below: parent)
            tree[id].samples = group.members.count
            tree[id].sampleIndex = firstSample + group.members[0]
            if !group.isUsable {
                tree[id].state = .unusable
            } else {
                if phase == .lookahead { tree[id].state = .lookahead }
                candidates.append(id)
            }
            for member in group.members { members[member] = id }
            emit(.thought(.init(id, in: tree)))
        }
        return (candidates, members)
    }

    func model(_ role: ModelRole) throws(SpecSearchError) -> any LanguageModel {
        let target = isTargetSpeculative ? models.speculativeTarget ?? models.target : models.target
        guard let model = role == .draft ? models.draft : target else {
            throw SpecSearchError(
                .badSetting, "The generator asks for a \(role.rawValue) model that its needs do not name.",
                remedy: "Name it in the generator's needs.")
        }
        return model
    }

    // MARK: Choices between methods

    var hasDraft: Bool { models.draft != nil }
    var foreseeingDraft: ForeseeingDraft? { models.draft as? ForeseeingDraft }
    var hasSpeculativeTarget: Bool { models.speculativeTarget != nil }
    var numSpeculativeTokens: Int { models.numSpeculativeTokens }

    /// The next of the choices that a trace holds, if it is for this depth.
    func takeRecordedChoice(_ depth: Int) -> MethodChoice? {
        recordedChoices.first?.depth == depth ? recordedChoices.popFirst() : nil
    }

    func note(_ choice: MethodChoice) { choices.append(choice) }

    // MARK: What became of thoughts

    /// Says what became of thoughts of one node; `threshold` is what drafts had to reach.
    ///
    /// Lost branches stay what they are.
    public func resolve(_ nodes: [NodeID], as state: SearchTree.State, below parent: NodeID, threshold: Double?) {
        let nodes = nodes.filter { tree[$0].state != .lost }
        guard !nodes.isEmpty else { return }
        for id in nodes {
            tree[id].state = state
            tree[id].threshold = threshold
        }
        emit(.resolved(.init(state: state, parent: parent, nodes: nodes, threshold: threshold)))
    }

    /// Notes what drafts of a depth have to reach, for the account.
    public func note(threshold: Double?, bound: Double?, depth: Int) {
        account.note(threshold: threshold, bound: bound, depth: depth)
    }

    func extendLookahead(of id: NodeID, by score: Double) {
        tree[id].lookahead = (tree[id].lookahead ?? []) + [score]
        emit(.lookedAhead(node: id, score: score))
    }
}

extension SearchTree {
    /// Whether two thoughts say the same, up to trailing white space.
    public func saysTheSame(_ left: NodeID, _ right: NodeID) -> Bool {
        CandidateFilter.same(self[left].thought, self[right].thought)
    }
}

extension Thought {
    /// Whether the thought was given up only if it was to be, and has the score of its beginning only then.
    fileprivate func isGivenUpRightly(by early: EarlyRejection?) -> Bool {
        guard stop == .rejected else { return partialScore == nil }
        guard let early, let partialScore else { return false }
        return partialScore >= 0 && partialScore < early.bound
    }
}
