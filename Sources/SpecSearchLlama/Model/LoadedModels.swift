import Foundation
import SpecSearch

/// The models of a set: the weights of each file once, whatever roles it plays; with other adapters the same weights are
/// another model, with contexts of its own.
struct LoadedModels: Sendable {
    /// One for each file with its adapters; those of one file are the same object.
    private(set) var models: [LlamaModel] = []
    /// The adapters of each model.
    private(set) var adapters: [[AppliedAdapter]] = []
    /// The roles of each model, in the order of loading.
    private(set) var roles: [[ModelRole]] = []
    /// Which model plays a role.
    private(set) var places: [ModelRole: Int] = [:]

    /// Loads the files.
    ///
    /// - Parameters:
    ///   - assignments: Where the weights of a role's file are; on the processor where nothing is said.
    ///   - progress: Called with a model's first role and 0 ... 1 while it is read.
    /// - Throws: ``SpecSearchError`` `badModelFile` or `mismatch`, naming the file.
    init(
        _ set: ModelSet, assignments: [ModelRole: PlacementPlan.Assignment] = [:],
        progress: (@Sendable (ModelRole, Double) -> Void)?
    ) throws(SpecSearchError) {
        var weights: [String: LlamaModel] = [:]
        for distinct in set.distinctModels {
            let role = distinct.roles[0]
            let file = ModelSet.realPath(distinct.file)
            let model: LlamaModel
            if let known = weights[file] {
                model = known
            } else {
                model = try LlamaModel(
                    path: distinct.file, placement: assignments[role] ?? .processor,
                    progress: progress.map { report in { @Sendable in report(role, $0) } })
                weights[file] = model
            }
            var applied: [AppliedAdapter] = []
            for adapter in distinct.adapters {
                let loaded = try LoraAdapter(path: adapter.file, model: model)
                applied.append(AppliedAdapter(adapter: loaded, scale: adapter.scale))
            }
            for role in distinct.roles { places[role] = models.count }
            models.append(model)
            adapters.append(applied)
            roles.append(distinct.roles)
        }
    }

    /// The model of a role; nil where there is none.
    subscript(role: ModelRole) -> LlamaModel? { places[role].map { models[$0] } }
}

extension ModelSet {
    /// A file with its adapters, and the roles that it plays.
    struct DistinctModel {
        var file: String
        var adapters: [Adapter]
        var roles: [ModelRole]
    }

    /// The set's models, each once.
    var distinctModels: [DistinctModel] {
        var found: [DistinctModel] = []
        for role in [ModelRole.draft, .target, .rewardModel] {
            guard let path = self[role] else { continue }
            let own = adapters[role] ?? []
            func isSame(_ other: DistinctModel) -> Bool {
                Self.realPath(other.file) == Self.realPath(path)
                    && other.adapters.map(\.scale) == own.map(\.scale)
                    && other.adapters.map { Self.realPath($0.file) } == own.map { Self.realPath($0.file) }
            }
            if let known = found.firstIndex(where: isSame) {
                found[known].roles.append(role)
            } else {
                found.append(DistinctModel(file: path, adapters: own, roles: [role]))
            }
        }
        return found
    }

    /// A path by which files can be told apart.
    static func realPath(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
}
