internal import Foundation
internal import SpecSearch
internal import SpecSearchEvaluation
internal import SpecSearchLlama

/// The engines of an evaluation: the run's own, and one for every other choice of models, loaded once each.
actor EngineSet {
    private struct Choice: Hashable {
        var models: [ModelRole: String]
        var options: EngineOptions
    }

    private let models: ModelSet
    private let arguments: EngineArguments
    private var engines: [Choice: LlamaEngine] = [:]
    /// Asking for them reads the measured cost model.
    private var options: [SearchKind: EngineOptions] = [:]

    init(_ models: ModelSet, _ arguments: EngineArguments) {
        self.models = models
        self.arguments = arguments
    }

    /// The engine of a variant.
    func engine(for variant: Variant) async throws -> LlamaEngine {
        let search = variant.configuration.search
        let options = options[search] ?? arguments.options(for: search)
        self.options[search] = options
        let choice = Choice(models: variant.models, options: options)
        if let engine = engines[choice] { return engine }
        var set = models
        for (role, file) in variant.models { set.replace(role, by: file) }
        let engine = try await LlamaEngine.load(set, options: options)
        engines[choice] = engine
        return engine
    }

    /// A variant's search.
    func search(_ variant: Variant) async throws -> Search {
        let models = try await engine(for: variant).models(for: variant.configuration.method)
        return Search(variant.configuration, models: models)
    }

    /// All files that variants need, by what they are.
    nonisolated static func files(_ models: ModelSet, _ variants: [Variant]) -> [String: String] {
        var files = [
            "draft": models.draft, "target": models.target, "prm": models.prm, "reward model": models.rewardModel,
        ]
        for variant in variants {
            for (role, file) in variant.models {
                var set = models
                set.replace(role, by: file)
                files["\(variant.name): \(role.rawValue)"] = set.file(role)
            }
        }
        return files
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
