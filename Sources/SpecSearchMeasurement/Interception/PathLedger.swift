package import SpecSearch
internal import Synchronization

/// A ledger of the paths that each model had to read or generate, to tell work from repeated work.
package final class PathLedger: ModelInterceptor {
    private let noted = Mutex<[ModelRole: [ReasoningPath]]>([:])

    package init() {}

    /// The paths by model, in the order of the calls.
    package var paths: [ModelRole: [ReasoningPath]] { noted.withLock { $0 } }

    private func note(_ path: ReasoningPath, for roles: [ModelRole]) {
        noted.withLock { noted in for role in roles { noted[role, default: []].append(path) } }
    }

    package func sample(
        _ requests: [SampleRequest], by role: ModelRole, isSpeculative: Bool,
        _ next: ([SampleRequest]) async throws -> Samples
    ) async throws -> Samples {
        let answer = try await next(requests)
        // Whoever proposes tokens has to know what was generated, too.
        let roles = isSpeculative ? [role, .draft] : [role]
        for (request, thoughts) in zip(requests, answer.thoughts) {
            for thought in thoughts { note(request.path.appending(thought), for: roles) }
        }
        return answer
    }

    package func logLikelihoods(
        of paths: [ReasoningPath], by role: ModelRole, _ next: ([ReasoningPath]) async throws -> LogLikelihoods
    ) async throws -> LogLikelihoods {
        for path in paths { note(path, for: [role]) }
        return try await next(paths)
    }

    package func nextTokenEntropies(
        of paths: [ReasoningPath], by role: ModelRole, _ next: ([ReasoningPath]) async throws -> NextTokenEntropies
    ) async throws -> NextTokenEntropies {
        for path in paths { note(path, for: [role]) }
        return try await next(paths)
    }

    package func score(
        _ paths: [ReasoningPath], _ next: ([ReasoningPath]) async throws -> StepScores
    ) async throws -> StepScores {
        for path in paths { note(path, for: [.rewardModel]) }
        return try await next(paths)
    }
}
