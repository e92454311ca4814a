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

    /// How likely this model would have written the last thought of each path, by its law with these parameters; few
    /// searches ask.
    ///
    /// - Throws: ``EngineError`` `badSetting` where the engine cannot tell, which is so unless it says otherwise.
    func logLikelihoods(_ paths: [ReasoningPath], parameters: SamplingParameters) async throws -> ThoughtLikelihoods
}

extension ThoughtSampler {
    public func logLikelihoods(
        _ paths: [ReasoningPath], parameters: SamplingParameters
    ) async throws -> ThoughtLikelihoods {
        throw EngineError(
            .badSetting, "This engine does not tell how likely a model would write a given step.",
            remedy: "Use the embedded engine, or a rule that does not ask for it.")
    }
}

/// What a model answers to a question for likelihoods.
public struct ThoughtLikelihoods: Sendable {
    /// The floor of ``values``, for what a law cannot write at all.
    public static let impossible = -1e9
    /// The sum of the logarithms of the tokens' probabilities, for each path; not above 0.
    public var values: [Double]
    /// What it cost.
    public var usage: Usage

    public init(values: [Double], usage: Usage = Usage()) {
        self.values = values
        self.usage = usage
    }
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
