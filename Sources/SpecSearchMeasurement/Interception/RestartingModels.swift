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
        try await oneByOne(requests, next) {
            all.thoughts += $0.thoughts
            all.usage += $0.usage
        }
        return all
    }

    package func logLikelihoods(
        of paths: [ReasoningPath], by role: ModelRole, _ next: ([ReasoningPath]) async throws -> LogLikelihoods
    ) async throws -> LogLikelihoods {
        var all = LogLikelihoods(values: [])
        try await oneByOne(paths, next) {
            all.values += $0.values
            all.usage += $0.usage
        }
        return all
    }

    package func nextTokenEntropies(
        of paths: [ReasoningPath], by role: ModelRole, _ next: ([ReasoningPath]) async throws -> NextTokenEntropies
    ) async throws -> NextTokenEntropies {
        var all = NextTokenEntropies(values: [])
        try await oneByOne(paths, next) {
            all.values += $0.values
            all.usage += $0.usage
        }
        return all
    }

    package func score(
        _ paths: [ReasoningPath], _ next: ([ReasoningPath]) async throws -> StepScores
    ) async throws -> StepScores {
        var all = StepScores(scores: [])
        try await oneByOne(paths, next) {
            for (index, error) in $0.lost { all.lost[all.scores.count + index] = error }
            all.scores += $0.scores
            if let raw = $0.rawScores { all.rawScores = (all.rawScores ?? []) + raw }
            all.usage += $0.usage
        }
        return all
    }

    /// Asks for each item by itself, the caches empty.
    private func oneByOne<Item, Answer>(
        _ items: [Item], _ next: ([Item]) async throws -> Answer, _ add: (Answer) -> Void
    ) async throws {
        for item in items {
            await forget()
            add(try await next([item]))
        }
    }
}
