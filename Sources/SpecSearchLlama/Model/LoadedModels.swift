import Foundation
import SpecSearch

/// The weights of a model set: each file once, whatever roles it plays.
struct LoadedModels: Sendable {
    /// One for each file.
    private(set) var models: [LlamaModel] = []
    /// The roles of each model, in the order of loading.
    private(set) var roles: [[ModelRole]] = []
    /// Which model plays a role.
    private(set) var places: [ModelRole: Int] = [:]

    /// Loads the files.
    ///
    /// - Parameter progress: Called with a model's first role and 0 ... 1 while it is read.
    /// - Throws: ``SpecSearchError`` `badModelFile`, naming the file.
    init(_ set: ModelSet, progress: (@Sendable (ModelRole, Double) -> Void)?) throws(SpecSearchError) {
        var files: [String] = []
        for role in [ModelRole.draft, .target, .rewardModel] {
            guard let path = set[role] else { continue }
            let file = URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
            if let known = files.firstIndex(of: file) {
                roles[known].append(role)
                places[role] = known
                continue
            }
            models.append(
                try LlamaModel(path: path, progress: progress.map { report in { @Sendable in report(role, $0) } }))
            files.append(file)
            places[role] = roles.count
            roles.append([role])
        }
    }

    /// The model of a role; nil where there is none.
    subscript(role: ModelRole) -> LlamaModel? { places[role].map { models[$0] } }
}
