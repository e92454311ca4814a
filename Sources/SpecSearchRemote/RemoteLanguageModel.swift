internal import Foundation
public import SpecSearch

/// A language model on other machines, in one or several replicas.
///
/// ```swift
/// let group = BackendGroup(urls: ["http://10.0.0.1:8000", "http://10.0.0.2:8000"], dialect: .vllm)
/// let target = try await RemoteLanguageModel(group, role: .target)
/// let search = Search(Engine(draft: draft, target: target, rewardModel: rewardModel))
/// ```
/// All requests of a call go out together, each with its siblings. The random key decides the seed, so that a retry, or
/// another replica, gives the same thought where the server is deterministic. A path that is longer than the server's
/// context is a dead branch, not an error: its thoughts come back cut. `ModelUsage.seconds` are those that callers waited.
public struct RemoteLanguageModel: LanguageModel {
    /// Its part in the search.
    public let role: ModelRole
    /// What ends a step.
    public let delimiter: String
    package let servers: RemoteServers

    /// Asks the servers for what has to be known before the first call.
    ///
    /// - Parameters:
    ///   - group: Where it runs.
    ///   - role: Its part in the search, by which usage is counted.
    ///   - delimiter: What ends a step.
    ///   - policy: How calls are guarded.
    /// - Throws: `SpecSearchError` `unavailable` where no replica answers.
    public init(
        _ group: BackendGroup, role: ModelRole, delimiter: String = "\n\n", policy: CallPolicy = CallPolicy()
    ) async throws {
        self.init(RemoteServers(group, policy: policy), role: role, delimiter: delimiter)
        try await servers.prepare()
    }

    init(_ servers: RemoteServers, role: ModelRole, delimiter: String) {
        self.servers = servers
        self.role = role
        self.delimiter = delimiter
    }

    /// Where it runs.
    public var group: BackendGroup { servers.group }

    /// The counts of its calls so far.
    public var statistics: CallStatistics { servers.pool.statistics }

    public func sample(_ requests: [SampleRequest]) async throws -> Samples {
        try await withThrowingTaskGroup(of: (Int, Int, Completions).self) { tasks in
            for (index, request) in requests.enumerated() where request.count > 0 {
                // At temperature 0 all samples are equal: one is asked for, and stands for all.
                let distinct = request.sampling.temperature > 0 ? request.count : 1
                let limit = servers.siblingLimit
                for first in stride(from: 0, to: distinct, by: limit) {
                    let count = min(limit, distinct - first)
                    tasks.addTask { (index, first, try await generate(request, first: first, count: count)) }
                }
            }
            var parts = [[(first: Int, thoughts: [Thought])]](repeating: [], count: requests.count)
            var usage = ModelUsage()
            for try await (index, first, completions) in tasks {
                usage += completions.usage
                let thoughts = completions.siblings.map {
                    Thought(text: $0.text, tokens: $0.tokens, stop: $0.stop, source: role)
                }
                parts[index].append((first, thoughts))
            }
            let thoughts = zip(requests, parts).map { request, parts in
                let all = parts.sorted { $0.first < $1.first }.flatMap(\.thoughts)
                return all.count == 1 && request.count > 1 ? Array(repeating: all[0], count: request.count) : all
            }
            return Samples(thoughts: thoughts, usage: Usage(models: [role: usage]))
        }
    }

    /// The number of tokens of a problem's prompt, where the server has a tokenizer to ask.
    public func promptTokens(of problem: Problem) async throws -> Int? {
        group.dialect == .openAI ? nil : try await servers.promptTokens(problem).count
    }

    /// The log-likelihood of the last thought of each path, where the server gives it.
    ///
    /// vLLM and SGLang give it by a prefill, llama-server by being forced to generate the thought; all of them by the
    /// model's own distribution only.
    ///
    /// - Throws: `SpecSearchError` `unsupported` for text-only servers, and for any sampling but temperature 1 without
    ///   filters.
    public func logLikelihoods(
        of paths: [ReasoningPath], sampling: SamplingParameters
    ) async throws -> LogLikelihoods {
        guard sampling.temperature == 1, sampling.topK == 0, sampling.topP == 1, sampling.minP == 0 else {
            throw SpecSearchError(
                .unsupported, "Servers give the likelihood of a step at temperature 1 without filters only.",
                remedy: "Set temperature 1, top-k 0, top-p 1 and min-p 0, or use the embedded engine.")
        }
        return try await withThrowingTaskGroup(of: (Int, Double, Double).self) { tasks in
            for (index, path) in paths.enumerated() {
                tasks.addTask {
                    let begin = ContinuousClock.now
                    let value = try await servers.logLikelihood(ofLastStepOf: path)
                    return (index, max(LogLikelihoods.impossible, value), seconds(since: begin))
                }
            }
            var values = [Double](repeating: 0, count: paths.count)
            var usage = ModelUsage()
            usage.evaluatedTokens = paths.reduce(0) { $0 + ($1.thoughts.last?.tokens.count ?? 0) }
            usage.prefillTokens = usage.evaluatedTokens
            for try await (index, value, seconds) in tasks {
                values[index] = value
                usage.seconds += seconds
            }
            return LogLikelihoods(values: values, usage: Usage(models: [role: usage]))
        }
    }

    private func generate(_ request: SampleRequest, first: Int, count: Int) async throws -> Completions {
        let begin = ContinuousClock.now
        let codec = servers.codec
        var call = GenerationCall(
            model: group.model, prompt: [], count: count, sampling: request.sampling,
            seed: Self.seed(request.key.sample(first), bits: codec.seedBits),
            delimiter: request.sampling.delimiter ?? delimiter)
        if group.dialect == .openAI {
            call.text = RemoteServers.prompt(request.path.problem, template: group.template) + request.path.text
        } else {
            call.prompt = try await servers.tokens(of: request.path)
        }
        do {
            var completions = try await servers.pool.call(
                try codec.generation(call), key: RemoteServers.routingKey(request.path.problem),
                weight: servers.weight(count), tokens: request.sampling.maximumTokens,
                read: { [call] in try codec.completions($0, for: call) })
            completions.usage.seconds = seconds(since: begin)
            return completions
        } catch let error as SpecSearchError where error.code == .contextOverflow {
            let cut = Completion(text: "", tokens: [], stop: .length)
            return Completions(siblings: Array(repeating: cut, count: count), usage: ModelUsage())
        }
    }

    /// The seed of a thought; those of a node's siblings follow one another, as the servers count them.
    package static func seed(_ key: RandomKey, bits: Int) -> Int {
        var node = key
        node.sampleIndex = 0
        let base = Int(
            node.uniform(position: 0x0FFF_FFFF, purpose: .token) * Double(sign: .plus, exponent: bits, significand: 1))
        return base + key.sampleIndex
    }
}
