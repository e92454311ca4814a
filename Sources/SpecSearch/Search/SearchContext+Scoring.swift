extension SearchContext {
    /// Has the reward model score nodes; asks nothing for none.
    ///
    /// An end without any words has the score of the step that it ends. A branch that the reward model cannot read, such as
    /// one whose text outgrows its context, is lost: it stays without a score, and goes no further.
    ///
    /// - Returns: The nodes that have a score now, in their order.
    /// - Throws: ``SpecSearchError`` where a score is missing, not finite, or outside 0 ... 1.
    @discardableResult
    public func score(_ nodes: [NodeID]) async throws -> [NodeID] {
        var asked: [NodeID] = []
        // Ends without words of steps that are scored in this very call.
        var ends: [NodeID] = []
        for id in nodes {
            guard tree[id].thought.text.allSatisfy(\.isWhitespace), let parent = tree[id].parent else {
                asked.append(id)
                continue
            }
            if tree[parent].score == nil, nodes.contains(parent) {
                ends.append(id)
            } else {
                copyScore(of: parent, to: id)
            }
        }
        guard let first = asked.first else { return nodes }
        try Task.checkCancellation()
        guard let rewardModel = models.rewardModel else {
            throw SpecSearchError.missingRewardModel(of: nil)
        }
        let paths = asked.map(tree.path)
        let begin = now()
        let answer = try await rewardModel.score(paths)
        let seconds = now() - begin
        guard answer.scores.count == paths.count else {
            throw SpecSearchError(
                .badScore, "The reward model gave \(answer.scores.count) scores for \(paths.count) steps.",
                remedy: "Check the reward model's description file: its template and its step token.")
        }
        guard answer.rawScores.map({ $0.count == paths.count }) ?? true else {
            throw SpecSearchError(
                .badScore, "The reward model gave \(answer.rawScores?.count ?? 0) raw scores for \(paths.count) steps.",
                remedy: "This is a defect of the reward model.")
        }
        let read = asked.indices.filter { answer.lost[$0] == nil }
        if let bad = read.first(where: {
            !(answer.scores[$0] >= 0 && answer.scores[$0] <= 1) || answer.rawScores?[$0].isFinite == false
        }) {
            throw SpecSearchError(
                .badScore,
                "The reward model scored \(answer.scores[bad]) for the step "
                    + "\"\(paths[bad].thoughts.last?.text ?? "")\".",
                remedy: "Scores are probabilities; check the reward model's file and description.")
        }
        for place in read {
            tree[asked[place]].score = answer.scores[place]
            tree[asked[place]].rawScore = answer.rawScores?[place]
        }
        usage += answer.usage
        phases[.score, default: 0] += seconds
        emit(
            .scored(
                .init(
                    depth: tree[first].depth - 1, nodes: read.map { asked[$0] },
                    scores: read.map { answer.scores[$0] },
                    rawScores: answer.rawScores.map { raw in read.map { raw[$0] } },
                    usage: answer.usage, seconds: seconds)))
        for id in ends {
            guard let parent = tree[id].parent else { continue }
            if tree[parent].score == nil { tree[id].state = .lost } else { copyScore(of: parent, to: id) }
        }
        guard read.count < asked.count else { return nodes }
        let lost = asked.indices.compactMap { place in answer.lost[place].map { (node: asked[place], error: $0) } }
        for (node, _) in lost { tree[node].state = .lost }
        var codes: [SpecSearchError.Code] = []
        for (_, error) in lost where !codes.contains(error.code) {
            codes.append(error.code)
            lose(lost.filter { $0.error.code == error.code }.map(\.node), .rewardModel, .score, error)
        }
        return nodes.filter { tree[$0].state != .lost }
    }

    /// The log-likelihoods of nodes' thoughts under a model's distribution, as natural logarithms.
    ///
    /// - Throws: ``SpecSearchError`` where the model cannot say, or says nonsense.
    public func logLikelihoods(of nodes: [NodeID], by role: ModelRole) async throws -> [Double] {
        try await likelihoods(of: nodes, by: role, phase: .score) { [sampling] model, paths in
            try await model.logLikelihoods(of: paths, sampling: sampling)
        }
    }

    /// How unsure a model is of the first token after each node, in nats.
    ///
    /// - Throws: ``SpecSearchError`` where the model cannot say, or says nonsense.
    public func nextTokenEntropies(of nodes: [NodeID], by role: ModelRole) async throws -> [Double] {
        try await likelihoods(of: nodes, by: role, phase: .draft, ofNextToken: true) { model, paths in
            let answer = try await model.nextTokenEntropies(of: paths)
            return LogLikelihoods(values: answer.values.map { -$0 }, usage: answer.usage)
        }.map { -$0 }
    }

    /// Asks a model for a log-likelihood of each node, and takes it into the account and the trace.
    private func likelihoods(
        of nodes: [NodeID], by role: ModelRole, phase: SearchPhase, ofNextToken: Bool? = nil,
        _ ask: (any LanguageModel, [ReasoningPath]) async throws -> LogLikelihoods
    ) async throws -> [Double] {
        guard !nodes.isEmpty else { return [] }
        let model = try model(role)
        try Task.checkCancellation()
        let begin = now()
        let answer = try await ask(model, nodes.map(tree.path))
        let seconds = now() - begin
        guard answer.values.count == nodes.count, answer.values.allSatisfy({ $0 <= 0 && $0.isFinite }) else {
            throw SpecSearchError(
                .computeFailed,
                "The \(role.rawValue)'s log-likelihoods \(answer.values) of \(nodes.count) steps are none.",
                remedy: "This is a defect of the engine.")
        }
        usage += answer.usage
        phases[phase, default: 0] += seconds
        emit(
            .likelihoods(
                .init(
                    role: role, nodes: nodes, values: answer.values, ofNextToken: ofNextToken, usage: answer.usage,
                    seconds: seconds)))
        return answer.values
    }

    /// Gives a thought the score of another: of one that says the same, or of the step that it ends; 1 where that was not
    /// scored.
    func copyScore(of twin: NodeID, to id: NodeID) {
        let score = tree[twin].score ?? 1
        let raw = tree[twin].rawScore
        tree[id].score = score
        tree[id].rawScore = raw
        emit(
            .scored(
                .init(
                    depth: tree[id].depth - 1, nodes: [id], scores: [score], rawScores: raw.map { [$0] }, twin: twin,
                    seconds: 0)))
    }
}
