internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

#if Cluster
    internal import SpecSearchRemote
#endif

/// Where the models of a command are: in files that this process runs, or where a configuration says.
struct EngineSource: Sendable {
    /// The files that were asked for, if any, and what suits the models.
    let named: ModelSet
    /// The same with what runs in the place of files.
    let models: ModelSet
    /// How files are run.
    let options: LlamaEngine.Options
    /// Whether the method auto is asked for, which is to know what passes cost, and what searches have shown.
    var isAdaptive = false
    /// The source as these variants need it.
    func adaptive(to variants: [Variant]) -> EngineSource {
        var source = self
        source.isAdaptive = variants.contains { $0.configuration.method == .auto }
        return source
    }

    /// Puts what was made for this machine in the place of a set's files.
    var tuned: @Sendable (ModelSet) -> ModelSet = { $0 }
    #if Cluster
        /// What `--config` says, if it is given.
        var cluster: ClusterConfiguration?
    #endif

    /// Whether all models are files.
    private var hasAllFiles: Bool {
        #if Cluster
            cluster == nil
        #else
            true
        #endif
    }

    /// Loads the files, asks the servers.
    ///
    /// - Parameter files: Files of a variant's own, by role.
    func engine(replacing files: [ModelRole: String] = [:]) async throws -> Engine {
        #if Cluster
            if let cluster { return try await cluster.engine(options: options) }
        #endif
        let models = models(replacing: files)
        try ModelTrial.check(models)
        guard isAdaptive, models.draft != nil, models.target != nil else {
            return try await LlamaEngine(models, options: options).engine
        }
        let cache = CostModelCache(models, placement: options.placement)
        var options = options
        let known = cache.load()
        options.costs = try known ?? measured(models, cache)
        let engine = try await LlamaEngine(models, options: options, memory: cache.memory()).engine
        if known == nil, let costs = engine.costs { hint(costs) }
        return engine
    }

    /// Says where a draft is hardly cheaper than its target: often its type of weights has slow kernels here.
    private func hint(_ costs: SearchCostPlan) {
        let share = costs.draft.seconds(tokens: 4) / costs.target.seconds(tokens: 4)
        guard share > 0.45 else { return }
        Terminal.say(
            "A pass of the draft costs \(share.percent) of the target's here, so drafting hardly pays; in another type of weights it may "
                + "be faster: specsearch tune --optimize, with the same models.")
    }

    /// What passes of a few sizes cost, measured once: enough to begin with; tune measures more.
    private func measured(_ models: ModelSet, _ cache: CostModelCache) throws -> CostModel {
        let terminal = Terminal()
        terminal.progress("Measuring once what \(models.name) costs here …")
        defer { terminal.endProgress() }
        let cost = try CostModel.measure(models, limit: 0, options: options)
        // Where it cannot be kept it is measured again.
        try? cache.store(cost)
        return cost
    }

    /// The models with files of a variant's own, of which bare names are looked for beside the files that were asked for:
    /// what runs in their place is elsewhere.
    private func models(replacing files: [ModelRole: String]) -> ModelSet {
        files.isEmpty ? models : tuned(named.replacing(files))
    }

    /// Whether there is a reward model, or a configuration may name one.
    var mayHaveRewardModel: Bool { !hasAllFiles || models.rewardModel != nil }

    /// Refuses variants that look at scores where nobody gives any, and those with files of their own where a
    /// configuration names the models.
    func check(_ variants: [Variant]) throws {
        for variant in variants
        where hasAllFiles && models(replacing: variant.models).rewardModel == nil
            && variant.configuration.judge == .rewardModel && variant.configuration.needsScores
        {
            throw SpecSearchError.missingRewardModel(of: models.name)
        }
        #if Cluster
            guard cluster != nil, let variant = variants.first(where: { !$0.models.isEmpty }) else { return }
            throw SpecSearchError(
                .badSetting,
                "The variant \(variant.name) names a \(variant.models.keys.map(\.rawValue).sorted().joined(separator: ", ")) "
                    + "of its own, and the models are those of a configuration.",
                remedy: "Leave --config out, or make a run with a configuration of its own.")
        #endif
    }

    /// All files that variants need, by what they are.
    func files(of variants: [Variant]) -> [String: String] {
        var files: [String: String] = [:]
        func add(_ role: ModelRole, of set: ModelSet, as name: String) {
            guard let path = set[role] else { return }
            // A model in one part has its role's name.
            for (part, file) in GGUFFile.paths(of: path).enumerated() {
                files[part == 0 ? name : "\(name) part \(part + 1)"] = file
            }
        }
        for role in ModelRole.allCases {
            add(role, of: models, as: role.rawValue)
            for (number, adapter) in (models.adapters[role] ?? []).enumerated() {
                files["\(role.rawValue) adapter\(number == 0 ? "" : " \(number + 1)")"] = adapter.file
            }
        }
        if models.rewardModel != nil || models.rewardModelConfiguration != nil {
            files["reward model"] = models.rewardModelConfigurationPath
        }
        files["judge"] = models.judge
        for variant in variants {
            let own = models(replacing: variant.models)
            for role in variant.models.keys {
                add(role, of: own, as: "\(variant.name): \(role.rawValue)")
            }
        }
        return files
    }

    /// How files are run, by setting; nothing where there are none.
    var described: [String: String] {
        guard ModelRole.allCases.contains(where: { models[$0] != nil }) else { return [:] }
        var settings = options.described
        for role in ModelRole.allCases {
            let scales = (models.adapters[role] ?? []).map { "\($0.scale)" }
            if !scales.isEmpty { settings["\(role.rawValue) adapter scale"] = scales.joined(separator: " ") }
        }
        return settings
    }

    /// Of what describes how files are run, what a resumed run must have in common with the one that was begun: what was
    /// said of places, and the scales of adapters.
    static func arguments(in described: [String: String]) -> [String: String] {
        described.filter { ($0.key == "placement" || $0.key.hasSuffix(" adapter scale")) && !$0.value.isEmpty }
    }

    /// The servers, by role, and what they say that they are; nil where all models run here.
    func backends() async -> [String: [RunManifest.Backend]]? {
        #if Cluster
            guard let cluster else { return nil }
            var backends: [String: [RunManifest.Backend]] = [:]
            for (role, group) in cluster.servers {
                let reports = await ServerProbe(group, role: role, policy: cluster.policy).identify()
                backends[role.rawValue] = reports.map {
                    RunManifest.Backend(
                        url: $0.url, dialect: $0.dialect.rawValue, model: group.model, served: $0.models,
                        version: $0.version)
                }
            }
            return backends
        #else
            return nil
        #endif
    }
}

extension ModelSet {
    /// The set with other files for some roles; a bare name is looked for beside the file that it replaces.
    func replacing(_ files: [ModelRole: String]) -> ModelSet {
        var set = self
        for (role, file) in files {
            let folder = self[role].map { URL(fileURLWithPath: $0).deletingLastPathComponent() }
            let isBare = !file.contains("/")
            set.setFile(of: role, to: isBare ? folder?.appending(path: file).path ?? file : file)
        }
        return set
    }

    /// Names a role's file; the configuration of another reward model is the file beside it, and adapters are for the
    /// model that they were named with.
    mutating func setFile(of role: ModelRole, to file: String) {
        adapters[role] = nil
        switch role {
        case .draft: draft = file
        case .target: target = file
        case .rewardModel: (rewardModel, rewardModelConfiguration) = (file, nil)
        }
    }
}
