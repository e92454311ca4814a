/// A language model that generates thoughts: "sample `count` next thoughts for each of these paths".
///
/// All requests of one call are generated together, so an engine can batch them; the result does not depend on how they
/// are batched, only on each request's path, parameters and random key. A call may come from any task, and calls may
/// overlap.
public protocol LanguageModel: InferenceModel {
    /// What the model can do beyond sampling; nothing, unless it says so.
    var capabilities: ModelCapabilities { get }

    /// Samples `request.count` thoughts for each request, in the order of the requests.
    ///
    /// A path that leaves no room in the model's context gives thoughts with the stop ``Thought/Stop/length``.
    ///
    /// - Returns: As many arrays as there are requests, each of `count` thoughts, duplicates included.
    /// - Throws: ``SpecSearchError``, or `CancellationError` when the task was cancelled.
    func sample(_ requests: [SampleRequest]) async throws -> Samples

    /// The number of tokens of a problem's prompt, all that the model reads before its first thought; nil where that cannot
    /// be told without sampling, which is so unless the model says otherwise.
    ///
    /// - Throws: ``SpecSearchError`` `contextOverflow` for a prompt that leaves no room for a thought.
    func promptTokens(of problem: Problem) async throws -> Int?

    /// The text of tokens of this model's vocabulary; nil where the model cannot tell, which is so unless it says otherwise.
    ///
    /// - Throws: ``SpecSearchError`` `badSetting` for a token that is not in the vocabulary.
    func text(of tokens: [Token]) async throws -> String?

    /// How likely each token of the last thought of each path is by the model's own distribution, end tokens left out; nil
    /// where the model cannot tell, which is so unless it says otherwise.
    ///
    /// - Parameter topCount: The number of likeliest tokens to name beside each.
    func tokenLogProbabilities(of paths: [ReasoningPath], topCount: Int) async throws -> [[TokenLogProbability]]?

    /// How unsure the model is of the first token of each path's next thought: the entropy of its own distribution, in nats.
    ///
    /// A path may be without thoughts.
    ///
    /// - Throws: ``SpecSearchError`` `unsupported` where the model cannot say, which is so unless its ``capabilities`` say
    ///   otherwise.
    func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies

    /// The log-likelihood of the last thought of each path under this model's distribution with these parameters.
    ///
    /// - Throws: ``SpecSearchError`` `unsupported` where the model cannot say, which is so unless it says otherwise.
    func logLikelihoods(of paths: [ReasoningPath], sampling: SamplingParameters) async throws -> LogLikelihoods
}

extension LanguageModel {
    public var capabilities: ModelCapabilities { [] }

    public func promptTokens(of problem: Problem) async throws -> Int? { nil }

    public func text(of tokens: [Token]) async throws -> String? { nil }

    public func tokenLogProbabilities(
        of paths: [ReasoningPath], topCount: Int
    ) async throws -> [[TokenLogProbability]]? { nil }

    public func nextTokenEntropies(of paths: [ReasoningPath]) async throws -> NextTokenEntropies {
        throw SpecSearchError(
            .unsupported, "This model does not tell how unsure it is of its next token.",
            remedy: "Use the embedded engine, or leave draft-entropy out.")
    }

    public func logLikelihoods(
        of paths: [ReasoningPath], sampling: SamplingParameters
    ) async throws -> LogLikelihoods {
        throw SpecSearchError(
            .unsupported, "This model does not give the likelihood of a given step.",
            remedy: "Use the embedded engine, or a rule that does not ask for it.")
    }
}

/// A request for `count` thoughts that continue one path.
public struct SampleRequest: Sendable, Hashable {
    /// The steps so far.
    public var path: ReasoningPath
    /// The number of thoughts to sample, each independently of the others.
    public var count: Int
    /// The sampling parameters.
    public var sampling: SamplingParameters
    /// The random key of the first thought; thought `i` draws from `key.sample(i)`.
    public var key: RandomKey
    /// When a thought is given up before its end; nil for never.
    public var earlyRejection: EarlyRejection?

    public init(
        path: ReasoningPath, count: Int, sampling: SamplingParameters, key: RandomKey,
        earlyRejection: EarlyRejection? = nil
    ) {
        self.path = path
        self.count = count
        self.sampling = sampling
        self.key = key
        self.earlyRejection = earlyRejection
    }
}

/// The result of ``LanguageModel/sample(_:)``.
public struct Samples: Sendable {
    /// One array for each request, each of the requested count.
    public var thoughts: [[Thought]]
    /// The cost of the call.
    public var usage: Usage

    public init(thoughts: [[Thought]], usage: Usage = Usage()) {
        self.thoughts = thoughts
        self.usage = usage
    }
}

/// The result of ``LanguageModel/logLikelihoods(of:sampling:)``.
public struct LogLikelihoods: Sendable {
    /// The floor of ``values``, for what a distribution cannot give at all.
    public static let impossible = -1e9
    /// The sum of the natural logarithms of the tokens' probabilities, for each path; not above 0.
    public var values: [Double]
    /// The cost of the call.
    public var usage: Usage

    public init(values: [Double], usage: Usage = Usage()) {
        self.values = values
        self.usage = usage
    }
}

/// The result of ``LanguageModel/nextTokenEntropies(of:)``.
public struct NextTokenEntropies: Sendable {
    /// The value for a path that the model cannot read, such as one beyond its context: more than any entropy.
    public static let unreadable = 1e9
    /// Nats, for each path; 0 where the next token is certain.
    public var values: [Double]
    /// The cost of the call.
    public var usage: Usage

    public init(values: [Double], usage: Usage = Usage()) {
        self.values = values
        self.usage = usage
    }
}
