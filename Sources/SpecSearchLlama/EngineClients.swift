import SpecSearch

/// Writes thoughts with one of an engine's models.
struct EngineSampler: ThoughtSampler {
    enum Mode: Sendable { case draft, target, speculativeTarget }
    let engine: LlamaEngine
    let mode: Mode

    func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
        try await engine.sample(requests, mode: mode)
    }
}

/// Scores thoughts with an engine's reward model.
struct EngineEvaluator: ThoughtEvaluator {
    let engine: LlamaEngine
    let defaultAggregation: ScoreAggregation

    func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        try await engine.evaluate(paths)
    }
}
