/// Something that a search uses while it works on one problem.
public protocol SearchResource: Sendable {
    /// Does a search's work on a problem.
    ///
    /// An engine may run `work` where its own calls are cheapest, and free what it kept for the problem when no search
    /// of it is left. What wraps another resource is a ``WrappingResource``, which passes this on.
    func withProblem<Value: Sendable>(
        _ problem: Problem, _ work: () async throws -> Value
    ) async throws -> Value
}

extension SearchResource {
    /// Does the work, and nothing else.
    public func withProblem<Value: Sendable>(
        _ problem: Problem, _ work: () async throws -> Value
    ) async throws -> Value {
        try await work()
    }
}

/// A resource around another: a search works where the inner one has it work.
public protocol WrappingResource: SearchResource {
    /// The resource inside.
    var wrapped: any SearchResource { get }
}

extension WrappingResource {
    public func withProblem<Value: Sendable>(
        _ problem: Problem, _ work: () async throws -> Value
    ) async throws -> Value {
        try await wrapped.withProblem(problem, work)
    }
}

extension SearchModels: SearchResource {
    public func withProblem<Value: Sendable>(
        _ problem: Problem, _ work: () async throws -> Value
    ) async throws -> Value {
        try await evaluator.withProblem(problem) {
            try await within(target, problem) { try await within(draft, problem, work) }
        }
    }

    private func within<Value: Sendable>(
        _ resource: (any SearchResource)?, _ problem: Problem, _ work: () async throws -> Value
    ) async throws -> Value {
        guard let resource else { return try await work() }
        return try await resource.withProblem(problem, work)
    }
}
