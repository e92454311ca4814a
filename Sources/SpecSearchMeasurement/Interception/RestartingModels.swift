package import SpecSearch

/// Calls in the way of a framework that talks to a model as to a server without memory: one path after the other,
/// everything computed from the start each time.
package struct RestartingModels: ModelInterceptor {
    private let forget: @Sendable () async -> Void

    /// - Parameter forget: Empties the models' caches.
    package init(forget: @escaping @Sendable () async -> Void) { self.forget = forget }

    package func sample(
        _ requests: [SampleRequest], by role: ModelRole, isSpeculative: Bool,
        _ next: ([SampleRequest]) async throws -> Samples
    ) async throws -> Samples {
        var all = Samples(thoughts: [])
        for request in requests {
            await forget()
            let answer = try await next([request])
            all.thoughts += answer.thoughts
            all.usage += answer.usage
        }
        return all
    }

    package func logLikelihoods(
        of paths: [ReasoningPath], by role: ModelRole, _ next: ([ReasoningPath]) async throws -> LogLikelihoods
    ) async throws -> LogLikelihoods {
        var all = LogLikelihoods(values: [])
        for path in paths {
            await forget()
            let answer = try await next([path])
            all.values += answer.values
            all.usage += answer.usage
        }
        return all
    }

    package func score(
        _ paths: [ReasoningPath], _ next: ([ReasoningPath]) async throws -> StepScores
    ) async throws -> StepScores {
        var all = StepScores(scores: [])
        for path in paths {
            await forget()
            let answer = try await next([path])
            all.scores += answer.scores
            all.usage += answer.usage
        }
        return all
    }
}
