extension Search {
    /// The search that a trace recorded, to go on where it was interrupted: the models' recorded answers are given again,
    /// at no cost, and after the last of them the models are asked.
    ///
    /// ```swift
    /// let trace = try SearchTrace(data: try Data(contentsOf: file))
    /// let result = try await Search(engine, resuming: trace).solve(trace.started().problem)
    /// ```
    /// Random numbers are counter-based, so with the same models the result is that of a search without interruption,
    /// apart from times. A deadline begins again.
    ///
    /// - Throws: ``SpecSearchError`` `badTrace` where the events contradict one another, the models are others, or the
    ///   search was put together from values; what ``init(_:configuration:)`` does.
    public init(_ engine: some EngineConvertible, resuming trace: SearchTrace) throws {
        let started = try trace.started()
        guard let configuration = started.configuration else {
            throw SpecSearchError(
                .badTrace, "The trace is of a search that was put together from values.",
                remedy: "Begin again, or put it together from settings.")
        }
        let engine = engine.engine
        guard engine.defaults.name == started.models else {
            throw SpecSearchError(
                .badTrace, "The trace is of a search with the models \(started.models), not \(engine.defaults.name).",
                remedy: "Give the models that it began with.")
        }
        try self.init(engine, configuration: configuration)
        recorded = RecordedCalls(trace.events, tree: try trace.tree())
        recordedChoices = trace.choices
    }
}

extension SearchModels {
    /// The models, each giving what was recorded first.
    func resuming(_ calls: RecordedCalls?) -> SearchModels {
        guard let calls else { return self }
        var models = self
        models.draft = draft.map { ResumedLanguageModel(model: $0, calls: calls) }
        models.target = target.map { ResumedLanguageModel(model: $0, calls: calls) }
        models.speculativeTarget = speculativeTarget.map { ResumedLanguageModel(model: $0, calls: calls) }
        models.rewardModel = rewardModel.map { ResumedRewardModel(model: $0, calls: calls) }
        return models
    }
}

/// A language model that gives what was recorded, and then goes on itself.
private struct ResumedLanguageModel: LanguageModel {
    let model: any LanguageModel
    let calls: RecordedCalls

    var capabilities: ModelCapabilities { model.capabilities }

    func sample(_ requests: [SampleRequest]) async throws -> Samples {
        if let samples = try calls.samples(for: requests) { return samples }
        return try await model.sample(requests)
    }

    func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
        if let entropies = try calls.nextTokenEntropies(of: paths) { return entropies }
        return try await model.nextTokenEntropies(of: paths)
    }

    func logLikelihoods(of paths: [ReasoningPath], sampling: SamplingParameters) async throws -> LogLikelihoods {
        if let likelihoods = try calls.logLikelihoods(of: paths) { return likelihoods }
        return try await model.logLikelihoods(of: paths, sampling: sampling)
    }
}

/// A reward model that gives what was recorded, and then goes on itself.
private struct ResumedRewardModel: RewardModel {
    let model: any RewardModel
    let calls: RecordedCalls

    var aggregation: ScoreAggregation { model.aggregation }

    func score(_ paths: [ReasoningPath]) async throws -> StepScores {
        if let scores = try calls.scores(of: paths) { return scores }
        return try await model.score(paths)
    }
}
