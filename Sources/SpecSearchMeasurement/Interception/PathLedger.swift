internal import SpecSearch
internal import Synchronization

/// Notes which paths each model had to read or write, to tell work from repeated work.
final class PathLedger: Sendable {
    private let noted = Mutex<[ModelRole: [ReasoningPath]]>([:])

    var paths: [ModelRole: [ReasoningPath]] { noted.withLock { $0 } }

    func note(_ path: ReasoningPath, for roles: [ModelRole]) {
        noted.withLock { noted in for role in roles { noted[role, default: []].append(path) } }
    }
}

/// Notes what a sampler writes.
struct LedgerSampler: ThoughtSampler, WrappingResource {
    let base: any ThoughtSampler
    var wrapped: any SearchResource { base }
    let ledger: PathLedger
    /// The models that have to know what is written.
    let roles: [ModelRole]

    func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
        let answer = try await base.sample(requests)
        for (request, thoughts) in zip(requests, answer.thoughts) {
            for thought in thoughts { ledger.note(request.path.appending(thought), for: roles) }
        }
        return answer
    }

    func logLikelihoods(_ paths: [ReasoningPath], parameters: SamplingParameters) async throws -> ThoughtLikelihoods {
        for path in paths { ledger.note(path, for: [.target]) }
        return try await base.logLikelihoods(paths, parameters: parameters)
    }
}

/// Notes what an evaluator reads.
struct LedgerEvaluator: ThoughtEvaluator, WrappingResource {
    let base: any ThoughtEvaluator
    var wrapped: any SearchResource { base }
    let ledger: PathLedger

    var defaultAggregation: ScoreAggregation { base.defaultAggregation }

    func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        for path in paths { ledger.note(path, for: [.rewardModel]) }
        return try await base.evaluate(paths)
    }
}

/// The same search in OpenR's way on this engine: one path after the other, everything computed from the start each time.
struct RestartingSampler: ThoughtSampler, WrappingResource {
    let base: any ThoughtSampler
    var wrapped: any SearchResource { base }
    let forget: @Sendable () async -> Void

    func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
        var all = SampledThoughts(thoughts: [])
        for request in requests {
            await forget()
            let answer = try await base.sample([request])
            all.thoughts += answer.thoughts
            all.usage += answer.usage
        }
        return all
    }

    func logLikelihoods(_ paths: [ReasoningPath], parameters: SamplingParameters) async throws -> ThoughtLikelihoods {
        var all = ThoughtLikelihoods(values: [])
        for path in paths {
            await forget()
            let answer = try await base.logLikelihoods([path], parameters: parameters)
            all.values += answer.values
            all.usage += answer.usage
        }
        return all
    }
}

/// Scores one path after the other, each from its beginning.
struct RestartingEvaluator: ThoughtEvaluator, WrappingResource {
    let base: any ThoughtEvaluator
    var wrapped: any SearchResource { base }
    let forget: @Sendable () async -> Void

    var defaultAggregation: ScoreAggregation { base.defaultAggregation }

    func evaluate(_ paths: [ReasoningPath]) async throws -> StepScores {
        var all = StepScores(scores: [])
        for path in paths {
            await forget()
            let answer = try await base.evaluate([path])
            all.scores += answer.scores
            all.usage += answer.usage
        }
        return all
    }
}
