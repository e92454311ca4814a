public import SpecSearch

/// An engine whose models run on servers: any of draft, target and reward model.
///
/// ```swift
/// let target = BackendGroup(urls: ["http://10.0.0.1:8000", "http://10.0.0.2:8000"], dialect: .vllm)
/// let remote = try await RemoteEngine(target: target)
/// let mixed = Engine(draft: llama.engine.draft, target: remote.engine.target, rewardModel: llama.engine.rewardModel)
/// let result = try await Search(mixed).solve("Mia has 47 shells. …")
/// ```
/// The servers are asked once, when the engine is made, for what has to be known before the first call.
public struct RemoteEngine: EngineConvertible {
    public let engine: Engine
    private let servers: [ModelRole: RemoteServers]

    /// Asks the servers.
    ///
    /// - Parameters:
    ///   - draft: Where the small model runs; nil where it runs elsewhere, or none is needed. So for the others.
    ///   - target: Where the large model runs.
    ///   - rewardModel: Where the reward model runs, and how it is read.
    ///   - defaults: What suits the models.
    ///   - delimiter: What ends a step.
    ///   - policy: How calls are guarded.
    /// - Throws: `SpecSearchError`: `unavailable` where no replica of a model answers, `mismatch` where text-only servers
    ///   are to work with token ids, `badModelFile` where the reward model's configuration does not fit its tokenizer.
    public init(
        draft: BackendGroup? = nil, target: BackendGroup? = nil,
        rewardModel: (group: BackendGroup, configuration: RemoteRewardModel.Configuration)? = nil,
        defaults: Engine.Defaults = Engine.Defaults(), delimiter: String = "\n\n", policy: CallPolicy = CallPolicy()
    ) async throws {
        try Self.checkTokens(draft: draft, target: target, reading: rewardModel?.configuration.reading)
        var engine = Engine(defaults: defaults)
        var servers: [ModelRole: RemoteServers] = [:]
        func languageModel(_ group: BackendGroup?, _ role: ModelRole) async throws -> RemoteLanguageModel? {
            guard let group else { return nil }
            let model = try await RemoteLanguageModel(group, role: role, delimiter: delimiter, policy: policy)
            servers[role] = model.servers
            return model
        }
        engine.draft = try await languageModel(draft, .draft)
        engine.target = try await languageModel(target, .target)
        if let (group, configuration) = rewardModel {
            let model = try await RemoteRewardModel(group, configuration, policy: policy)
            servers[.rewardModel] = model.servers
            engine.rewardModel = model
        }
        self.engine = engine
        self.servers = servers
    }

    /// The counts of the calls so far, of the roles that run on servers.
    public var statistics: [ModelRole: CallStatistics] { servers.mapValues(\.pool.statistics) }

    /// Refuses text-only servers next to models that need the token ids of thoughts.
    private static func checkTokens(
        draft: BackendGroup?, target: BackendGroup?, reading: RemoteRewardModel.Configuration.Reading?
    ) throws {
        let models = [draft, target].compactMap(\.self)
        let textOnly = models.count { $0.dialect == .openAI }
        guard textOnly == 0 || textOnly == models.count && reading != .likelihood else {
            throw SpecSearchError(
                .mismatch, "A text-only server gives no token ids, which the other models need.",
                remedy: "Use openai for draft and target alike, with a reward model of labels or classes.")
        }
    }
}
