import Foundation
public import SpecSearch

/// A set in a list: what it is and how much of it is there.
public struct ListedSet: Sendable, Hashable, Codable {
    /// How much of a set is there.
    public enum State: String, Sendable, Hashable, Codable {
        /// Part of the repository.
        case shipped
        /// All files are there.
        case pulled
        /// Some files, or parts of files, are there.
        case partial
        /// Nothing is there.
        case absent
    }

    /// A role of the set.
    public struct Model: Sendable, Hashable, Codable {
        /// What the model does.
        public var role: ModelRole
        /// Where it comes from: `OWNER/REPO/FILE` or `OWNER/REPO:QUANT`.
        public var source: String
        /// Its path; nil where it is not there.
        public var path: String?
        /// Its size, where it is known.
        public var size: Int64?
        /// The bytes that are there.
        public var present: Int64
    }

    /// What to write to pull it.
    public var reference: String
    /// One line about it.
    public var summary: String
    /// The licence of its weights.
    public var licence: String
    /// Whether this project has run it.
    public var tried: Bool
    /// How much of it is there.
    public var state: State
    /// Its models.
    public var models: [Model]
    /// The bytes of all models, a shared file counted once; nil where one is not known.
    public var size: Int64?
    /// The bytes that are there.
    public var present: Int64
    /// About how much memory it takes.
    public var memory: Int64?
    /// Where scores come from.
    public var rewardNote: String
}

extension ModelStore {
    /// The sets of the catalogue, then the models of the hub that were pulled by reference.
    public func list() -> [ListedSet] {
        var result = catalogue.entries.compactMap { entry in
            (try? ModelReference(entry.name)).map { listed($0, entry) }
        }
        for record in folders.records where record.reference.hasPrefix("hf:") {
            if let reference = try? ModelReference(record.reference) {
                result.append(listed(reference, record.entry))
            }
        }
        return result
    }

    private func listed(_ reference: ModelReference, _ entry: CatalogueEntry) -> ListedSet {
        var set = ListedSet(
            reference: reference.description, summary: entry.summary, licence: entry.licence, tried: entry.tried,
            state: .absent, models: [], size: nil, present: 0, memory: entry.memory, rewardNote: entry.rewardNote)
        if let directory = entry.directory {
            guard let installed = try? installed(reference, entry) else { return set }
            set.state = .shipped
            set.size = installed.size
            set.present = installed.size
            set.models = ModelRole.allCases.compactMap { role in
                installed.files[role].map { path in
                    let size = LocalDisk.size(path)
                    return ListedSet.Model(
                        role: role, source: "\(directory)/\((path as NSString).lastPathComponent)", path: path,
                        size: size, present: size ?? 0)
                }
            }
            return set
        }
        let record = folders.record(reference)
        var isComplete = true
        var sizes: [ModelFile: (size: Int64?, present: Int64)] = [:]
        for (role, adapter, file) in entry.files {
            let recorded = record.flatMap { record in
                record.entry.files.contains { $0.role == role && $0.adapter == adapter && $0.file == file }
                    ? record.files.filter { $0.role == role && $0.adapter == adapter }.map(\.hubFile) : nil
            }
            let model = model(role, file, recorded: recorded)
            isComplete = isComplete && model.path != nil
            sizes[file] = (model.size, model.present)
            set.models.append(model)
        }
        set.present = sizes.values.reduce(0) { $0 + $1.present }
        set.size = sizes.values.reduce(Int64?.some(0)) { sum, next in sum.flatMap { sum in next.size.map { sum + $0 } }
        }
        set.state = isComplete ? .pulled : set.present > 0 ? .partial : .absent
        return set
    }

    private func model(_ role: ModelRole, _ file: ModelFile, recorded: [HubFile]?) -> ListedSet.Model {
        var model = ListedSet.Model(
            role: role, source: file.hub?.description ?? "", path: nil, size: file.size, present: 0)
        let known = recorded.flatMap { files in
            !files.isEmpty && files.allSatisfy { cache.locate($0) != nil } ? files : nil
        }
        if let files = known ?? present(file) {
            let paths = files.compactMap { cache.locate($0) }
            model.path = paths.first
            model.present = paths.reduce(0) { $0 + (LocalDisk.size($1) ?? 0) }
            model.size = model.present
        } else if let hub = file.hub, let hash = file.sha256 {
            model.present = unfinished(hub.repository, hash)
        }
        return model
    }

    /// The bytes of a file that are there while it is not complete.
    private func unfinished(_ repository: String, _ hash: String) -> Int64 {
        var status = stat()
        if stat(cache.incomplete(repository, hash), &status) == 0 { return Int64(status.st_blocks) * 512 }
        let folder = parts.workFolder(hash)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.filter { $0.hasPrefix("part") }.reduce(0) { $0 + (LocalDisk.size("\(folder)/\($1)") ?? 0) }
    }

    /// Says where a set is, and writes its manifest if only that is missing; asks nobody.
    ///
    /// - Throws: ``SpecSearchError`` `notFound` where it was not pulled.
    public func path(_ reference: String) throws(SpecSearchError) -> InstalledSet {
        let reference = try ModelReference(reference)
        let entry = try entry(reference)
        if let installed = try installed(reference, entry) { return installed }
        throw SpecSearchError(
            .notFound, "\(reference) is not on this machine, or not all of it.",
            remedy: "Run `specsearch models pull \(reference)`.")
    }
}
