import SpecSearch

/// Writes thoughts with one of an engine's models.
struct EngineSampler: ThoughtSampler {
    enum Mode: Sendable { case draft, target, speculativeTarget }
    let engine: LlamaEngine
    let mode: Mode

    func withProblem<Value: Sendable>(
        _ problem: Problem, _ work: () async throws -> Value
    ) async throws -> Value {
        try await engine.withProblem(problem, work)
    }

    func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
        let cancellation = SequenceGroup.Cancellation()
        return try await withTaskCancellationHandler {
            try await engine.withWorker(for: requests.first?.path.problem) { worker in
                try await worker.sample(requests, mode: mode, cancellation: cancellation)
            }
        } onCancel: {
            cancellation.cancel()
        }
    }

    func logLikelihoods(_ paths: [ReasoningPath], parameters: SamplingParameters) async throws -> ThoughtLikelihoods {
        let cancellation = SequenceGroup.Cancellation()
        return try await withTaskCancellationHandler {
            try await engine.withWorker(for: paths.first?.problem) { worker in
                try await worker.logLikelihoods(paths, parameters: parameters, mode: mode, cancellation: cancellation)
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}

/// Scores thoughts with an engine's reward model.
struct EngineEvaluator: ThoughtEvaluator {
    let engine: LlamaEngine
    let defaultAggregation: ScoreAggregation

    func withProblem<Value: Sendable>(
        _ problem: Problem, _ work: () async throws -> Value
    ) async throws -> Value {
        try await engine.withProblem(problem, work)
    }

    func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        let cancellation = SequenceGroup.Cancellation()
        return try await withTaskCancellationHandler {
            try await engine.withWorker(for: paths.first?.problem) { worker in
                try await worker.evaluate(paths, cancellation: cancellation)
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}

/// Asks an engine's target for grades.
struct EngineGrader: StepGrader {
    let engine: LlamaEngine

    func withProblem<Value: Sendable>(
        _ problem: Problem, _ work: () async throws -> Value
    ) async throws -> Value {
        try await engine.withProblem(problem, work)
    }

    func grade(_ paths: [ReasoningPath]) async throws -> StepGrades {
        let cancellation = SequenceGroup.Cancellation()
        return try await withTaskCancellationHandler {
            try await engine.withWorker(for: paths.first?.problem) { worker in
                try await worker.grade(paths, cancellation: cancellation)
            }
        } onCancel: {
            cancellation.cancel()
        }
    }
}
