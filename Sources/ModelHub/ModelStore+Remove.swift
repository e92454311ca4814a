import Foundation
public import SpecSearch

/// What a removal did.
public struct RemovedSet: Sendable, Hashable, Codable {
    /// What was removed.
    public var reference: String
    /// The bytes that were freed.
    public var freed: Int64
    /// The files that stay, each with a set that needs it.
    public var kept: [String: String]
}

extension ModelStore {
    /// Removes a set's manifest, its files that no other pulled set needs, and what has come of unfinished ones.
    ///
    /// Other programs that share the cache lose the files, too, as with the hub's own command.
    /// - Throws: ``SpecSearchError`` where nothing of it is there, a file is being pulled, or cannot be removed.
    public func remove(_ reference: String) throws(SpecSearchError) -> RemovedSet {
        let reference = try ModelReference(reference)
        let record = folders.record(reference)
        // A set that has left the catalogue can be removed all the same.
        let entry: CatalogueEntry
        if let record { entry = record.entry } else { entry = try self.entry(reference) }
        guard entry.directory == nil else {
            throw SpecSearchError(
                .badSetting, "\(reference) is shipped with the repository and takes no space in the cache.",
                remedy: "Remove another set; `specsearch models list` shows their sizes.")
        }
        let files = record?.files.map(\.hubFile) ?? entry.files.flatMap { candidates($0.file) }
        var result = RemovedSet(reference: reference.description, freed: 0, kept: [:])
        let needed = neededByOthers(reference)
        var hasFound = record != nil
        for file in Set(files) {
            let path = cache.link(file, snapshot: cache.place(file))
            if let other = needed[path] {
                result.kept[path] = other
                continue
            }
            let before = LocalDisk.size(path) != nil
            let freed = try cache.remove(file) + (file.sha256.map { parts.discard($0) } ?? 0)
            hasFound = hasFound || before || freed > 0
            result.freed += freed
        }
        guard hasFound else {
            throw SpecSearchError(
                .notFound, "Nothing of \(reference) is on this machine.",
                remedy: "`specsearch models list` shows what is.")
        }
        folders.remove(reference)
        return result
    }

    /// The files of a model that may be there, complete or not.
    private func candidates(_ file: ModelFile) -> [HubFile] {
        if let present = present(file) { return present }
        guard let hub = file.hub, case .file(let path) = hub.choice else { return [] }
        let paths = GGUFChoice.all(of: path)
        return paths.map {
            HubFile(
                repository: hub.repository, revision: hub.revision, path: $0,
                sha256: paths.count == 1 ? file.sha256 : nil)
        }
    }

    /// The paths of the files of other pulled sets, each with the set.
    private func neededByOthers(_ reference: ModelReference) -> [String: String] {
        var needed: [String: String] = [:]
        for record in folders.records where record.reference != reference.description {
            for file in record.files.map(\.hubFile) {
                if let path = cache.locate(file) { needed[path] = record.reference }
            }
        }
        return needed
    }
}
