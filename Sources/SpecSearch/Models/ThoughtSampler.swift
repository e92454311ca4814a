/// A model that writes thoughts: "write `count` next thoughts for each of these paths".
///
/// All requests of one call are written together, so an engine can batch them; the result does not depend on how they
/// are batched, only on each request's path, parameters and random key.
public protocol ThoughtSampler: SearchResource {
    /// Writes `request.count` thoughts for each request, in the order of the requests.
    ///
    /// - Returns: As many arrays as there are requests, each of `count` thoughts, duplicates included.
    /// - Throws: ``EngineError``, or `CancellationError` when the task was cancelled.
    func sample(_ requests: [ThoughtRequest]) async throws -> SampledThoughts
}

/// A wish for `count` thoughts that continue one path.
public struct ThoughtRequest: Sendable, Hashable {
    /// What was written so far.
    public var path: ReasoningPath
    /// How many thoughts to write, each independently of the others.
    public var count: Int
    /// How to draw their tokens.
    public var parameters: SamplingParameters
    /// The random key of the first thought; thought `i` draws from `key.sample(i)`.
    public var key: RandomKey

    public init(path: ReasoningPath, count: Int, parameters: SamplingParameters, key: RandomKey) {
        self.path = path
        self.count = count
        self.parameters = parameters
        self.key = key
    }
}

/// What a sampler answers.
public struct SampledThoughts: Sendable {
    /// One array for each request, each of the requested count.
    public var thoughts: [[Thought]]
    /// What it cost.
    public var usage: Usage

    public init(thoughts: [[Thought]], usage: Usage = Usage()) {
        self.thoughts = thoughts
        self.usage = usage
    }
}
