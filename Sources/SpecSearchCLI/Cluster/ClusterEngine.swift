#if Cluster
    internal import SpecSearch
    internal import SpecSearchLlama
    internal import SpecSearchRemote

    extension ClusterConfiguration {
        /// The models that the configuration names, ready for searches: files loaded, servers asked, each in its role.
        ///
        /// - Parameter options: How models in this process are run.
        func engine(options: LlamaEngine.Options) async throws -> Engine {
            let remote = try await RemoteEngine(
                draft: servers[.draft], target: servers[.target],
                rewardModel: try servers[.rewardModel].map { ($0, try remoteRewardModel()) },
                defaults: set.defaults, delimiter: set.delimiter, policy: policy)
            guard hasFiles else { return remote.engine }
            guard set.rewardModel == nil || reward != nil else {
                throw SpecSearchError(
                    .unsupported, "The embedded engine reads a class head by its description only.",
                    remedy: "Name a description of kind head, or serve the reward model by vLLM.")
            }
            let local = try await LlamaEngine(set, options: options, rewardModel: reward).engine
            return Engine(
                draft: local.draft ?? remote.engine.draft, target: local.target ?? remote.engine.target,
                rewardModel: local.rewardModel ?? remote.engine.rewardModel, judge: local.judge,
                defaults: local.defaults)
        }

        /// Whether any model runs in this process.
        var hasFiles: Bool { ModelRole.allCases.contains { set[$0] != nil } }

        /// How a reward model on servers is read.
        func remoteRewardModel() throws -> RemoteRewardModel.Configuration {
            if let classHead {
                return RemoteRewardModel.Configuration(.classes(good: classHead.column), stepToken: classHead.token)
            }
            guard let reward else {
                throw SpecSearchError(
                    .badSetting, "There is no prm.description.", remedy: "Name the description's file.")
            }
            let calibration = reward.calibration.map { calibration in { @Sendable score in calibration(score) } }
            let template = reward.template == "gguf" ? "server" : reward.template
            guard (reward.placement ?? .eachStep) == .eachStep, reward.tokenisesLines != true else {
                throw SpecSearchError(
                    .unsupported, "A reward model that is asked once, or line by line, is not read from servers.",
                    remedy: "Run it in the embedded engine.")
            }
            switch reward.kind {
            case .head, .grade:
                throw SpecSearchError(
                    .unsupported,
                    "A reward model of the kind \(reward.kind.rawValue) is not read from servers this way.",
                    remedy: "Run it in the embedded engine, or describe its class head (prm.classTag) for vLLM.")
            case .likelihood:
                return RemoteRewardModel.Configuration(
                    .likelihood, template: template, aggregation: reward.pathAggregation, calibration: calibration)
            case .label:
                return RemoteRewardModel.Configuration(
                    .labels(
                        good: .init(text: reward.good, id: reward.goodId),
                        bad: .init(text: reward.bad, id: reward.badId)),
                    template: template, stepToken: reward.stepToken ?? "", stepTokenID: reward.stepTokenId,
                    stepSeparator: reward.stepSeparator ?? "", aggregation: reward.pathAggregation,
                    calibration: calibration)
            }
        }
    }
#endif
