internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama
internal import SpecSearchRemote

/// The models of an evaluation: the run's own, and those of every other choice, loaded once each; in this process, or where
/// a configuration says.
actor EngineSet {
    private struct Choice: Hashable {
        var models: [ModelRole: String]
        var options: EngineOptions
    }

    /// What a choice gives for each method and judge.
    private typealias Loaded = @Sendable (SearchConfiguration, [GradedProblem]) throws -> SearchModels

    /// How the run's models write; its files are empty for models elsewhere.
    nonisolated let models: ModelSet
    private nonisolated let cluster: ClusterConfiguration?
    private let arguments: EngineArguments
    private var loaded: [Choice: Task<Loaded, any Error>] = [:]
    /// Asking for them reads the measured cost model.
    private var options: [SearchKind: EngineOptions] = [:]

    /// - Parameter cluster: Where the models are, if not all in this process.
    init(_ arguments: EngineArguments, cluster: ClusterConfiguration? = nil) throws {
        models = try cluster?.set ?? arguments.modelSet()
        self.cluster = cluster
        self.arguments = cluster == nil ? arguments : arguments.untuned
    }

    /// A variant's search on one of some problems.
    func search(_ variant: Variant, problems: [GradedProblem]) async throws -> Search {
        let models = try await load(variant)(variant.configuration, problems)
        return Search(variant.configuration, models: models)
    }

    private func load(_ variant: Variant) async throws -> Loaded {
        let options = try options(for: variant.configuration.search)
        let choice = Choice(models: variant.models, options: options)
        // Problems side by side ask at the same time: the second waits for the first one's models.
        let task =
            loaded[choice]
            ?? Task { [models, cluster] in
                if let cluster {
                    try Self.check([variant], with: cluster)
                    let models = try await ClusterModels(cluster, options: options)
                    return { models.models(for: $0.method, judge: try models.evaluator($0.judge, problems: $1)) }
                }
                var set = models
                for (role, file) in variant.models { set.replace(role, by: file) }
                let engine = try await LlamaEngine.load(set, options: options)
                return { engine.models(for: $0.method, judge: try engine.evaluator($0.judge, problems: $1)) }
            }
        loaded[choice] = task
        do {
            return try await task.value
        } catch {
            loaded[choice] = nil
            throw error
        }
    }

    private func options(for search: SearchKind) throws -> EngineOptions {
        if let known = options[search] { return known }
        // Servers know nothing of them: one set of connections and breakers for all searches.
        let found =
            try cluster.map { try $0.embeddedSet() == nil } ?? false ? EngineOptions() : arguments.options(for: search)
        options[search] = found
        return found
    }

    /// Refuses variants with files of their own where models are elsewhere.
    nonisolated func check(_ variants: [Variant]) throws {
        if let cluster { try Self.check(variants, with: cluster) }
    }

    private static func check(_ variants: [Variant], with cluster: ClusterConfiguration) throws {
        guard let variant = variants.first(where: { !$0.models.isEmpty }) else { return }
        throw EngineError(
            .badSetting,
            "The variant \(variant.name) names a \(variant.models.keys.map(\.rawValue).sorted().joined(separator: ", ")) "
                + "of its own, and the models are those of a configuration.",
            remedy: "Leave --config out, or make a run with a configuration of its own.")
    }

    /// All files that variants need, by what they are.
    nonisolated func files(_ variants: [Variant]) throws -> [String: String] {
        if let cluster {
            var files: [String: String] = [:]
            for (role, place) in cluster.places {
                if case .embedded(let file) = place { files[role.rawValue] = file }
            }
            if !cluster.set.rewardModel.isEmpty { files["reward model"] = cluster.set.rewardModel }
            return files
        }
        var files = [
            "draft": models.draft, "target": models.target, "prm": models.prm, "reward model": models.rewardModel,
        ]
        if let judge = models.judge { files["judge"] = judge }
        for variant in variants {
            for (role, file) in variant.models {
                var set = models
                set.replace(role, by: file)
                files["\(variant.name): \(role.rawValue)"] = set.file(role)
            }
        }
        return files
    }

    /// The servers, by role, and what they say that they are; nil where all models run here.
    nonisolated func backends() async -> [String: [RunManifest.Backend]]? {
        guard let cluster else { return nil }
        var backends: [String: [RunManifest.Backend]] = [:]
        for (role, place) in cluster.places {
            guard let group = place.group else { continue }
            let reports = await ServerProbe(RemoteModel(group, policy: cluster.policy), role: role).identify()
            backends[role.rawValue] = reports.map {
                RunManifest.Backend(
                    url: $0.url, dialect: $0.dialect.rawValue, model: group.model, served: $0.models,
                    version: $0.version)
            }
        }
        return backends
    }

    /// How models run in this process, by setting; nothing where none does.
    nonisolated func described(for search: SearchKind) throws -> [String: String] {
        if let cluster, try cluster.embeddedSet() == nil { return [:] }
        return arguments.options(for: search).described
    }
}

extension ModelSet {
    func file(_ role: ModelRole) -> String {
        switch role {
        case .draft: draft
        case .target: target
        case .rewardModel: prm
        }
    }

    /// Takes another file for one model; a bare name is looked for beside the model that it replaces.
    mutating func replace(_ role: ModelRole, by file: String) {
        let folder = URL(fileURLWithPath: self.file(role)).deletingLastPathComponent()
        let path = file.contains("/") ? file : folder.appending(path: file).path
        switch role {
        case .draft: draft = path
        case .target: target = path
        case .rewardModel:
            prm = path
            rewardModel = Self.description(of: path)
        }
    }

    /// The description of a reward model: the file of the same name that ends in .json.
    static func description(of rewardModel: String) -> String {
        URL(fileURLWithPath: rewardModel).deletingPathExtension().appendingPathExtension("json").path
    }
}
