import SpecSearch

/// What asks an engine's workers: a search of it works where the engine does.
protocol EngineClient: WrappingResource {
    var engine: LlamaEngine { get }
}

extension EngineClient {
    var wrapped: any SearchResource { engine }
}

/// Writes thoughts with one of an engine's models.
struct EngineSampler: ThoughtSampler, EngineClient {
    enum Mode: Sendable { case draft, target, speculativeTarget }
    let engine: LlamaEngine
    let mode: Mode

    func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
        try await engine.withWorker(for: requests.first?.path.problem) { worker, cancellation in
            try await worker.sample(requests, mode: mode, cancellation: cancellation)
        }
    }

    func logLikelihoods(_ paths: [ReasoningPath], parameters: SamplingParameters) async throws -> ThoughtLikelihoods {
        try await engine.withWorker(for: paths.first?.problem) { worker, cancellation in
            try await worker.logLikelihoods(paths, parameters: parameters, mode: mode, cancellation: cancellation)
        }
    }
}

/// Scores thoughts with an engine's reward model.
struct EngineEvaluator: ThoughtEvaluator, EngineClient {
    let engine: LlamaEngine
    let defaultAggregation: ScoreAggregation

    func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        try await engine.withWorker(for: paths.first?.problem) { worker, cancellation in
            try await worker.evaluate(paths, cancellation: cancellation)
        }
    }
}

/// Asks an engine's target for grades.
struct EngineGrader: StepGrader, EngineClient {
    let engine: LlamaEngine

    func grade(_ paths: [ReasoningPath]) async throws -> StepGrades {
        try await engine.withWorker(for: paths.first?.problem) { worker, cancellation in
            try await worker.grade(paths, cancellation: cancellation)
        }
    }
}
