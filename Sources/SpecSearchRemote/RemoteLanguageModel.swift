internal import Foundation
public import SpecSearch

/// Writes thoughts with a model on other machines.
///
/// All requests of a call go out together, each with its siblings; the random key decides the seed, so that a retry, or
/// another replica, gives the same thought where the server is deterministic. A path that is longer than the server's
/// context is a dead branch, not an error: its thoughts come back cut. `ModelUsage.seconds` are those that callers waited.
public struct RemoteSampler: ThoughtSampler {
    /// The model that writes.
    public let model: RemoteModel
    /// Its part in the search.
    public let role: ModelRole
    /// What ends a step.
    public let delimiter: String
    /// What marks the last step, for servers that do not say why they stopped.
    public let answerPrefix: String

    public init(
        _ model: RemoteModel, role: ModelRole, delimiter: String = "\n\n", answerPrefix: String = "The answer is "
    ) {
        self.model = model
        self.role = role
        self.delimiter = delimiter
        self.answerPrefix = answerPrefix
    }

    public func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts {
        try await withThrowingTaskGroup(of: (Int, Int, Completions).self) { tasks in
            for (index, request) in requests.enumerated() where request.count > 0 {
                // At temperature 0 all samples are equal: one is asked for, and stands for all.
                let distinct = request.parameters.temperature > 0 ? request.count : 1
                for first in stride(from: 0, to: distinct, by: model.siblingLimit) {
                    let count = min(model.siblingLimit, distinct - first)
                    tasks.addTask { (index, first, try await write(request, first: first, count: count)) }
                }
            }
            var parts = [[(first: Int, thoughts: [Thought])]](repeating: [], count: requests.count)
            var usage = ModelUsage()
            for try await (index, first, completions) in tasks {
                usage += completions.usage
                let thoughts = completions.siblings.map {
                    Thought(text: $0.text, tokens: $0.tokens, stop: $0.stop, author: role)
                }
                parts[index].append((first, thoughts))
            }
            let thoughts = zip(requests, parts).map { request, parts in
                let all = parts.sorted { $0.first < $1.first }.flatMap(\.thoughts)
                return all.count == 1 && request.count > 1 ? Array(repeating: all[0], count: request.count) : all
            }
            return SampledThoughts(thoughts: thoughts, usage: Usage(models: [role: usage]))
        }
    }

    private func write(_ request: ThoughtRequest, first: Int, count: Int) async throws -> Completions {
        let begin = ContinuousClock.now
        var call = GenerationCall(
            model: model.group.model, prompt: [], count: count, parameters: request.parameters,
            seed: Self.seed(request.key.sample(first), bits: model.codec.seedBits), delimiter: delimiter)
        if model.group.dialect == .openAI {
            call.text = model.text(of: request.path.problem) + request.path.text
            call.answerPrefix = answerPrefix
        } else {
            call.prompt = try await model.tokens(of: request.path)
        }
        let whole = call
        let codec = model.codec
        do {
            var completions = try await model.pool.call(
                try codec.generation(whole), key: RemoteModel.routingKey(request.path.problem),
                weight: model.weight(count), tokens: request.parameters.maximumTokens,
                read: { try codec.completions($0, for: whole) })
            let elapsed = (ContinuousClock.now - begin).components
            completions.usage.seconds = Double(elapsed.seconds) + Double(elapsed.attoseconds) * 1e-18
            return completions
        } catch let failure as RemoteFailure where failure.kind == .contextOverflow {
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
